"""What the end-to-end tests with real servers share: the servers, and the proxy in front of them."""

import asyncio
import socket
import subprocess

import pytest

from lab.asterisk import AsteriskCluster, AsteriskUnavailable
from lab.certificates import Authority
from lab.scene import Scene, all_phones
from lab.sipsteer import Sipsteer, cluster_config
from lab.stream import StreamServer
from lab.stream_cluster import TCP_SERVER, UDP_SERVER, proxy_for

ASTERISK_VERSIONS = (16, 22)

TRANSFER = """
[transfer]
fallback = "sip:replaces@127.0.1.1:5060"
rewrite_user_if_empty = "replaces"
"""


@pytest.fixture
def ctl(binary):
    """ctl(*words, text=INPUT): runs sipsteerctl, which is built beside the proxy."""
    def run(*words, text="", timeout=20, **more):
        return subprocess.run([binary.parent / "sipsteerctl", *map(str, words)], input=text, capture_output=True,
                              text=True, timeout=timeout, **more)
    return run


@pytest.fixture(scope="module", params=ASTERISK_VERSIONS, ids=lambda version: f"asterisk{version}")
def cluster(request, namespace):
    """Two real Asterisk servers, pbx-1 and pbx-2, that know everybody of lab.scene."""
    with asterisk_cluster(request.param, namespace, phones=all_phones()) as servers:
        yield servers


def asterisk_cluster(version, namespace, **options):
    """An AsteriskCluster of two, to be started; skips the test where there can be none."""
    if namespace is None:
        pytest.skip("a network namespace and chroot need root")
    try:
        return AsteriskCluster(version, 2, **options)
    except AsteriskUnavailable as reason:
        if version == 16:
            pytest.fail(f"no root with Asterisk 16: {reason}")   # its packages are frozen: this one has to be there
        pytest.skip(f"no root with Asterisk {version}: {reason}")


@pytest.fixture
def udp_server():
    """The socket of a server, by UDP."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(UDP_SERVER)
        server.settimeout(5)
        yield server


@pytest.fixture
def udp_cluster(binary, udp_server):
    """The proxy with a TCP listener, and the socket of its one server, by UDP."""
    with proxy_for([("pbx-1", "sip:127.0.1.1:5060")], binary) as proxy:
        yield proxy, udp_server
        proxy.assert_counter_law()


@pytest.fixture
def tcp_cluster(binary):
    """The proxy with a TCP listener, and its one server, by TCP."""
    with proxy_for([("pbx-2", "sip:127.0.1.2:5060;transport=tcp")], binary) as proxy, \
            StreamServer(TCP_SERVER) as server:
        yield proxy, server
        proxy.assert_counter_law()


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    """A certificate authority, and a certificate of the proxy at 127.0.0.1."""
    made = Authority(tmp_path_factory.mktemp("certificates"))
    made.make("proxy", "DNS:proxy.example.com", "IP:127.0.0.1")
    return made


@pytest.fixture
def play(cluster, binary):
    """play(story, more=TOML, seconds=60): runs the coroutine `story(scene)` with a fresh sipsteer in front of the
    cluster, and asserts the counter law after it. `options` are those of Scene."""
    def run(story, more=TRANSFER, seconds=60, servers=cluster, **options):
        config = cluster_config([(server.name, server.uri) for server in servers], more=more)

        async def in_scene(sipsteer):
            async with Scene(servers, sipsteer, **options) as scene:
                await asyncio.wait_for(story(scene), seconds)

        with Sipsteer(config, binary) as sipsteer:
            sipsteer.wait_servers_up(len(servers))
            try:
                asyncio.run(in_scene(sipsteer))
            except BaseException:
                servers.print_logs()
                raise
            sipsteer.assert_counter_law()
    return run

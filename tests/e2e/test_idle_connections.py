"""Many connections that say nothing: what each costs, and that others are served beside them."""

import pathlib
import re
import resource
import socket
import time

import pytest

from lab.certificates import Authority
from lab.sipsteer import Sipsteer, cluster_config
from lab.stream import StreamPeer, request

PORTS = {"tcp": 5060, "tls": 5061}
COUNTS = {"tcp": 10_000, "tls": 2_000}
# Each, in the process. Measured 836 and 15,170 (14,060 by TLS 1.2); 14,300 of the latter are OpenSSL 3.0's own.
MOST_BYTES = {"tcp": 1024, "tls": 15.5 * 1024}
CONFIG = """
[[listener]]
bind = "tcp:127.0.0.1:5060"

[[listener]]
bind = "tls:127.0.0.1:5061"

[tls]
certificate = "{folder}/proxy.pem"
private_key = "{folder}/proxy.key"

[calls]
max = 1000

[health]
probe_interval = "0"

[transfer]
unmatched = "reject"
"""


def resident(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024


@pytest.mark.parametrize("transport", ["tcp", "tls"])
def test_memory_of_idle_connections(binary, tmp_path, transport):
    count = COUNTS[transport]
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < count + 200:
        pytest.skip(f"this user may have {hard} descriptors only")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    authority = Authority(tmp_path)
    authority.make("proxy", "IP:127.0.0.1")
    tls = authority.client() if transport == "tls" else None
    config = cluster_config([("pbx-1", "sip:127.0.1.1:5060")], more=CONFIG.format(folder=tmp_path), level="info")
    peers = []
    message = request("OPTIONS", "sip:carol@example.com", "TCP 127.0.0.9", call_id="idle").replace(
        "Max-Forwards: 70", "Max-Forwards: 0")
    try:
        with Sipsteer(config, binary) as proxy:
            def one_more(number):
                # 60 from each address: strangers may have 64.
                source = f"127.7.{number // 60 // 250}.{number // 60 % 250 + 1}"
                peer = StreamPeer.connect(("127.0.0.1", PORTS[transport]), (source, 0), tls, "127.0.0.1")
                peer.send(message)
                assert peer.read().status == 483
                peers.append(peer)
            for number in range(100):
                one_more(number)
            before = resident(proxy.pid)
            for number in range(100, count):
                one_more(number)
            time.sleep(1)
            each = (resident(proxy.pid) - before) / (count - 100)
            print(f"{transport}: {each:.0f} bytes for each idle connection")
            assert proxy.metrics().sum("sipsteer_connections", transport=transport) == count
            assert each <= MOST_BYTES[transport]
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
                udp.settimeout(5)
                udp.sendto(message.encode(), ("127.0.0.1", 5060))
            for peer in peers:
                peer.close()
            proxy.assert_counter_law()
    finally:
        for peer in peers:
            peer.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

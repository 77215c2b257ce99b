"""Many connections that say nothing: what each of them costs."""

import contextlib
import pathlib
import re

import pytest

from lab.certificates import Authority
from lab.descriptors import descriptors, source_of
from lab.sipsteer import STREAMS_ALONE, Sipsteer, cluster_config
from lab.stream import StreamPeer, request

PORTS = {"tcp": 5060, "tls": 5061}
COUNTS = {"tcp": 10_000, "tls": 2_000}
# Each, in the process. Measured 836 and 15,170 (14,060 by TLS 1.2); 14,300 of the latter are OpenSSL 3.0's own.
MOST_BYTES = {"tcp": 1024, "tls": 15.5 * 1024}


def resident(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024


@pytest.mark.parametrize("transport", ["tcp", "tls"])
def test_memory_of_idle_connections(binary, tmp_path, transport):
    count = COUNTS[transport]
    authority = Authority(tmp_path)
    authority.make("proxy", "IP:127.0.0.1")
    tls = authority.client() if transport == "tls" else None
    config = cluster_config([("pbx-1", "sip:127.0.1.1:5060")], more=STREAMS_ALONE.format(folder=tmp_path), level="info")
    message = request("OPTIONS", "sip:carol@example.com", "TCP 127.0.0.9", call_id="idle").replace(
        "Max-Forwards: 70", "Max-Forwards: 0")
    with contextlib.ExitStack() as stack:
        stack.enter_context(descriptors(count))
        proxy = stack.enter_context(Sipsteer(config, binary))

        def one_more(number):
            to = ("127.0.0.1", PORTS[transport])
            peer = stack.enter_context(StreamPeer.connect(to, (source_of(number), 0), tls, "127.0.0.1"))
            peer.send(message)
            assert peer.read().status == 483
        for number in range(100):
            one_more(number)
        before = resident(proxy.pid)
        for number in range(100, count):
            one_more(number)
        each = (resident(proxy.pid) - before) / (count - 100)
        print(f"{transport}: {each:.0f} bytes for each idle connection")
        assert proxy.metrics().sum("sipsteer_connections", transport=transport) == count
        assert each <= MOST_BYTES[transport]
        proxy.assert_counter_law()

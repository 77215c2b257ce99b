"""The proxy with a TCP listener, one server by UDP or TCP behind it (fixtures udp_cluster and tcp_cluster), and plain sockets as
its peers."""

from lab.sip import Message
from lab.sipsteer import Sipsteer, cluster_config
from lab.stream import StreamPeer, request

PROXY = ("127.0.0.1", 5060)
UDP_SERVER, TCP_SERVER = ("127.0.1.1", 5060), ("127.0.1.2", 5060)
PHONE = "127.0.2.1"

CONFIG = """
[[listener]]
bind = "tcp:127.0.0.1:5060"

[health]
probe_interval = "0"

[transfer]
unmatched = "reject"
probe = false
"""


def proxy_for(servers, binary, more="", checks="0", drain="30s"):
    more = CONFIG.replace('probe_interval = "0"', f'probe_interval = "{checks}"') + more
    return Sipsteer(cluster_config(servers, more=more, drain=drain), binary)


def phone(source=None):
    return StreamPeer.connect(PROXY, source or (PHONE, 0))


def options(call_id, **more):
    return request("OPTIONS", "sip:carol@example.com", f"TCP {PHONE}:5060", call_id=call_id, **more)


def take(server):
    """The next request of a UDP server, and who sent it."""
    data, source = server.recvfrom(65535)
    return Message.parse(data), source


def closed(proxy, reason):
    return proxy.metrics().sum("sipsteer_connections_closed_total", reason=reason)

"""listen.dscp: the class of service of all that the proxy sends, read from the packets themselves."""

import contextlib
import select
import socket
import struct
import time

import pytest

from lab.datagrams import request
from lab.sipsteer import Sipsteer, cluster_config

EXPEDITED = 46      # RFC 3246
ETH_P_ALL = 3


class Sniffer:
    """What passes the loopback of this namespace: `seen` is {(protocol, sender, receiver, DSCP)} of packets with a SIP message."""

    def __init__(self):
        self.seen = set()
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
        self.socket.bind(("lo", 0))

    def take(self):
        while select.select([self.socket], [], [], 0)[0]:
            packet = self.socket.recv(65536)
            if b"SIP/2.0" not in packet:
                continue
            if packet[0] >> 4 == 4:
                family, service, protocol = socket.AF_INET, packet[1], packet[9]
                hosts, ports = packet[12:20], packet[4 * (packet[0] & 15):]
            else:
                family, service, protocol = socket.AF_INET6, (packet[0] << 4 | packet[1] >> 4) & 0xff, packet[6]
                hosts, ports = packet[8:40], packet[40:]
            half = len(hosts) // 2
            ends = zip((hosts[:half], hosts[half:]), struct.unpack("!HH", ports[:4]))
            sender, receiver = ((socket.inet_ntop(family, host), port) for host, port in ends)
            self.seen.add(({6: "tcp", 17: "udp"}[protocol], sender, receiver, service >> 2))


@pytest.mark.parametrize("dscp", (EXPEDITED, 0))
@pytest.mark.parametrize("ipv6", (False, True), ids=("ipv4", "ipv6"))
def test_packets_carry_it(binary, namespace, ipv6, dscp):
    """Requests and answers, to servers and to phones, over UDP and TCP, opened by us and by others; 0 is the default."""
    if namespace is None:
        pytest.skip("packets can be read by root alone")
    family, host = (socket.AF_INET6, "::1") if ipv6 else (socket.AF_INET, "127.0.0.1")
    text = f"[{host}]" if ipv6 else host
    config = cluster_config([("udp", f"sip:{text}:5071"), ("tcp", f"sip:{text}:5072;transport=tcp")], listen=f"{text}:5060",
                            more='[health]\nprobe_interval = "500ms"\n')
    config = config.replace("[listen]\n", f'[listen]\ntcp = ["{text}:5060"]\n' + (f"dscp = {dscp}\n" if dscp else ""))
    proxy = (host, 5060)
    with contextlib.ExitStack() as stack:
        phone, by_udp = (stack.enter_context(socket.socket(family, socket.SOCK_DGRAM)) for _ in range(2))
        by_tcp = stack.enter_context(socket.create_server((host, 5072), family=family))
        phone.bind((host, 5080))
        by_udp.bind((host, 5071))
        sniffer = Sniffer()
        stack.callback(sniffer.socket.close)
        stack.enter_context(Sipsteer(config, binary))
        stream = stack.enter_context(socket.create_connection(proxy))
        to_us = request("OPTIONS", f"sip:{text}", f"{text}:5080", "to-us", "t")
        expected = {("udp", proxy, (host, 5080)): "an answer to a phone", ("udp", proxy, (host, 5071)): "a check of a server",
                    ("tcp", proxy, stream.getsockname()[:2]): "an answer on a phone's connection"}
        deadline = time.monotonic() + 10
        while True:
            phone.sendto(to_us.encode(), proxy)
            stream.sendall(to_us.replace("/UDP", "/TCP").encode())
            time.sleep(0.1)
            sniffer.take()
            ours = {(protocol, *ends): service for protocol, *ends, service in sniffer.seen if ends[1] != proxy}
            opened = [key for key in ours if key[0] == "tcp" and key[2] == (host, 5072)]
            if opened and not expected.keys() - ours.keys():
                break
            assert time.monotonic() < deadline, (expected, sniffer.seen)
        assert set(ours.values()) == {dscp}, ours
        by_tcp.close()

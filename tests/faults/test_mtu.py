"""Requests too large for a datagram (RFC 3261 §18.1.1): from 1,200 to 65,507 bytes, by UDP and by TCP."""

import contextlib
import time

from lab.datagrams import Wire, header, request
from lab.stream import StreamServer

SERVER, PHONE = ("127.0.1.1", 5060), "127.0.2.1"
SIZES = [1200, 1300, 1400, 1500, 3000, 9000, 30000, 60000, 65000]
TCP = '[[listener]]\nbind = "tcp:127.0.0.1:5060"\n'


def message(call_id, size):
    """A MESSAGE of exactly that size."""
    def make(body):
        return request("MESSAGE", "sip:carol@127.0.0.1", f"{PHONE}:5060", call_id, "a", body="x" * body)
    body = size - len(make(0))
    while len(make(body)) > size:       # the length has more digits than 0 has
        body -= 1
    return make(body)


def received(host, call_id, seconds=5):
    """The request of that Call-ID at a UDP host."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        text = host.receive(1)
        if text and header(text, "Call-ID") == call_id:
            return text
    raise AssertionError(f"{call_id} did not arrive")


def test_mtu_of_a_server_that_takes_udp_alone(binary):
    """It refuses connections: every size goes by UDP, at once, as before."""
    with Wire(binary, servers=1, more=TCP) as wire:
        phone, server = wire.host(PHONE), wire.servers[0]
        for turn in (1, 2):
            for size in SIZES:
                call_id = f"m-{size}-{turn}"
                text = message(call_id, size)
                assert size - 1 <= len(text) <= size
                start = time.monotonic()
                phone.send(text)
                got = received(server, call_id)
                assert time.monotonic() - start < 2 and got.endswith(text.partition("\r\n\r\n")[2])
        assert wire.sipsteer.metrics().sum("sipsteer_connections_closed_total", reason="unreachable") == 1


def test_mtu_of_a_server_that_takes_tcp(binary):
    """The first large one may go by UDP; then all that are larger than 1300 bytes go by TCP, with everything that is theirs."""
    with Wire(binary, servers=1, more=TCP) as wire, StreamServer(SERVER) as server:
        phone, by_udp = wire.host(PHONE), wire.servers[0]
        phone.send(message("first", 3000))
        assert received(by_udp, "first")
        with server.accept() as connection:
            deadline, number, got = time.monotonic() + 10, 0, None
            while got is None:
                assert time.monotonic() < deadline, "none goes by TCP"
                number += 1
                phone.send(message(f"try-{number}", 3000))
                with contextlib.suppress(TimeoutError):
                    connection.connection.settimeout(0.5)
                    got = connection.read()
            connection.connection.settimeout(5)
            list(by_udp.waiting())
            for size in SIZES:
                call_id = f"m-{size}"
                text = message(call_id, size)
                phone.send(text)
                if size == 1200:        # 1300 is too large with our Via
                    assert header(received(by_udp, call_id), "Via").startswith("SIP/2.0/UDP")
                else:
                    got = connection.read()
                    assert got.get("Call-ID") == call_id and got.all("Via")[0].startswith("SIP/2.0/TCP 127.0.0.1:5060;")
                    assert got.body == text.partition("\r\n\r\n")[2].encode()
            assert not [data for data in by_udp.waiting() if len(data) > 1300]


def test_mtu_above_the_limit(binary):
    """limits.message_bytes, and what leaves no room for our Via: 513 (RFC 3261 §21.5.7)."""
    with Wire(binary, servers=1, more=TCP + "[limits]\nmessage_bytes = 40000\n") as wire:
        phone = wire.host(PHONE)
        phone.send(message("fits", 40000))
        assert received(wire.servers[0], "fits")
        phone.send(message("too-long", 40001))
        assert phone.receive(5).startswith("SIP/2.0 513 ")
    with Wire(binary, servers=1) as wire:
        phone = wire.host(PHONE)
        phone.send(message("no-room", 65507))
        assert phone.receive(5).startswith("SIP/2.0 513 ")

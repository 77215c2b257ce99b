"""What comes over a TCP connection is cut into messages, however it comes, and what cannot be is cut off."""

import socket
import time

import pytest

from lab.stream import StreamPeer, answer
from lab.stream_cluster import PHONE, PROXY, closed, options, phone, take
from lab.waiting import wait_for


def test_one_byte_at_a_time(udp_cluster):
    proxy, server = udp_cluster
    with phone() as peer:
        peer.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in options("slow", body="abcd").encode():
            peer.send(bytes([byte]))
        message, source = take(server)
        assert message.body == b"abcd" and message.all("Via")[0].startswith("SIP/2.0/UDP 127.0.0.1:5060")
        server.sendto(answer(message, 200).encode(), source)
        assert peer.read().status == 200


def test_ten_in_one_segment_with_keepalives_between(udp_cluster):
    proxy, server = udp_cluster
    body = "\r\n\r\nINVITE sip:a@b SIP/2.0\r\nContent-Length: 0\r\n\r\n"
    with phone() as peer:
        peer.send("\r\n\r\n".join(options(f"c{i}", body=body) for i in range(10)) + "\r\n\r\n")
        seen = []
        for _ in range(10):
            message, source = take(server)
            assert message.body.decode() == body and message.method == "OPTIONS"
            seen.append(message.call_id)
            server.sendto(answer(message, 200).encode(), source)
        assert seen == [f"c{i}" for i in range(10)]
        # Each call may be answered through another worker.
        assert sorted(peer.read().call_id for _ in range(10)) == seen
        assert peer.crlfs + peer.bytes.count(b"\r\n") <= 10
        server.settimeout(0.2)
        with pytest.raises(TimeoutError):
            server.recvfrom(65535)
    assert proxy.metrics().sum("sipsteer_keepalives_total") == 20


def test_keepalive_is_answered_at_once(udp_cluster):
    with phone() as peer:
        peer.send("\r\n")
        time.sleep(0.05)
        peer.send("\r\n" + options("late", to_tag="x").replace("Max-Forwards: 70", "Max-Forwards: 0"))
        peer.read_crlf()
        assert peer.read().status == 483 and peer.crlfs == 0


@pytest.mark.parametrize("length", ["Content-Length: -1", "Content-Length: 4294967328", "Content-Length: 70000",
                                    "Content-Length: 0\r\nl: 0", "X: y"])
def test_a_stream_that_cannot_be_cut_is_answered_and_closed(udp_cluster, length):
    proxy, server = udp_cluster
    text = options("bad").replace("Content-Length: 0", length) + options("smuggled")
    with phone() as peer:
        peer.send(text)
        refused = peer.read()
        assert refused.status == (513 if "70000" in length else 400) and refused.call_id == "bad"
        assert peer.is_closed_within(3)
    server.settimeout(0.1)
    with pytest.raises(TimeoutError):
        server.recvfrom(65535)
    wait_for(lambda: closed(proxy, "broken") == 1)


def test_what_is_no_sip_is_closed(udp_cluster):
    proxy, _ = udp_cluster
    with phone() as peer:
        peer.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert peer.is_closed_within(3)
    with phone() as peer:
        peer.send(b"\x16\x03\x01\x00\xa5\x01\x00\x00")
        assert peer.is_closed_within(3)
    assert proxy.metrics().sum("sipsteer_messages_received_total", transport="tcp", kind="invalid") == 2


def test_messages_that_never_end_are_cut_off_and_hurt_nobody(udp_cluster):
    """Half a header section on each of 60 connections, a byte now and then: closed after 10 s; another phone is served."""
    proxy, server = udp_cluster
    slow = [phone() for _ in range(60)]
    try:
        for peer in slow:
            peer.send(options("slow")[:60])
        begun = time.monotonic()
        with StreamPeer.connect(PROXY, ("127.0.2.9", 0)) as good:
            count = 0
            while closed(proxy, "partial") < 60 and time.monotonic() - begun < 20:
                good.send(options(f"good{count}").replace(PHONE, "127.0.2.9"))
                message, source = take(server)
                server.sendto(answer(message, 200).encode(), source)
                assert good.read().status == 200
                count += 1
                for peer in slow:
                    try:
                        peer.send("x")
                    except OSError:
                        pass
                time.sleep(0.2)
        assert closed(proxy, "partial") == 60 and count > 10
        assert time.monotonic() - begun < 15
    finally:
        for peer in slow:
            peer.close()

"""SIP over TCP through the running proxy: connections and limits. Peers are plain sockets and SIPp."""

import contextlib
import os
import signal
import socket
import time

import pytest

from lab.sip import Message
from lab.sipp import Sipp
from lab.stream import StreamPeer, StreamServer, answer, request
from lab.stream_cluster import PHONE, PROXY, TCP_SERVER, closed, options, phone, proxy_for, take
from lab.waiting import wait_for


def test_a_call_in_both_directions_on_the_phones_connection(udp_cluster):
    """The BYE of a server to the address that the phone's connection comes from takes that connection."""
    proxy, server = udp_cluster
    with phone() as peer:
        host, port = peer.source
        contact = f"Contact: <sip:alice@{host}:{port};transport=tcp>"
        peer.send(request("INVITE", "sip:carol@example.com", f"TCP {host}:5060", call_id="call", headers=[contact]))
        invite, source = take(server)
        routes = invite.all("Record-Route")
        assert len(routes) == 2 and "transport=tcp" not in routes[0] and "transport=tcp" in routes[1]
        server.sendto(answer(invite, 200, headers=["Contact: <sip:127.0.1.1:5060>"]).encode(), source)
        ok = peer.read()
        assert ok.status == 200
        bye = request("BYE", f"sip:alice@{host}:{port};transport=tcp", "UDP 127.0.1.1:5060", call_id="call",
                      to_tag="f-call", headers=[f"Route: {route}" for route in routes])
        server.sendto(bye.encode(), source)
        got = peer.read()
        assert got.method == "BYE" and not got.all("Route") and got.all("Via")[0].startswith("SIP/2.0/TCP")
        peer.send(answer(got, 200))
        message, _ = take(server)
        assert message.status == 200
    assert proxy.metrics().sum("sipsteer_connections_opened_total") == 1


def test_a_response_whose_connection_is_gone_opens_a_new_one(udp_cluster):
    """RFC 3261 §18.2.2: to the address it came from, at the port of its Via."""
    _, server = udp_cluster
    with StreamServer((PHONE, 5066)) as listener:
        with phone() as peer:
            peer.send(options("moved").replace(f"{PHONE}:5060", f"{PHONE}:5066"))
            message, source = take(server)
        time.sleep(0.1)
        server.sendto(answer(message, 200).encode(), source)
        with listener.accept() as again:
            assert again.read().status == 200


def test_one_connection_to_a_server_serves_many_calls(tcp_cluster):
    proxy, server = tcp_cluster
    with phone() as peer:
        connection = None
        for i in range(5):
            peer.send(options(f"reuse{i}"))
            connection = connection or server.accept()
            message = connection.read()
            assert message.all("Via")[0].startswith("SIP/2.0/TCP 127.0.0.1:5060")
            connection.send(answer(message, 200))
            assert peer.read().status == 200
        connection.close()
        # The server was restarted: the next request finds it again.
        wait_for(lambda: closed(proxy, "peer") == 1)
        peer.send(options("again"))
        with server.accept() as fresh:
            message = fresh.read()
            fresh.send(answer(message, 200))
            assert peer.read().status == 200


BROKEN = {"garbage": "garbage\r\n\r\n",
          "length": f"SIP/2.0 200 OK\r\nVia: SIP/2.0/TCP {PROXY[0]}:5060;branch=z9hG4bKx\r\nContent-Length: -1\r\n\r\n"}


@pytest.mark.parametrize("what", BROKEN)
def test_behind_a_stream_that_breaks_the_next_request_opens_another(tcp_cluster, what):
    """What comes by the broken one is thrown away until the server closes it; nobody is refused for that."""
    proxy, server = tcp_cluster
    with phone() as peer:
        peer.send(options("before"))
        with server.accept() as connection:
            connection.send(answer(connection.read(), 200) + BROKEN[what])
            assert peer.read().status == 200
            assert connection.is_closed_within(1)    # for what we write; it has not closed its side
            peer.send(options("behind"))
            with server.accept() as fresh:
                message = fresh.read()
                assert message.call_id == "behind"
                fresh.send(answer(message, 200))
                assert peer.read().status == 200
    wait_for(lambda: closed(proxy, "broken") == 1)


def test_a_server_that_breaks_every_stream_takes_up_few_connections(tcp_cluster):
    """It closes none of them: each would wait 2 s for that."""
    proxy, server = tcp_cluster
    with phone() as peer, contextlib.ExitStack() as connections:
        for i in range(90):
            peer.send(options(f"stubborn{i}"))
            connection = connections.enter_context(server.accept())
            connection.send(answer(connection.read(), 200) + BROKEN["garbage"])
            assert peer.read().status == 200
            assert connection.is_closed_within(1)
        assert proxy.metrics().sum("sipsteer_connections", transport="tcp") <= 65    # 64 and the phone's


def test_a_server_calls_from_a_port_of_its_own(tcp_cluster):
    """By its address it is a server: its request goes where its R-URI says, and the call is its own."""
    proxy, _ = tcp_cluster
    with StreamServer((PHONE, 5060)) as listener, StreamPeer.connect(PROXY, (TCP_SERVER[0], 0)) as server:
        server.send(request("INVITE", f"sip:alice@{PHONE}:5060;transport=tcp", "TCP 127.0.1.2:5060", call_id="out"))
        with listener.accept() as alice:
            invite = alice.read()
            alice.send(answer(invite, 200, headers=[f"Contact: <sip:alice@{PHONE}:5060;transport=tcp>"]))
            assert server.read().status == 200
    assert proxy.owner("out") == "pbx-2"


def test_udp_phone_and_tcp_server(tcp_cluster):
    _, server = tcp_cluster
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind((PHONE, 5070))
        udp.settimeout(5)
        text = options("mixed").replace(f"TCP {PHONE}:5060", f"UDP {PHONE}:5070")
        udp.sendto(text.replace("Content-Length: 0\r\n", "").encode(), PROXY)
        with server.accept() as connection:
            message = connection.read()
            assert message.get("Content-Length") == "0"
            connection.send(answer(message, 200))
            assert Message.parse(udp.recvfrom(65535)[0]).status == 200


def test_a_server_that_takes_no_connection_is_answered_for(binary):
    """503 over the phone's stream and over UDP, and nothing to an ACK; the phone's connection stays."""
    with proxy_for([("pbx-2", "sip:127.0.1.2:5060;transport=tcp")], binary) as proxy, \
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind((PHONE, 5070))
        udp.settimeout(5)
        with phone() as peer:
            peer.send(options("nobody"))
            refusal = peer.read()
            assert refusal.status == 503 and refusal.get("Call-ID") == "nobody" and len(refusal.all("Via")) == 1
            udp.sendto(options("nobody-by-udp").replace(f"TCP {PHONE}:5060", f"UDP {PHONE}:5070").encode(), PROXY)
            refusal = Message.parse(udp.recvfrom(65535)[0])
            assert refusal.status == 503 and refusal.get("Call-ID") == "nobody-by-udp"
            peer.send(options("ack").replace("OPTIONS", "ACK"))
            wait_for(lambda: proxy.metrics().sum("sipsteer_messages_dropped_total", reason="connection_lost") == 1)
            peer.send("\r\n\r\n")
            peer.read_crlf()
        metrics = proxy.assert_counter_law()
        assert metrics.sum("sipsteer_messages_answered_total") == 2
        assert closed(proxy, "unreachable") >= 1


def test_a_peer_that_does_not_read_is_cut_off(udp_cluster):
    """256 KiB wait for it in us at most, and nobody else waits for it."""
    proxy, server = udp_cluster
    with phone() as deaf, phone((PHONE, 0)) as other:
        deaf.connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.send(options("deaf"))
        message, source = take(server)
        reply = answer(message, 183, headers=[f"X-Long: {'x' * 8000}"] * 6).encode()
        for _ in range(3000):
            server.sendto(reply, source)
            if closed(proxy, "slow"):
                break
        assert closed(proxy, "slow") == 1
        other.send(options("other"))
        message, source = take(server)
        server.sendto(answer(message, 200).encode(), source)
        assert other.read().status == 200
    assert proxy.metrics().sum("sipsteer_messages_dropped_total", reason="queue_full") >= 1


def test_one_address_may_not_take_all_connections(udp_cluster):
    proxy, _ = udp_cluster
    peers = [phone() for _ in range(64)]
    try:
        wait_for(lambda: proxy.metrics().sum("sipsteer_connections", transport="tcp") == 64)
        with phone() as one_more:
            assert one_more.is_closed_within(3)
        assert closed(proxy, "source_full") == 1
        with StreamPeer.connect(PROXY, ("127.0.2.9", 0)) as somebody_else:
            somebody_else.send("\r\n\r\n")
            somebody_else.read_crlf()
    finally:
        for peer in peers:
            peer.close()
    wait_for(lambda: proxy.metrics().sum("sipsteer_connections", transport="tcp") == 0)
    with phone() as peer:
        peer.send(options("welcome", to_tag="x").replace("Max-Forwards: 70", "Max-Forwards: 0"))
        assert peer.read().status == 483


def test_more_connections_than_the_limit(binary):
    limit = '[limits]\nconnections = 3\n'
    with proxy_for([("pbx-1", "sip:127.0.1.1:5060")], binary, limit) as proxy:
        peers = [phone() for _ in range(3)]
        wait_for(lambda: proxy.metrics().sum("sipsteer_connections") == 3)
        with phone() as one_more:
            assert one_more.is_closed_within(3)
        assert closed(proxy, "full") == 1
        for peer in peers:
            peer.close()


def assert_ends_by_itself(proxy, *peers):
    """Nothing more is under way: all are closed, long before process.drain. Then it ends with status 0: the scene asserts
    that, and sends no second signal."""
    assert all(peer.is_closed_within(8) for peer in peers)
    for peer in peers:
        peer.close()
    proxy.wait_ended(8)


def test_sigterm_lets_a_request_on_a_stream_finish(binary):
    with proxy_for([("pbx-2", "sip:127.0.1.2:5060;transport=tcp")], binary) as proxy, \
            StreamServer(TCP_SERVER) as server:
        with phone() as peer:
            peer.send(options("last"))
            connection = server.accept()
            message = connection.read()
            os.kill(proxy.pid, signal.SIGTERM)
            time.sleep(2.5)
            connection.send(answer(message, 200))
            assert peer.read().status == 200
            assert_ends_by_itself(proxy, peer, connection)


def test_sigterm_lets_every_call_of_a_shared_connection_finish(binary):
    """The last message of a connection says nothing about its other calls: here an answer to another request."""
    with proxy_for([("pbx-2", "sip:127.0.1.2:5060;transport=tcp")], binary) as proxy, \
            StreamServer(TCP_SERVER) as server, phone() as peer:
        peer.send(request("INVITE", "sip:carol@example.com", f"TCP {PHONE}:5060", call_id="rings"))
        connection = server.accept()
        invite = connection.read()
        connection.send(answer(invite, 180))
        peer.send(options("other"))
        connection.send(answer(connection.read(), 200))
        assert [peer.read().status for _ in range(2)] == [180, 200]
        os.kill(proxy.pid, signal.SIGTERM)
        time.sleep(2.5)
        connection.send(answer(invite, 200))
        assert peer.read().status == 200
        assert_ends_by_itself(proxy, peer, connection)


def test_sigterm_lets_every_call_of_a_server_to_a_phone_finish(binary):
    """The same the other way: the server's connection has more than the call that rings."""
    with proxy_for([("pbx-2", "sip:127.0.1.2:5060;transport=tcp")], binary) as proxy, \
            StreamServer((PHONE, 5060)) as listener, StreamPeer.connect(PROXY, (TCP_SERVER[0], 0)) as server:
        alice = f"sip:alice@{PHONE}:5060;transport=tcp"
        server.send(request("INVITE", alice, "TCP 127.0.1.2:5060", call_id="rings"))
        with listener.accept() as peer:
            invite = peer.read()
            peer.send(answer(invite, 180))
            server.send(request("OPTIONS", alice, "TCP 127.0.1.2:5060", call_id="other"))
            peer.send(answer(peer.read(), 200))
            assert [server.read().status for _ in range(2)] == [180, 200]
            os.kill(proxy.pid, signal.SIGTERM)
            time.sleep(2.5)
            peer.send(answer(invite, 200))
            assert server.read().status == 200
            assert_ends_by_itself(proxy, server, peer)


def test_while_ending_we_say_so(binary):
    """Whoever asks a proxy whether it takes calls goes elsewhere: OPTIONS to us and /ready, also after a reload."""
    with proxy_for([("pbx-2", "sip:127.0.1.2:5060;transport=tcp")], binary) as proxy, \
            StreamServer(TCP_SERVER) as server, phone() as peer:
        def asks(call_id):
            peer.send(request("OPTIONS", "sip:127.0.0.1", f"TCP {PHONE}:5060", call_id=call_id))
            return peer.read().status
        assert asks("before") == 200 and proxy.get("/ready")[0] == 200
        peer.send(options("waits"))
        connection = server.accept()
        waits = connection.read()
        os.kill(proxy.pid, signal.SIGTERM)
        wait_for(lambda: proxy.get("/ready")[0] == 503)
        assert asks("ending") == 503
        os.kill(proxy.pid, signal.SIGHUP)
        proxy.wait_log("reloaded")
        assert asks("reloaded") == 503 and proxy.get("/ready")[0] == 503
        connection.send(answer(waits, 200))
        assert peer.read().status == 200
        assert_ends_by_itself(proxy, peer, connection)


def test_what_is_never_answered_holds_no_drain_beyond_its_time(binary):
    with proxy_for([("pbx-2", "sip:127.0.1.2:5060;transport=tcp")], binary, drain="3s") as proxy, \
            StreamServer(TCP_SERVER) as server, phone() as peer:
        peer.send(options("never"))
        with server.accept() as connection:
            connection.read()
            os.kill(proxy.pid, signal.SIGTERM)
            assert not peer.is_closed_within(2)
            proxy.wait_ended(4)


def test_health_checks_keep_no_connection_open_at_the_end(binary):
    """A server that is asked every second is silent once SIGTERM has come."""
    with proxy_for([("pbx-2", "sip:127.0.1.2:5060;transport=tcp")], binary, checks="1s") as proxy, \
            StreamServer(TCP_SERVER) as server:
        connection = server.accept()
        for _ in range(2):
            connection.send(answer(connection.read(), 200))
        with phone() as peer:
            peer.send(options("law", to_tag="x").replace("Max-Forwards: 70", "Max-Forwards: 0"))
            assert peer.read().status == 483
        os.kill(proxy.pid, signal.SIGTERM)
        while (message := connection.read()) is not None:
            connection.send(answer(message, 200))
        connection.close()
        proxy.wait_ended(8)


def test_sipp_over_tcp(tcp_cluster, request):
    """An independent client; the server is SIPp too."""
    proxy, server = tcp_cluster
    server.close()
    uas = Sipp("call-uas", TCP_SERVER[0], transport="t1", keys={"name": "pbx-2"})
    uac = Sipp("call-uac", PHONE, remote=PROXY, calls=50, transport="t1")
    try:
        uas.start()
        uac.start().wait()
        uas.stop()
    finally:
        uac.close()
        uas.close()
    assert proxy.metrics().sum("sipsteer_messages_dropped_total") == 0


def call_by_stream(peer, server, call_id):
    """An INVITE of a phone that listens nowhere, and its 200. Returns (where the server sends, its BYE)."""
    contact = "sip:alice@192.168.7.7:5060;transport=tcp"
    peer.send(request("INVITE", "sip:carol@example.com", f"TCP {PHONE}:5060", call_id=call_id,
                      headers=[f"Contact: <{contact}>"]))
    invite, proxy = take(server)
    server.sendto(answer(invite, 200, headers=["Contact: <sip:127.0.1.1:5060>"]).encode(), proxy)
    assert peer.read().status == 200
    routes = [f"Route: {route}" for route in invite.all("Record-Route")]
    return proxy, request("BYE", contact, "UDP 127.0.1.1:5060", call_id=call_id, to_tag=f"f-{call_id}", headers=routes)


def test_a_flow_that_is_gone_is_answered_430(udp_cluster):
    """RFC 5626 §5.3.1: the phone is reached by that connection or not at all."""
    _, server = udp_cluster
    with phone() as peer:
        proxy, bye = call_by_stream(peer, server, "gone")
    time.sleep(0.2)
    server.sendto(bye.encode(), proxy)
    message, _ = take(server)
    assert message.status == 430


def test_a_flow_whose_stream_breaks_is_gone(udp_cluster):
    """Whichever worker holds it, and while the phone has not closed it yet: 430, and a response opens another."""
    proxy, server = udp_cluster
    peers = [phone() for _ in range(4)]
    with StreamServer((PHONE, 5066)) as listener:
        for i, peer in enumerate(peers):
            sends_to, bye = call_by_stream(peer, server, f"breaks{i}")
            peer.send(options(f"waits{i}").replace(f"{PHONE}:5060", f"{PHONE}:5066") + "garbage\r\n\r\n")
            waits, source = take(server)
            assert peer.is_closed_within(1)
            server.sendto(bye.encode(), sends_to)
            assert take(server)[0].status == 430
            server.sendto(answer(waits, 200).encode(), source)
            with listener.accept() as again:
                assert again.read().call_id == f"waits{i}"
    for peer in peers:
        peer.close()
    wait_for(lambda: closed(proxy, "broken") == 4)


def test_the_log_says_where_a_flow_leads(udp_cluster):
    """A flow names a connection; what operators read is the address at its other end."""
    sipsteer, server = udp_cluster
    with phone() as peer:
        proxy, bye = call_by_stream(peer, server, "seen")
        server.sendto(bye.encode(), proxy)
        peer.send(answer(peer.read(), 200))
        assert take(server)[0].status == 200
        host, port = peer.source
        sipsteer.wait_log("message", method="BYE", status="-", to=f"tcp:{host}:{port}")

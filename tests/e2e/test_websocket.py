"""SIP over WebSocket (RFC 7118) through the running proxy. The client is Debian's python3-websockets."""

import asyncio
import os
import signal

import pytest

from lab.certificates import Authority
from lab.sip import Message
from lab.sipsteer import Sipsteer, cluster_config
from lab.stream import StreamPeer, answer, request

websockets = pytest.importorskip("websockets", reason="python3-websockets is not installed")

CONFIG = """
[[listener]]
bind = "ws:127.0.0.1:8088"

[[listener]]
bind = "wss:127.0.0.1:8089"

[tls]
certificate = "{folder}/proxy.pem"
private_key = "{folder}/proxy.key"

[health]
probe_interval = "0"

[transfer]
unmatched = "reject"
probe = false
"""


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    made = Authority(tmp_path_factory.mktemp("certificates"))
    made.make("proxy", "IP:127.0.0.1")
    return made


@pytest.fixture
def cluster(binary, authority, udp_server):
    config = cluster_config([("pbx-1", "sip:127.0.1.1:5060")], more=CONFIG.format(folder=authority.folder))
    with Sipsteer(config, binary) as proxy:
        yield proxy, udp_server
        proxy.assert_counter_law()


@pytest.mark.parametrize("transport", ["ws", "wss"])
def test_a_call_in_both_directions(cluster, authority, transport):
    """A browser has no address of its own: all that is for it comes on its connection."""
    proxy, server = cluster
    url = {"ws": "ws://127.0.0.1:8088", "wss": "wss://127.0.0.1:8089"}[transport]
    tls = {"ssl": authority.client()} if transport == "wss" else {}

    async def play():
        async with websockets.connect(url, subprotocols=["sip"], **tls) as browser:
            assert browser.subprotocol == "sip"
            contact = f"Contact: <sip:alice@df7jal23ls0d.invalid;transport={transport}>"
            await browser.send(request("INVITE", "sip:carol@example.com", f"{transport.upper()} df7jal23ls0d.invalid",
                                       call_id="web", headers=[contact]).replace("Content-Length: 0\r\n", ""))
            data, source = server.recvfrom(65535)
            invite = Message.parse(data)
            server.sendto(answer(invite, 200, headers=["Contact: <sip:127.0.1.1:5060>"]).encode(), source)
            ok = Message.parse((await asyncio.wait_for(browser.recv(), 5)).encode())
            assert ok.status == 200
            await asyncio.wait_for(await browser.ping(), 5)
            routes = [f"Route: {route}" for route in invite.all("Record-Route")]
            server.sendto(request("BYE", f"sip:alice@df7jal23ls0d.invalid;transport={transport}", "UDP 127.0.1.1:5060",
                                  call_id="web", to_tag="f-web", headers=routes).encode(), source)
            bye = Message.parse((await asyncio.wait_for(browser.recv(), 5)).encode())
            assert bye.method == "BYE" and bye.all("Via")[0].startswith(f"SIP/2.0/{transport.upper()}")
            await browser.send(answer(bye, 200))
            assert Message.parse(server.recvfrom(65535)[0]).status == 200

    asyncio.run(play())
    assert proxy.metrics().sum("sipsteer_messages_received_total", transport=transport) == 2


@pytest.mark.parametrize("kind", ["text", "binary"])
def test_a_keepalive_is_answered_at_once(cluster, kind):
    """A message of CRLFCRLF gets one of CRLF, a lone CRLF or an empty one nothing (RFC 5626 §4.4.1)."""
    proxy, _ = cluster
    write = bytes if kind == "binary" else bytes.decode

    async def play():
        async with websockets.connect("ws://127.0.0.1:8088", subprotocols=["sip"]) as browser:
            for quiet in (b"\r\n", b"", b"\r\n"):
                await browser.send(write(quiet))
            for _ in range(2):
                await browser.send(write(b"\r\n\r\n"))
                assert await asyncio.wait_for(browser.recv(), 5) == "\r\n"
            await browser.send(write(request("OPTIONS", "sip:127.0.0.1", "WS df7jal23ls0d.invalid", call_id="after").encode()))
            assert Message.parse((await asyncio.wait_for(browser.recv(), 5)).encode()).status == 200

    asyncio.run(play())
    metrics = proxy.metrics()
    assert metrics.sum("sipsteer_keepalives_total") == 7   # by CRLFs, as over TCP; the empty one as well
    assert metrics.sum("sipsteer_messages_received_total", transport="ws") == 1


def test_nobody_waits_for_an_answer_to_a_keepalive_at_the_end(binary, authority, udp_server):
    """A connection whose last message was one is closed long before process.drain."""
    config = cluster_config([("pbx-1", "sip:127.0.1.1:5060")], more=CONFIG.format(folder=authority.folder), drain="30s")

    async def play(proxy):
        async with websockets.connect("ws://127.0.0.1:8088", subprotocols=["sip"]) as browser:
            await browser.send(request("OPTIONS", "sip:127.0.0.1", "WS df7jal23ls0d.invalid", call_id="law"))
            await asyncio.wait_for(browser.recv(), 5)
            await browser.send("\r\n\r\n")
            await asyncio.wait_for(browser.recv(), 5)
            os.kill(proxy.pid, signal.SIGTERM)
            await asyncio.wait_for(browser.wait_closed(), 8)

    with Sipsteer(config, binary) as proxy:
        asyncio.run(play(proxy))
        proxy.wait_ended(8)


def test_what_is_no_sip_websocket_is_refused(cluster):
    async def without_subprotocol():
        with pytest.raises(websockets.exceptions.InvalidStatusCode) as refused:
            async with websockets.connect("ws://127.0.0.1:8088"):
                pass
        assert refused.value.status_code == 400

    asyncio.run(without_subprotocol())
    with StreamPeer.connect(("127.0.0.1", 8088), ("127.0.2.1", 0)) as browser:
        browser.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert browser.connection.recv(4096).startswith(b"HTTP/1.1 426 ")
        assert browser.is_closed_within(5)
    with StreamPeer.connect(("127.0.0.1", 8088), ("127.0.2.1", 0)) as sip_phone:
        sip_phone.send(request("OPTIONS", "sip:a@b", "TCP 127.0.2.1", call_id="x"))
        assert sip_phone.is_closed_within(5)
    proxy, server = cluster
    with StreamPeer.connect(("127.0.0.1", 8088), ("127.0.2.1", 0)):
        server.sendto(request("OPTIONS", "sip:127.0.0.1", "UDP 127.0.1.1:5060", call_id="law").encode(), ("127.0.0.1", 5060))
        server.recvfrom(65535)

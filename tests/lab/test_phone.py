"""The test phones themselves, calling each other directly: a proxy is judged by what they say."""

import asyncio
import socket
import time

import pytest

from . import digest
from .phone import CallFailed, Phone, started
from .refer import refer_to
from .sip import Message, NameAddr, Replaces, Uri, Via, escape, new_branch, new_call_id, unescape
from .stub_server import StubServer


def phones(*names, host="127.0.3.{}"):
    return [Phone(name, host.format(number), 0) for number, name in enumerate(names, 1)]


def at(phone):
    return f"sip:{phone.name}@{phone.host}:{phone.port}" if ":" not in phone.host else (
        f"sip:{phone.name}@[{phone.host}]:{phone.port}")


def run(scenario, *people):
    async def all_of_it():
        async with started(*people):
            await asyncio.wait_for(scenario(*people), 30)
    asyncio.run(all_of_it())


async def hear(expected, within=5):
    """Waits until each phone hears exactly the speakers of its set."""
    deadline = time.monotonic() + within
    while (heard := await asyncio.gather(*(phone.heard(0.3) for phone in expected))) != list(expected.values()):
        assert time.monotonic() < deadline, f"heard {heard}, and not {list(expected.values())}"


async def connected(caller, callee):
    call = await caller.call(at(callee))
    await call.answered()
    other = await callee.incoming()
    await other.answered()
    return call, other


@pytest.mark.parametrize("host", ["127.0.3.{}", "::1"])
def test_call_voice_and_hangup_by_either(host):
    async def scenario(alice, bob):
        call, other = await connected(alice, bob)
        assert (call.call_id, call.local_tag, call.remote_tag) == (other.call_id, other.remote_tag, other.local_tag)
        await hear({alice: {"bob"}, bob: {"alice"}})
        assert await call.hangup() == 200
        await other.wait_ended()
        assert other.ended_by == "them"
        await hear({bob: set()})
        call, other = await connected(bob, alice)
        assert await other.hangup() == 200
        await call.wait_ended()
        assert await call.hangup() is None
    run(scenario, *phones("alice", "bob", host=host))


def test_hold_stops_the_voice_both_ways():
    async def scenario(alice, bob):
        call, other = await connected(alice, bob)
        for direction in ("sendonly", "inactive"):
            assert await call.hold(direction) == 200
            await asyncio.sleep(0.06)
            await hear({alice: set(), bob: set()})
            assert await call.unhold() == 200
            await hear({alice: {"bob"}, bob: {"alice"}})
        assert await other.reinvite(with_offer=False) == 200
        await hear({alice: {"bob"}, bob: {"alice"}})
    run(scenario, *phones("alice", "bob"))


def test_reject_cancel_and_manual_answer():
    async def scenario(alice, bob):
        bob.reject_with = 486
        call = await alice.call(at(bob))
        with pytest.raises(CallFailed):
            await call.answered()
        assert call.final_status == 486
        bob.reject_with, bob.auto_answer = None, False
        call = await alice.call(at(bob))
        await call.ringing()
        assert call.remote_tag
        assert await call.cancel() == 487
        assert (await (await bob.incoming()).final()) == 487
        call = await alice.call(at(bob))
        other = await bob.incoming()
        other.answer()
        await call.answered()
        call = await alice.call(at(bob))
        (await bob.incoming()).reject(480)
        assert await call.final() == 480
    run(scenario, *phones("alice", "bob"))


@pytest.mark.parametrize("lost", ["INVITE", "180", "200 INVITE", "ACK", "BYE", "200 BYE", "486 INVITE", "486 ACK"])
def test_a_lost_message_is_sent_again(lost):
    """The first copy of each kind is lost; timers A, E, G and the 2xx retransmission must mend it."""
    async def scenario(alice, bob):
        gone = []

        def lose(direction, message):
            label = f"{message.status} {message.cseq[1]}" if message.is_response else message.method
            wanted = lost.removeprefix("486 ") if lost == "486 ACK" else lost
            if direction == "->" and label.startswith(wanted) and not gone:
                gone.append(label)
                return True
            return False
        alice.endpoint.lose = bob.endpoint.lose = lose
        if lost.startswith("486"):
            bob.reject_with = 486
            assert await (await alice.call(at(bob))).final() == 486
            await asyncio.sleep(1.2)
            transactions = [t for t in bob.endpoint.servers.values() if t.request.method == "INVITE"]
            assert all(t.acknowledged.is_set() for t in transactions)
        else:
            call, other = await connected(alice, bob)
            assert await call.hangup() == 200
            await other.wait_ended()
        assert gone
    run(scenario, *phones("alice", "bob"))


def test_received_replaces_is_judged_by_rfc_3891():
    async def scenario(alice, bob, carol):
        call, other = await connected(alice, bob)
        good = other.replaces()      # to-tag is the tag of who receives the INVITE: alice
        assert good.to_tag == call.local_tag
        swapped = Replaces(good.call_id, good.from_tag, good.to_tag)
        assert await (await carol.call(at(alice), replaces=swapped)).final() == 481
        assert await (await carol.call(at(alice), replaces=f"{good};early-only")).final() == 486
        twice = [("Replaces", str(good))] * 2
        assert await (await carol.call(at(alice), headers=twice)).final() == 400
        assert await (await carol.call(at(alice), headers=[("Require", "nonsense")])).final() == 420
        taking = await carol.call(at(alice), replaces=good)
        await taking.answered()
        await other.wait_ended()
        assert call.replaced_by.call_id == taking.call_id
        await hear({alice: {"carol"}, carol: {"alice"}})
        assert await (await bob.call(at(alice), replaces=good)).final() == 603
    run(scenario, *phones("alice", "bob", "carol"))


def test_pickup_of_a_ringing_call_cancels_it():
    async def scenario(alice, bob, carol):
        bob.auto_answer = False
        call = await alice.call(at(bob))
        await call.ringing()
        other = await bob.incoming()
        pickup = await carol.call(at(alice), replaces=other.replaces(early_only=True))
        await pickup.answered()
        assert await call.final() == 487 and await other.final() == 487
    run(scenario, *phones("alice", "bob", "carol"))


@pytest.mark.parametrize("style", ["aor", "aor_no_port", "contact"])
@pytest.mark.parametrize("incoming", [False, True])
def test_attended_transfer_between_phones(style, incoming):
    """bob talks to alice and to carol (one of the two called the other), and connects them."""
    async def scenario(alice, bob, carol):
        _, first = await connected(alice, bob)
        second = (await connected(carol, bob))[1] if incoming else (await connected(bob, carol))[0]
        await first.hold()
        if style == "aor_no_port":      # without a proxy there is nothing at the default port
            text = refer_to(second, style)
            assert f"sip:carol@{carol.host}?Replaces=" in text and "%3bfrom-tag" in text
            return
        assert await first.refer_attended(second, style) == 200
        await second.wait_ended()
        assert second.ended_by == "them"
        await first.hangup()
        await hear({alice: {"carol"}, carol: {"alice"}})
        assert carol.calls[-1].replaced.call_id == second.call_id
    run(scenario, *phones("alice", "bob", "carol"))


def test_blind_transfer_and_its_failure():
    async def scenario(alice, bob, carol):
        _, first = await connected(alice, bob)
        assert await first.refer_blind(at(carol)) == 200
        await first.hangup()
        await hear({alice: {"carol"}, carol: {"alice"}})
        _, first = await connected(alice, bob)
        carol.reject_with = 603
        assert await first.refer_blind(at(carol)) == 603
        assert not first.ended
    run(scenario, *phones("alice", "bob", "carol"))


def test_requests_without_a_dialog():
    async def scenario(alice, bob):
        assert await alice.options(at(bob)) == 200
        call, other = await connected(alice, bob)
        assert (await call.send("INFO")).status == 200
        assert (await other.send("UPDATE")).status == 200
        call.remote_tag, tag = "another", call.remote_tag
        assert (await call.send("INFO")).status == 481
        call.remote_tag = tag
    run(scenario, *phones("alice", "bob"))


def test_digest_of_rfc_2617_and_of_a_server_that_asks():
    assert digest.response("Mufasa", "testrealm@host.com", "Circle Of Life", "GET", "/dir/index.html",
                           "dcd98b7102dd2f0e8b11d0f600bfb0c093", "auth", "00000001", "0a4f113b") == (
        "6629fae49393a05397450978507c4ef1")

    async def scenario(server, alice, mallory):
        alice.proxy = mallory.proxy = (server.host, server.port)
        assert await alice.register() == 200 and await mallory.register() == 401
        call = await alice.call("sip:echo@" + alice.domain)
        await call.answered()
        assert len({m.cseq[0] for _, way, _, m in alice.endpoint.log if way == "->" and m.method == "INVITE"}) == 2
        assert await (await mallory.call("echo")).final() == 401
        assert await call.hangup() == 200
    run(scenario, StubServer("pbx", "127.0.3.9", 0, ask="secret"),
        Phone("alice", "127.0.3.1", 0, password="secret"), Phone("mallory", "127.0.3.2", 0, password="wrong"))


def test_record_route_makes_a_route_set():
    """A loose router that only adds itself: the ACK and BYE of both sides must come through it."""
    async def scenario(alice, bob):
        seen = []
        relay = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        relay.setblocking(False)
        relay.bind(("127.0.3.8", 0))
        address = relay.getsockname()

        def forward():
            data, source = relay.recvfrom(65535)
            message = Message.parse(data)
            if message.is_response:
                message.headers.pop(next(i for i, h in enumerate(message.headers) if h[0] == "Via"))
                via = Via(message.all("Via")[0])
                relay.sendto(message.encode(), (via.params.get("received", via.host), via.port))
                return
            seen.append((message.method, "alice" if source[0] == alice.host else "bob"))
            if message.method == "INVITE":
                message.headers.insert(0, ("Record-Route", f"<sip:{address[0]}:{address[1]};lr>"))
            elif message.all("Route"):
                message.remove("Route")
            via = f"SIP/2.0/UDP {address[0]}:{address[1]};branch={new_branch()}"
            if message.method == "ACK" and message.all("Via"):
                via = f"SIP/2.0/UDP {address[0]}:{address[1]};branch={new_branch()}"
            message.headers.insert(0, ("Via", via))
            relay.sendto(message.encode(), Uri(message.uri).address)
        asyncio.get_running_loop().add_reader(relay, forward)
        alice.proxy = address
        call = await alice.call(at(bob))
        await call.answered()
        other = await bob.incoming()
        await other.answered()
        assert await other.reinvite() == 200
        assert await call.hangup() == 200
        asyncio.get_running_loop().remove_reader(relay)
        relay.close()
        assert seen == [("INVITE", "alice"), ("ACK", "alice"), ("INVITE", "bob"), ("ACK", "bob"), ("BYE", "alice")]
    run(scenario, *phones("alice", "bob"))


def test_pieces_of_messages():
    message = Message.parse(b"\r\nINVITE sip:b@h SIP/2.0\r\nv: SIP/2.0/UDP a;branch=1, SIP/2.0/TCP b\r\ni:x\r\n"
                            b"f: \"a;tag=evil\" <sip:a@b;tag=inuri>;tag=real\r\nCSeq: 7\r\n  INVITE\r\nl: 2\r\n\r\nabcd")
    assert message.all("Via") == ["SIP/2.0/UDP a;branch=1", "SIP/2.0/TCP b"] and message.cseq == (7, "INVITE")
    assert message.tag("From") == "real" and message.body == b"ab" and message.call_id == "x"
    uri = Uri("sip:u%40x@[::1]:5070;lr?Replaces=a%40b%3Bto-tag%3D1%3bfrom-tag=2&Require=replaces")
    assert (uri.user, uri.host, uri.port, uri.loose) == ("u%40x", "::1", 5070, True)
    assert str(uri) == "sip:u%40x@[::1]:5070;lr?Replaces=a%40b%3Bto-tag%3D1%3bfrom-tag=2&Require=replaces"
    replaces = Replaces.parse(uri.header("Replaces"))
    assert (replaces.call_id, replaces.to_tag, replaces.from_tag) == ("a@b", "1", "2")
    assert Via("SIP/2.0/UDP [::1]:5070;rport;branch=z9hG4bKx").host == "::1"
    assert NameAddr("sip:a@b;tag=1").params == {"tag": "1"}
    for _ in range(200):
        call_id = new_call_id("::1")
        assert unescape(escape(call_id)) == unescape(escape(call_id, lower=True)) == call_id
        assert not set(escape(call_id)) & set("@;=,<>%\" ") - {"%"}

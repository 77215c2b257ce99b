"""Attended transfers across two real Asterisk servers, through sipsteer.

Who talks to whom is asked twice: Asterisk, by its bridges, and the phones, by whose voice they hear."""

import asyncio
import itertools

import pytest

from conftest import TRANSFER
from lab.asterisk import AsteriskCluster
from lab.scene import all_phones
from lab.sip import Replaces, escape

STYLES = ("aor", "aor_no_port", "contact")


async def two_talks(scene, alice, bob, carol, alice_calls=True, bob_calls=True):
    """alice and bob talk on one server, bob and carol on the other. Returns both talks."""
    first = await scene.talk(*((alice, bob) if alice_calls else (bob, alice)))
    second = await scene.talk(*((bob, carol) if bob_calls else (carol, bob)), not_on=first.server)
    await scene.hears({alice: {bob}, carol: {bob}, bob: {alice, carol}})
    return first, second


async def transferred(scene, alice, bob, carol, first, second, style="aor", close=True):
    """bob joins alice and carol; asserts that this, and nothing else, came about."""
    status = await first.side_of(bob).refer_attended(second.side_of(bob), style)
    assert status == 200, f"the NOTIFY told {status} for style {style}"
    await scene.joined(first.server, alice.name, "trunk")
    await scene.joined(second.server, carol.name, "trunk")
    if close:
        await first.side_of(bob).hangup()
        await scene.channels_gone(bob)
    await scene.hears({alice: {carol}, carol: {alice}, bob: set()})


def decided(scene, *reasons):
    decisions = scene.sipsteer.decisions()
    return sum(decisions.get(reason, 0) for reason in reasons)


async def decides(scene, count, reason):
    """Waits until `reason` was the decision `count` times. Asterisk may tell the end of a transfer before it makes the call."""
    await scene.eventually(lambda: decided(scene, reason) >= count, f"{reason} is decided {count} times")
    assert decided(scene, reason) == count, scene.sipsteer.decisions()


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("bob_calls", (True, False), ids=("bob-calls-carol", "carol-calls-bob"))
def test_one_after_another(play, bob_calls, style):
    """Four transfers in a row, with alice as caller and as callee."""
    async def story(scene):
        alice, bob, carol = await scene.phones("alice", "bob", "carol")
        for round in range(4):
            first, second = await two_talks(scene, alice, bob, carol, alice_calls=round % 2 == 0, bob_calls=bob_calls)
            await transferred(scene, alice, bob, carol, first, second, style)
            await scene.end_all_calls()
        await decides(scene, 4, "transfer_owner")
    play(story)


def test_many_at_once(play):
    """Sixteen transfers in flight together, of all kinds."""
    async def story(scene):
        kinds = list(itertools.islice(itertools.cycle(itertools.product(STYLES, (True, False), (True, False))), 16))
        trios = [await scene.phones(*(f"{role}{number}" for role in ("alice", "bob", "carol")))
                 for number in range(1, 17)]
        talks = await asyncio.gather(*(two_talks(scene, *trio, alice_calls, bob_calls)
                                       for trio, (_, alice_calls, bob_calls) in zip(trios, kinds)))
        statuses = await asyncio.gather(*(first.side_of(trio[1]).refer_attended(second.side_of(trio[1]), kind[0])
                                          for trio, (first, second), kind in zip(trios, talks, kinds)))
        assert statuses == [200] * 16
        await decides(scene, 16, "transfer_owner")
        await asyncio.gather(*(first.side_of(trio[1]).hangup() for trio, (first, _) in zip(trios, talks)))
        for (alice, bob, carol), (first, second) in zip(trios, talks):
            await scene.joined(first.server, alice.name, "trunk")
            await scene.joined(second.server, carol.name, "trunk")
            await scene.channels_gone(bob)
        expected = {}
        for alice, bob, carol in trios:
            expected |= {alice: {carol}, carol: {alice}, bob: set()}
        await scene.hears(expected, within=10)
    play(story, seconds=120)


def test_the_trunk_call_is_one(play):
    """The two bridges are the two ends of one call: the same Call-ID at both servers' trunk channels."""
    async def story(scene):
        alice, bob, carol = await scene.phones("alice", "bob", "carol")
        first, second = await two_talks(scene, alice, bob, carol)
        await transferred(scene, alice, bob, carol, first, second)
        call_ids = set()
        for server in scene.cluster:
            trunks = [channel["Channel"] for channel in server.ami.channels()
                      if channel["Channel"].startswith("PJSIP/trunk-")]
            assert len(trunks) == 1, trunks
            call_ids.add(server.ami.getvar(trunks[0], "CHANNEL(pjsip,call-id)"))
        assert len(call_ids) == 1, call_ids
        assert scene.sipsteer.owners(call_ids.pop()), "sipsteer does not know the new call"
    play(story)


def test_chain(play):
    """alice is transferred to carol, by carol to dave, and by dave to bob again: three transfers in a row."""
    async def story(scene):
        alice, bob, carol, dave = await scene.phones("alice", "bob", "carol", "dave")
        talk = await scene.talk(alice, bob)
        holder, seen = bob, [bob]
        for target in (carol, dave, bob):
            consultation = await scene.talk(holder, target, not_on=talk.server)
            status = await talk.side_of(holder).refer_attended(consultation.side_of(holder))
            assert status == 200, f"{holder.name} to {target.name}: {status}"
            await talk.side_of(holder).hangup()
            await scene.hears({alice: {target}, target: {alice}, holder: set()})
            talk, holder = consultation, target
            seen.append(target)
        await decides(scene, 3, "transfer_owner")
        await scene.hears({alice: {bob}, bob: {alice}, carol: set(), dave: set()})
    play(story)


def test_hangup_after_transfer_reaches_the_other_end(play):
    async def story(scene):
        alice, bob, carol = await scene.phones("alice", "bob", "carol")
        first, second = await two_talks(scene, alice, bob, carol)
        await transferred(scene, alice, bob, carol, first, second)
        assert await first.side_of(alice).hangup() == 200
        await second.side_of(carol).wait_ended()
        await scene.eventually(lambda: not any(server.ami.channels() for server in scene.cluster), "all channels end")
    play(story)


def test_transfer_on_one_server_stays_there(play):
    """Both calls on one server: Asterisk joins them by itself, and no Replaces goes out."""
    async def story(scene):
        alice, bob, carol = await scene.phones("alice", "bob", "carol")
        first = await scene.talk(alice, bob)
        second = await scene.talk(bob, carol, on=first.server)
        await scene.hears({alice: {bob}, carol: {bob}, bob: {alice, carol}})
        assert await first.side_of(bob).refer_attended(second.side_of(bob)) == 200
        await scene.joined(first.server, "alice", "carol")
        await scene.hears({alice: {carol}, carol: {alice}, bob: set()})
        assert decided(scene, "transfer_owner", "transfer_probe", "transfer_uri", "transfer_fallback") == 0
    play(story)


def test_blind_transfer(play):
    async def story(scene):
        alice, bob, carol = await scene.phones("alice", "bob", "carol")
        talk = await scene.talk(alice, bob)
        await scene.joined(talk.server, alice.name, bob.name)     # before that Asterisk says 400 to a REFER
        assert await talk.side_of(bob).refer_blind("carol") == 200
        await scene.hears({alice: {carol}, carol: {alice}, bob: set()})
    play(story)


@pytest.mark.parametrize("bob_calls, reason", ((True, "transfer_probe"), (False, "transfer_probe"), (False, "transfer_uri")),
                         ids=("server-was-called", "server-calls", "server-in-refer-to"))
def test_proxy_that_forgot_everything_finds_the_owner(play, bob_calls, reason):
    """sipsteer is killed and started anew between the calls and the transfer: its table is empty. Where Refer-To names the
    server (its address stands in From of the calls it makes) that is enough; else the servers are asked."""
    async def story(scene):
        alice, bob, carol = await scene.phones("alice", "bob", "carol")
        first, second = await two_talks(scene, alice, bob, carol, bob_calls=bob_calls)
        scene.sipsteer.kill()
        scene.sipsteer.start()
        scene.sipsteer.wait_servers_up(2)
        assert not scene.sipsteer.owners(second.caller.call_id)
        mine = second.side_of(bob)
        target = mine.remote_uri if reason == "transfer_uri" else "sip:carol@127.0.0.1:5060"
        assert await first.side_of(bob).refer_blind(f"{target}?Replaces={escape(str(mine.replaces()))}") == 200
        await decides(scene, 1, reason)
        await scene.joined(first.server, "alice", "trunk")
        await scene.joined(second.server, "carol", "trunk")
        await scene.hears({alice: {carol}, carol: {alice}, bob: set()})
        # The dialogs go on: a re-INVITE with the next CSeq is accepted at either end.
        assert await second.side_of(carol).reinvite() == 200
        assert await first.side_of(alice).reinvite() == 200
    play(story)


@pytest.mark.parametrize("bob_calls", (True, False), ids=("server-was-called", "server-calls"))
def test_probe_leaves_the_call_alone(play, bob_calls):
    """A Replaces that matches only by its tags' order reversed is no match: the servers are asked, say no, and the call that was
    asked about goes on, also from the server's side."""
    async def story(scene):
        alice, bob, carol = await scene.phones("alice", "bob", "carol")
        talk = await scene.talk(alice, bob) if bob_calls else await scene.talk(bob, alice)
        mine = talk.side_of(bob)
        scene.sipsteer.kill()
        scene.sipsteer.start()
        scene.sipsteer.wait_servers_up(2)
        for _ in range(3):
            call = await carol.call("bob", replaces=Replaces(mine.call_id, mine.local_tag, mine.remote_tag))
            assert await call.final() == 200      # the fallback
            await call.hangup()
        await decides(scene, 3, "transfer_fallback")
        await scene.hears({alice: {bob}, bob: {alice}})
        assert await mine.reinvite() == 200
        assert await mine.hangup() == 200
        await talk.side_of(alice).wait_ended()
    play(story)


def test_unmatched_transfer_reaches_the_fallback(play):
    """A REFER that names a call nobody has: alice ends at the extension `replaces`, which echoes, and is not lost."""
    async def story(scene):
        alice, bob = await scene.phones("alice", "bob")
        talk = await scene.talk(alice, bob)
        target = "sip:carol@127.0.0.1:5060?Replaces=no-such-call%40nowhere%3Bto-tag%3Da%3Bfrom-tag%3Db"
        await scene.joined(talk.server, alice.name, bob.name)     # before that Asterisk says 400 to a REFER
        assert await talk.side_of(bob).refer_blind(target) == 200
        await talk.side_of(bob).hangup()
        await scene.hears({alice: {alice}, bob: set()})
        fallback = [channel["Channel"] for channel in scene.cluster["pbx-1"].ami.channels()
                    if channel["Context"] == "trunk" and channel["Exten"] == "replaces"]
        assert len(fallback) == 1, scene.cluster["pbx-1"].ami.channels()
        assert "bob@" in scene.cluster["pbx-1"].ami.getvar(fallback[0], "SIPSTEER_FALLBACK")
        await decides(scene, 1, "transfer_fallback")
    play(story)


def test_unmatched_transfer_can_be_refused(play):
    """unmatched = "reject": the phone hears of it, keeps its call and takes it back."""
    async def story(scene):
        alice, bob = await scene.phones("alice", "bob")
        call = await bob.call("alice", replaces="no-such-call;to-tag=a;from-tag=b")
        assert await call.final() == 481
        await decides(scene, 1, "transfer_rejected")
    play(story, more='[transfer]\nunmatched = "reject"\n')


@pytest.mark.parametrize("early_only", (False, True), ids=("plain", "early-only"))
def test_pickup_of_a_ringing_call(play, early_only):
    """bob's phone rings; carol takes the call with a Replaces that names it (the server is its caller)."""
    async def story(scene):
        alice, bob, carol = await scene.phones("alice", "bob", "carol")
        bob.auto_answer = False
        for round in range(1, 5):      # until both servers had their turn, more likely than not
            outgoing, ringing = await scene.ring(alice, bob)
            await outgoing.ringing()
            pickup = await carol.call("bob", replaces=ringing.replaces(early_only))
            await pickup.answered()
            await outgoing.answered()
            await ringing.wait_ended()
            assert ringing.final_status == 487
            await scene.hears({alice: {carol}, carol: {alice}, bob: set()})
            await decides(scene, round, "transfer_owner")
            await scene.end_all_calls()
    play(story)


def test_early_only_on_an_answered_call_is_refused(play):
    """486 from the owner, whose retransmissions the ACK ends: it has no Replaces, and still has to find the owner."""
    async def story(scene):
        alice, bob, carol = await scene.phones("alice", "bob", "carol")
        for round in range(1, 5):
            talk = await scene.talk(alice, bob)
            call = await carol.call("bob", replaces=talk.callee.replaces(early_only=True))
            assert await call.final() == 486
            await asyncio.sleep(1.2)      # a server that misses the ACK sends the 486 again after 0.5 s
            answers = [message for _, way, _, message in carol.endpoint.log
                       if message.call_id == call.call_id and message.start.startswith("SIP/2.0 486")]
            assert len(answers) == 1, f"the 486 came {len(answers)} times"
            await scene.hears({alice: {bob}, bob: {alice}, carol: set()})
            assert decided(scene, "pinned") >= round, scene.sipsteer.decisions()
            await scene.end_all_calls()
    play(story)


def test_cancel_of_a_routed_transfer(play):
    """A transfer that went to the fallback rings at dave; its CANCEL carries no Replaces and has to go the same way."""
    async def story(scene):
        bob, dave = await scene.phones("bob", "dave")
        dave.auto_answer = False
        for number in range(1, 9):
            call = await bob.call("carol", replaces=f"no-such-call-{number};to-tag=a;from-tag=b")
            ringing = await dave.incoming()
            await call.ringing()
            assert await call.cancel() == 487
            await ringing.wait_ended()
            assert ringing.final_status == 487
        await decides(scene, 8, "transfer_fallback")
    play(story, more='[transfer]\nfallback = "sip:dave@127.0.1.2:5060"\n')


def test_servers_that_ask_each_other_for_a_password(play, cluster):
    """The kit with the trunk's secret switched on: the owner challenges the transfer, and the answer finds it too."""
    def with_secret(file, text):
        if file != "pjsip.conf":
            return text
        lines = [line.removeprefix(";") if line.startswith((";auth", ";outbound_auth", ";[trunk-secret]", ";type=auth",
                                                            ";username=trunk", ";password=")) else line
                 for line in text.splitlines()]
        return "\n".join(lines) + "\n"

    async def story(scene):
        alice, bob, carol = await scene.phones("alice", "bob", "carol")
        for round in range(4):
            first, second = await two_talks(scene, alice, bob, carol)
            await transferred(scene, alice, bob, carol, first, second)
            await scene.end_all_calls()
        # The INVITE and its repetition with credentials: both by owner.
        await decides(scene, 8, "transfer_owner")
        assert await alice.options("sip:bob@127.0.0.1:5060") in (200, 401)

    servers = AsteriskCluster(cluster.version, 2, phones=all_phones(0), edit=with_secret, network="127.0.3")
    more = TRANSFER.replace("127.0.1.1", "127.0.3.1")
    with servers:
        play(story, more=more, servers=servers)

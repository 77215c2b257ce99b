"""What is not a transfer has to work as well: calls, hold, registration, calls that the server starts."""

import re

import pytest


@pytest.mark.parametrize("server", ("pbx-1", "pbx-2"))
def test_call_on_either_server(play, server):
    async def story(scene):
        alice, bob = await scene.phones("alice", "bob")
        talk = await scene.talk(alice, bob, on=server)
        await scene.joined(server, "alice", "bob")
        await scene.hears({alice: {bob}, bob: {alice}})
        assert await talk.callee.hangup() == 200
        await talk.caller.wait_ended()
        await scene.eventually(lambda: not scene.cluster[server].ami.channels(), "the channels end")
        talk = await scene.talk(bob, alice, on=server)
        await scene.hears({alice: {bob}, bob: {alice}})
        assert await talk.caller.hangup() == 200
        await talk.callee.wait_ended()
    play(story)


def media_directions(call):
    """The directions in the server's answers to the INVITEs of `call`, oldest first."""
    return [match[1].decode() for _, way, _, message in call.phone.endpoint.log
            if message.call_id == call.call_id and message.status == 200 and way == "<-"
            and (match := re.search(rb"^a=(sendrecv|sendonly|recvonly|inactive)", message.body, re.M))]


# What Asterisk still sends to the one who holds differs from run to run (its bridge may be switching over just then):
# that it understood him stands in its answer.
@pytest.mark.parametrize("direction, answered", (("sendonly", "recvonly"), ("inactive", "inactive")))
@pytest.mark.parametrize("who", ("caller", "callee"))
def test_hold_and_unhold(play, who, direction, answered):
    """re-INVITEs in both directions of the dialog reach the server that has the call."""
    async def story(scene):
        alice, bob = await scene.phones("alice", "bob")
        talk = await scene.talk(alice, bob)
        side = getattr(talk, who)
        held = bob if side.phone is alice else alice
        await scene.hears({alice: {bob}, bob: {alice}})
        for _ in range(2):
            assert await side.hold(direction) == 200
            assert media_directions(side)[-1] == answered
            await scene.hears({held: set()})
            assert await side.unhold() == 200
            assert media_directions(side)[-1] == "sendrecv"
            await scene.hears({alice: {bob}, bob: {alice}})
        assert await side.reinvite(with_offer=False) == 200
        await scene.hears({alice: {bob}, bob: {alice}})
    play(story)


def test_register_and_be_called(play):
    """erin has a password, frank has none; both are known to one server only, and are called through both."""
    async def story(scene):
        alice, erin, frank = await scene.phones("alice", "erin", "frank")
        assert await erin.register() == 200
        assert await frank.register() == 200
        assert await erin.register() == 200      # a refresh
        await scene.called_through_all(alice, (erin, frank) * 6)
        registered = [server.name for server in scene.cluster
                      if any("erin/" in line for line in server.ami.command("pjsip show contacts"))]
        assert len(registered) == 1, registered
        assert await erin.register(expires=0) == 200
        call = await alice.call("erin")
        assert await call.final() >= 400
        assert await frank.register(expires=0) == 200
    play(story)


def test_wrong_password_is_refused(play):
    async def story(scene):
        erin, alice = await scene.phones("erin", "alice")
        erin.password = alice.password = "wrong"
        assert await erin.register() == 401
        call = await alice.call("bob")
        assert await call.final() == 401
    play(story)


def test_transfer_to_a_registered_phone(play):
    """The consultation call goes to a phone that only one server knows, maybe over both of them."""
    async def story(scene):
        alice, bob, erin = await scene.phones("alice", "bob", "erin")
        assert await erin.register() == 200
        first = await scene.talk(alice, bob)
        second = await scene.talk(bob, erin, not_on=first.server)
        assert await first.side_of(bob).refer_attended(second.side_of(bob)) == 200
        await first.side_of(bob).hangup()
        await scene.hears({alice: {erin}, erin: {alice}, bob: set()})
        assert await erin.register(expires=0) == 200
    play(story)


@pytest.mark.parametrize("server", ("pbx-1", "pbx-2"))
def test_call_that_the_server_starts(play, server):
    """Its Call-ID is the server's own; sipsteer knows whose it is from where the INVITE came."""
    async def story(scene):
        [bob] = await scene.phones("bob")
        await scene.echo(server, bob)
        await scene.eventually(lambda: not scene.cluster[server].ami.channels(), "the channel ends")
    play(story)


def test_busy_cancelled_and_unknown(play):
    """Final answers above 300 come back, and their ACKs end them."""
    async def story(scene):
        alice, bob = await scene.phones("alice", "bob")
        bob.reject_with = 486
        call = await alice.call("bob")
        assert await call.final() == 486
        bob.reject_with, bob.auto_answer = None, False
        outgoing, ringing = await scene.ring(alice, bob)
        await outgoing.ringing()
        assert await outgoing.cancel() == 487
        await ringing.wait_ended()
        call = await alice.call("nobody-of-that-name")
        assert await call.final() >= 400
    play(story)

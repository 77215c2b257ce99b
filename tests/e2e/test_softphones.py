"""Attended transfers by phones that others wrote, across two real Asterisk servers. The other two parties are test
phones, so that a voice proves who is connected; Asterisk's bridges say it too."""

import pytest

from lab.scene import address_of, password_of
from lab.softphones import Baresip, Linphone
from test_asterisk_streams import streams


def started(kind, name, scene, proxy=None, **options):
    if not kind.installed():
        pytest.fail(f"{kind.PROGRAM} is not installed")
    return kind(name, *address_of(name, scene.network), proxy or scene.proxy, password_of(name), **options)


async def is_connected(scene, transferor, alice, carol, first, second):
    """alice, on server `first`, and carol, on server `second`, talk; the transferor has no call left."""
    await scene.joined(first, alice.name, "trunk")
    await scene.joined(second, carol.name, "trunk")
    await scene.channels_gone(transferor)
    await scene.hears({alice: {carol}, carol: {alice}})
    decisions = scene.sipsteer.decisions()
    assert decisions.get("transfer_owner") == 1, decisions
    assert scene.sipsteer.log_events("transfer", reason="transfer_owner", server=second), scene.sipsteer.log_tail()


async def call_on_other_server(scene, softphone, carol, first, hang_up):
    """Lets the softphone call carol until that call is not on server `first`: (what `call` returned, the server)."""
    for _ in range(40):
        call = await softphone.call(carol.name)
        at_carol = await carol.incoming()
        await at_carol.answered()
        server = scene.sipsteer.owner(at_carol.call_id)
        assert server
        if server != first:
            return call, server
        await hang_up(call)
        await at_carol.wait_ended()
    raise AssertionError(f"40 calls, all on {first}")


def test_linphone_transfers_who_called_it(play):
    async def story(scene):
        alice, carol = await scene.phones("alice", "carol")
        async with started(Linphone, "bob", scene) as bob:
            at_alice = await alice.call("bob")
            await at_alice.answered()
            first = scene.sipsteer.owner(at_alice.call_id)
            one = await bob.answered()
            await bob.pause(one)
            two, second = await call_on_other_server(scene, bob, carol, first, bob.hang_up)
            await bob.transfer(one, two)
            await is_connected(scene, bob, alice, carol, first, second)
    play(story)


def test_linphone_transfers_whom_it_called(play):
    """It registers first, with a password, and calls both."""
    async def story(scene):
        alice, carol = await scene.phones("alice", "carol")
        async with started(Linphone, "erin", scene) as erin:
            one = await erin.call("alice")
            at_alice = await alice.incoming()
            await at_alice.answered()
            first = scene.sipsteer.owner(at_alice.call_id)
            await erin.pause(one)
            two, second = await call_on_other_server(scene, erin, carol, first, erin.hang_up)
            await erin.transfer(one, two)
            await is_connected(scene, erin, alice, carol, first, second)
    play(story)


def test_baresip_transfers(play):
    async def story(scene):
        alice, carol = await scene.phones("alice", "carol")
        async with started(Baresip, "bob", scene) as bob:
            at_alice = await alice.call("bob")
            await at_alice.answered()
            first = scene.sipsteer.owner(at_alice.call_id)
            one = await bob.established()
            await bob.command("hold")
            two, second = await call_on_other_server(scene, bob, carol, first, bob.hang_up)
            await bob.transfer(one, "carol", two)
            await is_connected(scene, bob, alice, carol, first, second)
    play(story)


@pytest.mark.parametrize("transport", ("tcp", "tls"))
@pytest.mark.parametrize("kind", (Linphone, Baresip), ids=lambda kind: kind.PROGRAM)
def test_by_streams(play, cluster, authority, kind, transport):
    """It registers, is called by the connection that it registered by, calls, and transfers: all by its own means. By TLS it
    checks our certificate."""
    # Asterisk 16 follows a Path only where the Contact's user is the AOR's name. baresip's is not, and by TLS it takes no
    # connection of ours either.
    unreachable = kind is Baresip and transport == "tls" and cluster.version == 16

    async def call_with(scene, erin, alice):
        """erin's name for a call with alice, on hold, and the server of her side of it."""
        if unreachable:
            one = await erin.call("alice")
            await (await alice.incoming()).answered()
        else:
            await (await alice.call("erin")).answered()
            one = await (erin.answered() if kind is Linphone else erin.established())
        await (erin.pause(one) if kind is Linphone else erin.command("hold"))
        [server] = [server.name for server in scene.cluster
                    if any(channel["Channel"].startswith("PJSIP/erin-") for channel in server.ami.channels())]
        return one, server

    async def story(scene):
        alice, carol = await scene.phones("alice", "carol")
        secure = {"proxy": (scene.proxy[0], scene.proxy[1] + 1), "ca": authority.ca} if transport == "tls" else {}
        async with started(kind, "erin", scene, transport=transport, **secure) as erin:
            one, first = await call_with(scene, erin, alice)
            two, second = await call_on_other_server(scene, erin, carol, first, erin.hang_up)
            await erin.transfer(one, *(["carol"] if kind is Baresip else []), two)
            await scene.joined(second, carol.name, "trunk")
            await scene.channels_gone(erin)
            await scene.hears({alice: {carol}, carol: {alice}})
            received = scene.sipsteer.metrics().by("sipsteer_messages_received_total", "transport")
            assert received[transport] >= 10, received
    play(story, more=streams(authority, "udp"))

"""Transfers where every leg uses another transport, with real Asterisk servers: alice by UDP, bob by TCP, carol by TLS, pbx-1
by UDP and pbx-2 by TCP. Over streams a phone listens nowhere: what is for it comes by the connection that it opened."""

import itertools

import pytest

from conftest import ASTERISK_VERSIONS, asterisk_cluster
from lab.scene import all_phones
from test_asterisk_streams import streams
from test_asterisk_transfers import STYLES, decides, transferred, two_talks

PHONES = {"bob": "tcp", "carol": "tls", "erin": "tcp", "frank": "tls"}
SERVERS = ("udp", "tcp")


@pytest.fixture(scope="module", params=ASTERISK_VERSIONS, ids=lambda version: f"asterisk{version}")
def cluster(request, namespace, authority):
    with asterisk_cluster(request.param, namespace, phones=all_phones(transports=PHONES), transports=SERVERS,
                          authority=authority) as servers:
        yield servers


@pytest.fixture
def play_mixed(play, authority):
    def run(story, **options):
        play(story, more=streams(authority, "udp"), transports=PHONES, tls=authority.client(), **options)
    return run


def carried(scene):
    """transport -> messages that came by it."""
    return scene.sipsteer.metrics().by("sipsteer_messages_received_total", "transport")


@pytest.mark.parametrize("server", ("pbx-1", "pbx-2"))
def test_calls_between_transports(play_mixed, server):
    async def story(scene):
        everybody = await scene.phones("alice", "bob", "carol")
        for caller, callee in itertools.permutations(everybody, 2):
            talk = await scene.talk(caller, callee, on=server)
            await scene.hears({caller: {callee}, callee: {caller}})
            for side in (talk.caller, talk.callee):
                assert await side.reinvite() == 200
            assert await talk.callee.hangup() == 200
            await talk.caller.wait_ended()
    play_mixed(story)


@pytest.mark.parametrize("bob_calls", (True, False), ids=("bob-calls-carol", "carol-calls-bob"))
@pytest.mark.parametrize("alice_calls", (True, False), ids=("alice-calls-bob", "bob-calls-alice"))
def test_attended_transfers(play_mixed, alice_calls, bob_calls):
    """With each way to write Refer-To, and the first call on either server."""
    async def story(scene):
        alice, bob, carol = await scene.phones("alice", "bob", "carol")
        for style in STYLES:
            first, second = await two_talks(scene, alice, bob, carol, alice_calls, bob_calls)
            await transferred(scene, alice, bob, carol, first, second, style)
            assert await first.side_of(alice).reinvite() == 200
            assert await second.side_of(carol).reinvite() == 200
            await scene.end_all_calls()
        await decides(scene, len(STYLES), "transfer_owner")
        assert set(carried(scene)) == {"udp", "tcp", "tls"}
    play_mixed(story)


def test_the_transferor_by_tls(play_mixed):
    """carol transfers, alice to bob, and then bob back to her: each of the three transports is each of the three parties."""
    async def story(scene):
        alice, bob, carol = await scene.phones("alice", "bob", "carol")
        for parties in itertools.permutations((alice, bob, carol)):
            first, second = await two_talks(scene, *parties)
            await transferred(scene, *parties, first, second)
            await scene.end_all_calls()
        await decides(scene, 6, "transfer_owner")
    play_mixed(story)


def test_phones_that_register(play_mixed):
    """erin by TCP and frank by TLS register, and are called through both servers: only the flow that they registered by
    leads to them. A registration that is gone takes the phone away."""
    async def story(scene):
        alice, erin, frank = await scene.phones("alice", "erin", "frank")
        for phone in (erin, frank):
            assert await phone.register() == 200
        await scene.called_through_all(alice, (erin, frank) * 6)
        first = await scene.talk(alice, erin)
        second = await scene.talk(erin, frank, not_on=first.server)
        assert await first.side_of(erin).refer_attended(second.side_of(erin)) == 200
        await first.side_of(erin).hangup()
        await scene.hears({alice: {frank}, frank: {alice}, erin: set()})
        for phone in (erin, frank):
            assert await phone.register(expires=0) == 200
    play_mixed(story)

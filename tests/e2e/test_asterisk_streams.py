"""Real Asterisk servers that talk TCP or TLS to sipsteer, configured as deploy/asterisk/README.md says. The phones use UDP."""

import asyncio
import time

import pytest

from conftest import ASTERISK_VERSIONS, TRANSFER, asterisk_cluster
from lab.scene import all_phones
from lab.sipsteer import STREAM_LISTENERS
from test_asterisk_transfers import decides, transferred, two_talks

STREAMS = TRANSFER + STREAM_LISTENERS + """\
ca = "{folder}/ca.pem"

[health]
probe_interval = "1s"
"""


def streams(authority, transport):
    """With listeners for streams, and the fallback by the servers' transport."""
    port = 5061 if transport == "tls" else 5060
    return STREAMS.replace("{folder}", str(authority.folder)).replace(":5060\"\nrewrite", f":{port};transport={transport}\"\nrewrite")


@pytest.fixture(scope="module", params=[(version, transport) for version in ASTERISK_VERSIONS for transport in ("tcp", "tls")],
                ids=lambda it: f"asterisk{it[0]}-{it[1]}")
def cluster(request, namespace, authority):
    """Two servers whose only transport is a stream; both ends of TLS show a certificate and check the other's."""
    version, transport = request.param
    with asterisk_cluster(version, namespace, phones=all_phones(), transports=(transport,), authority=authority) as servers:
        yield servers


def opened(scene):
    return scene.sipsteer.metrics().sum("sipsteer_connections_opened_total")


@pytest.mark.parametrize("server", ("pbx-1", "pbx-2"))
def test_calls_both_ways(play, cluster, authority, server):
    """Phone to phone, re-INVITEs from either, hang up from either, a call that the server starts; one message by UDP on
    the side of the servers would find nobody."""
    async def story(scene):
        alice, bob = await scene.phones("alice", "bob")
        talk = await scene.talk(alice, bob, on=server)
        await scene.joined(server, "alice", "bob")
        await scene.hears({alice: {bob}, bob: {alice}})
        for side, held in ((talk.caller, bob), (talk.callee, alice)):
            assert await side.hold("inactive") == 200
            await scene.hears({held: set()})
            assert await side.unhold() == 200
            await scene.hears({alice: {bob}, bob: {alice}})
        assert await talk.callee.hangup() == 200
        await talk.caller.wait_ended()
        await scene.echo(server, bob)
        transport = cluster[0].transport
        metrics = scene.sipsteer.metrics()
        assert metrics.sum("sipsteer_messages_received_total", transport=transport, kind="request") > 0
        assert metrics.sum("sipsteer_messages_dropped_total") == 0, metrics.by("sipsteer_messages_dropped_total", "reason")
    play(story, more=streams(authority, cluster[0].transport))


@pytest.mark.parametrize("bob_calls", (True, False), ids=("bob-calls-carol", "carol-calls-bob"))
def test_attended_transfers(play, cluster, authority, bob_calls):
    async def story(scene):
        alice, bob, carol = await scene.phones("alice", "bob", "carol")
        for round in range(2):
            first, second = await two_talks(scene, alice, bob, carol, alice_calls=round % 2 == 0, bob_calls=bob_calls)
            await transferred(scene, alice, bob, carol, first, second, ("aor", "contact")[round])
            assert await first.side_of(alice).reinvite() == 200
            assert await second.side_of(carol).reinvite() == 200
            await scene.end_all_calls()
        await decides(scene, 2, "transfer_owner")
    play(story, more=streams(authority, cluster[0].transport))


def test_a_proxy_that_forgot_everything_asks_over_the_stream(play, cluster, authority):
    """The connections are gone with it, the calls are not."""
    async def story(scene):
        alice, bob, carol = await scene.phones("alice", "bob", "carol")
        first, second = await two_talks(scene, alice, bob, carol)
        scene.sipsteer.kill()
        scene.sipsteer.start()
        scene.sipsteer.wait_servers_up(2)
        await transferred(scene, alice, bob, carol, first, second)
        await decides(scene, 1, "transfer_probe")
    play(story, more=streams(authority, cluster[0].transport))


def test_health_over_the_stream(play, cluster, authority):
    """A server that dies is down, and up again once it is back; its checks take connections that are there."""
    async def story(scene):
        alice, bob = await scene.phones("alice", "bob")
        transport = cluster[0].transport

        def up():
            return scene.sipsteer.metrics().sum("sipsteer_server_up", server="pbx-2")
        before, checked = opened(scene), time.monotonic() + 3
        await scene.eventually(lambda: time.monotonic() > checked, "three rounds of checks pass")
        assert opened(scene) == before, "a connection for each check"
        await asyncio.to_thread(scene.cluster["pbx-2"].kill)
        await scene.eventually(lambda: up() == 0, "pbx-2 is down", 10)
        for _ in range(4):
            talk = await scene.talk(alice, bob)
            assert talk.server == "pbx-1"
            await talk.caller.hangup()
        await asyncio.to_thread(scene.cluster["pbx-2"].stop)
        await asyncio.to_thread(scene.cluster["pbx-2"].start)
        await scene.eventually(lambda: up() == 1, "pbx-2 is up again", 10)
        deadline = time.monotonic() + 30      # it comes back slowly
        while (talk := await scene.talk(alice, bob)).server != "pbx-2":
            assert time.monotonic() < deadline, "no call goes to pbx-2"
            await talk.caller.hangup()
        await scene.hears({alice: {bob}, bob: {alice}})
        assert scene.sipsteer.metrics().sum("sipsteer_connections", transport=transport) >= 2
    play(story, more=streams(authority, cluster[0].transport))

"""Transfers across stub media servers: what SIPp cannot play, since there one party has several dialogs and starts some
of them itself. A stub server lists every request that another server should have got; that list has to stay empty."""

import asyncio
import itertools
import random

import pytest

from lab.sip import Replaces, host_port
from lab.stub_cluster import REWRITE, Cluster

STYLES = ("aor", "aor_no_port", "contact")
KINDS = list(itertools.product(STYLES, (False, True), (False, True)))


@pytest.mark.parametrize("where", [{}, {"ipv6": True}, {"proxy_port": 5090}], ids=["ipv4", "ipv6", "another-port"])
def test_attended_transfers_of_every_kind(binary, where):
    """Three ways to write Refer-To, whoever called whom; Call-IDs and tags of all shapes. A Refer-To without port
    names the proxy also when that has another one."""
    async def story(cluster):
        await asyncio.gather(*(cluster.transfer(phone, *kind) for phone, kind in zip(cluster.phones, KINDS * 3)))
        reasons = await cluster.reasons()
        assert reasons["transfer_owner"] >= len(cluster.phones), reasons
    cluster = Cluster(binary, **where)
    for number in range(3 * len(KINDS)):
        cluster.phone(f"bob{number}")
    cluster.run(story)


def test_voice_after_a_transfer(binary):
    async def story(cluster):
        bob, = cluster.phones
        transferee, target, taken = await cluster.transfer(bob, "aor", False, True)
        assert await asyncio.gather(transferee.heard(0.5), target.heard(0.5), bob.heard(0.5)) == [
            {target.name}, {transferee.name}, set()]
        assert await taken.hangup() == 200
    cluster = Cluster(binary)
    cluster.phone("bob", rtp=True)
    cluster.run(story)


def test_transferred_call_is_transferred_again(binary):
    """The transferred call runs between two servers: both are its owners, each for the other's side."""
    async def story(cluster):
        for bob in cluster.phones:
            transferee, target, taken = await cluster.transfer(bob, "aor", False, False)
            names = {dialog["server"] for dialog in await asyncio.to_thread(cluster.sipsteer.owners, taken.call_id)}
            assert names == {transferee.name, target.name}
            other_end = transferee.find(taken.call_id, taken.remote_tag)
            for call, owner in ((taken, transferee), (other_end, target)):
                # Named by its one end, the INVITE goes to the other end.
                if not call.ended:
                    again = await bob.call("carol", replaces=call.replaces())
                    await again.answered()
                    assert cluster.server_of(again) is owner
                    await call.wait_ended()
                    await again.hangup()
    cluster = Cluster(binary)
    for number in range(8):
        cluster.phone(f"bob{number}")
    cluster.run(story)


def test_pickup_of_a_servers_own_ringing_call(binary):
    """Replaces;early-only for a call that a server made and that rings at bob: that server takes the new one, and
    cancels bob's. The dialog is known by nothing but a 180."""
    async def story(cluster):
        bob, erin = cluster.phones
        bob.auto_answer = False
        for server in cluster.servers * 3:
            call = await server.call(f"sip:bob@{host_port(bob.host, bob.port)}")
            await call.ringing()
            at_bob = await bob.incoming()
            pickup = await erin.call("bob", replaces=at_bob.replaces(early_only=True))
            await pickup.answered()
            assert cluster.server_of(pickup) is server
            assert await call.final() == 487 and await at_bob.final() == 487
            assert await pickup.hangup() == 200
    cluster = Cluster(binary)
    cluster.phone("bob")
    cluster.phone("erin")
    cluster.run(story)


def test_transfer_with_credentials_reaches_the_owner_twice(binary):
    """The owner answers 401; the INVITE with credentials, and the ACK before it, must meet the same server."""
    async def story(cluster):
        bob, erin = cluster.phones
        for _ in range(8):
            call, server = await cluster.talk(bob)
            taking = await erin.call("carol", replaces=call.replaces())
            await taking.answered()
            assert cluster.server_of(taking) is server
            await call.wait_ended()
            await taking.hangup()
    cluster = Cluster(binary, ask="secret")
    cluster.phone("bob", password="secret")
    cluster.phone("erin", password="secret")
    cluster.run(story)


def test_a_bye_races_the_transfer(binary):
    """bob hangs up the consultation call while he transfers it. Whichever comes first at its server, that server, and no
    other, gives the answer: 200 when it took the call over, 603 when there was no call any more."""
    async def story(cluster):
        async def race(bob, style, head_start):
            first, transferee = await cluster.talk(bob)
            second, _ = await cluster.talk(bob, server_calls=head_start % 2 == 0, not_on=transferee)
            transfer = asyncio.create_task(first.refer_attended(second, style))
            await asyncio.sleep(0.001 * head_start)
            await second.hangup()
            return await transfer
        statuses = await asyncio.gather(*(race(bob, STYLES[number % 3], number)
                                          for number, bob in enumerate(cluster.phones)))
        assert set(statuses) <= {200, 603}, statuses
    cluster = Cluster(binary)
    for number in range(18):
        cluster.phone(f"bob{number}")
    cluster.run(story)


@pytest.mark.parametrize("health", (True, False), ids=("servers tried at the start", "tried with the first question"))
def test_a_fresh_proxy_asks_the_servers(binary, health):
    """The proxy forgets everything; the next transfer's owner is found by asking, and an unknown one is nobody's. With
    health checks off nothing is sent to a server before there is a question."""
    async def story(cluster):
        bob, erin = cluster.phones
        calls = [await cluster.talk(bob, server_calls) for server_calls in (False, True) * 4]
        cluster.sipsteer.kill()
        await cluster.start_proxy()
        if health:
            await cluster.probes_usable()
        for call, server in calls:
            taking = await erin.call("carol", replaces=call.replaces())
            await taking.answered()
            assert cluster.server_of(taking) is server
            await call.wait_ended()
        assert (await cluster.reasons())["transfer_probe"] >= len(calls)
        assert await (await erin.call("carol", replaces=Replaces("nobody", "a", "b"))).final() == 481
        assert (await cluster.reasons())["transfer_rejected"] >= 1
    cluster = Cluster(binary, more=REWRITE if health else REWRITE + "\n[health]\nprobe_interval = 0\n")
    cluster.phone("bob")
    cluster.phone("erin")
    cluster.run(story)


def test_a_servers_call_to_a_registered_user_finds_his_registrar(binary):
    async def story(cluster):
        for phone in cluster.phones:
            assert await phone.register() == 200
        for phone in cluster.phones:
            registrar, = [server for server in cluster.servers if phone.name in server.registered]
            for server in cluster.servers:
                if server is not registrar:
                    await (await server.call(f"sip:{phone.name}@{phone.domain}")).answered()
                    assert registrar.invites[-1].tag("From") == server.calls[-1].local_tag
        assert len({name for server in cluster.servers for name in server.registered}) == len(cluster.phones)
    cluster = Cluster(binary)
    for number in range(8):
        cluster.phone(f"user{number}")
    cluster.run(story)


def test_transfers_over_a_line_that_loses_messages(binary):
    """Every twentieth message is lost, anywhere: retransmissions must find the same server, however late."""
    async def story(cluster):
        noise = random.Random()
        for party in cluster.phones + cluster.servers:
            party.endpoint.lose = lambda direction, message: message.cseq[1] != "OPTIONS" and noise.random() < 0.05
        await asyncio.gather(*(cluster.transfer(phone, *kind) for phone, kind in zip(cluster.phones, KINDS)))
    cluster = Cluster(binary)
    cluster.patience = 35      # as long as retransmissions go on
    for number in range(len(KINDS)):
        cluster.phone(f"bob{number}")
    cluster.run(story, seconds=100)

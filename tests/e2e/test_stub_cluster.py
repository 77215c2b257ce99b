"""Transfers across stub media servers: what SIPp cannot play, since there one party has several dialogs and starts some
of them itself. A stub server lists every request that another server should have got; that list has to stay empty."""

import asyncio
import contextlib
import itertools
import random

import pytest

from lab.phone import Phone, started
from lab.sip import Replaces, Uri, host_port
from lab.sipsteer import Sipsteer, cluster_config
from lab.stub_server import StubServer

STYLES = ("aor", "aor_no_port", "contact")
# A phone's Refer-To with the Contact of a server that was called has no user, and servers want one.
REWRITE = '[transfer]\nunmatched = "reject"\nrewrite_user_if_empty = "replaces"\n'


class Cluster:
    """Three stub servers, the phones of a test, and the proxy, on IPv4 or IPv6."""

    def __init__(self, binary, more=REWRITE, ipv6=False, proxy_port=5060, **servers):
        self._ipv6 = ipv6
        self.proxy_address = (self._address(0, 0)[0], proxy_port)
        self.servers = [StubServer(f"pbx-{number}", *self._address(1, number), self.proxy_address, **servers)
                        for number in (1, 2, 3)]
        uris = [(server.name, f"sip:{host_port(server.host, server.port)}") for server in self.servers]
        self.sipsteer = Sipsteer(cluster_config(uris, listen=host_port(*self.proxy_address), more=more), binary)
        self.phones = []
        self.patience = 10      # seconds for one step

    def _address(self, kind, number):
        if self._ipv6:      # one loopback address, so the ports tell who is who
            return "::1", (5060, 5070, 6000)[kind] + number
        return (f"127.0.{kind}.{number or 1}", 5060)

    def phone(self, name, **options):
        phone = Phone(name, *self._address(2, len(self.phones) + 1), self.proxy_address, **{"rtp": False, **options})
        self.phones.append(phone)
        return phone

    def run(self, story, seconds=60):
        """Runs the coroutine `story(cluster)`, then checks that no server got what was another's."""
        async def everything():
            async with started(*self.servers, *self.phones):
                # The stubs answer the health checks on this thread's loop.
                await self.start_proxy()
                try:
                    await asyncio.wait_for(story(self), seconds)
                except BaseException:
                    print("\n".join(party.trace() for party in self.phones + self.servers))
                    raise
                await asyncio.to_thread(self.sipsteer.assert_counter_law)

        with contextlib.ExitStack() as stack:
            stack.push(self.sipsteer)      # it stops whatever happens, and shows its log when something did
            asyncio.run(everything())
            misroutes = {server.name: server.misroutes for server in self.servers if server.misroutes}
            assert not misroutes, misroutes

    async def start_proxy(self):
        await asyncio.to_thread(self.sipsteer.start)
        await asyncio.to_thread(self.sipsteer.wait_servers_up, len(self.servers))

    async def probes_usable(self):
        """Waits until the proxy knows that every server can be asked for its dialogs."""
        for _ in range(100):
            metrics = await asyncio.to_thread(self.sipsteer.metrics)
            if metrics.sum("sipsteer_server_probe_usable") == len(self.servers):
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"probes: {metrics.by('sipsteer_server_probe_usable', 'server')}")

    def server_of(self, call):
        """The server at the other end of a phone's call."""
        address = Uri(call.remote_contact).address
        return next(server for server in self.servers if (server.host, server.port) == address)

    async def talk(self, phone, server_calls=False, not_on=None):
        """A call between a phone and any server but one: (the phone's Call, the server)."""
        while True:
            if server_calls:
                server = random.choice([server for server in self.servers if server is not not_on])
                contact = f"sip:{phone.name}@{host_port(phone.host, phone.port)}"
                await (await server.call(contact)).answered(self.patience)
                call = await phone.incoming()
                await call.answered(self.patience)
            else:
                call = await phone.call("carol")
                await call.answered(self.patience)
            server = self.server_of(call)
            if server is not not_on:
                return call, server
            await call.hangup()

    async def transfer(self, phone, style, first_by_server, second_by_server):
        """An attended transfer as a phone does it: its peer in the first call is connected with that in the second."""
        first, transferee = await self.talk(phone, first_by_server)
        second, target = await self.talk(phone, second_by_server, not_on=transferee)
        assert await first.refer_attended(second, style) == 200, (style, first_by_server, second_by_server)
        await second.wait_ended(self.patience)
        taken = next(call for call in target.calls if call.replaced and call.replaced.call_id == second.call_id)
        assert transferee.find(taken.call_id, taken.remote_tag).confirmed
        await first.hangup()
        return transferee, target, taken

    async def reasons(self):
        return await asyncio.to_thread(self.sipsteer.decisions)


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

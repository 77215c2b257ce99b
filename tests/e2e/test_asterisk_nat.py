"""Phones behind a real NAT, registered with real Asterisk servers: both ways of the kit in deploy/asterisk to reach them
from the other server."""

import asyncio
import contextlib
import re

import pytest

from lab.asterisk import AsteriskCluster, AsteriskUnavailable, phone_config
from lab.home_network import PUBLIC_HOST, HomeNetwork, HomePhone
from lab.phone import Phone, started
from lab.sip import host_port
from lab.sipsteer import Sipsteer, cluster_config

PROXY = (PUBLIC_HOST, 5060)
PHONES = phone_config("alice", "sip:alice@127.0.2.1:5060") + phone_config("dave", "sip:dave@127.0.2.4:5060") + \
    phone_config("bob", password="secret") + phone_config("erin", password="secret")


class OldPhone(HomePhone):
    """One that has never heard of Path."""

    def new_request(self, *arguments, **more):
        message = super().new_request(*arguments, **more)
        message.remove("Supported")
        return message


@pytest.fixture(scope="module", params=(16, 22), ids=lambda version: f"asterisk{version}")
def pair(request, namespace):
    """Two servers, and two homes whose phones have one private address."""
    if namespace is None:
        pytest.skip("a network namespace and chroot need root")
    with contextlib.ExitStack() as stack:
        try:
            homes = [stack.enter_context(HomeNetwork(number)) for number in (3, 4)]
        except OSError as error:
            pytest.skip(f"no address translation here: {error}")
        try:
            cluster = stack.enter_context(AsteriskCluster(request.param, 2, PROXY, PHONES))
        except AsteriskUnavailable as reason:
            if request.param == 16:
                pytest.fail(f"no root with Asterisk 16: {reason}")
            pytest.skip(f"no root with Asterisk {request.param}: {reason}")
        yield cluster, homes


class Office:
    def __init__(self, binary, pair):
        self.cluster, homes = pair
        self.sipsteer = Sipsteer(cluster_config([(server.name, server.uri) for server in self.cluster],
                                                listen=host_port(*PROXY)), binary)
        self.bob = HomePhone("bob", homes[0], PROXY, password="secret")
        self.erin = OldPhone("erin", homes[1], PROXY, password="secret")
        self.alice, self.dave = (Phone(name, f"127.0.2.{number}", 5060, PROXY, rtp=False)
                                 for name, number in (("alice", 1), ("dave", 4)))

    def run(self, story):
        phones = (self.alice, self.dave, self.bob, self.erin)

        async def everything():
            async with started(*phones):
                for phone in (self.bob, self.erin):
                    assert await phone.register() == 200
                try:
                    await asyncio.wait_for(story(self), 60)
                except BaseException:
                    print("\n".join(phone.trace() for phone in phones))
                    self.cluster.print_logs()
                    raise
                finally:
                    for server in self.cluster:
                        server.hang_up_everything()
                for phone in (self.bob, self.erin):
                    assert await phone.register(expires=0) == 200

        with self.sipsteer:
            self.sipsteer.wait_servers_up(len(self.cluster))
            asyncio.run(everything())
            self.sipsteer.assert_counter_law()

    def contacts(self, server, name):
        """{key: JSON} of that user's Contacts in a server's database."""
        lines = server.ami.command("database show registrar/contact")
        found = (re.match(r"/registrar/contact/(\S+)\s*: (.*)", line) for line in lines)
        return {match[1]: match[2].strip() for match in found if match and match[1].startswith(name)}

    def registrar(self, name):
        server, = [server for server in self.cluster if self.contacts(server, name)]
        return server

    def share(self, name):
        """What a database that all servers share would give the other one."""
        for key, value in self.contacts(self.registrar(name), name).items():
            for server in self.cluster:
                quoted = value.replace("\\", "\\\\").replace('"', '\\"')
                server.ami.command(f'database put registrar/contact {key} "{quoted}"')

    async def talk(self, caller, callee, server):
        """A call from a phone that is placed on that server."""
        while True:
            call = await caller.call(callee.name)
            at_callee = await callee.incoming()
            await call.answered()
            if self.sipsteer.owner(call.call_id) == server.name:
                return call, at_callee
            await call.hangup()
            await at_callee.wait_ended()


def test_registered_with_and_without_path_support(binary, pair):
    """The servers keep the Path, also of a phone that did not say that it supports one: no 420."""
    async def story(office):
        for name in ("bob", "erin"):
            contact, = office.contacts(office.registrar(name), name).values()
            assert "192.168.77.2" in contact and f"{PUBLIC_HOST}:5060;lr;sf=" in contact, contact
    Office(binary, pair).run(story)


def test_called_through_either_server(binary, pair):
    """The registrar calls the phone by its Path; the other one dials through the proxy, which knows the registrar."""
    async def story(office):
        for callee in (office.bob, office.erin):
            for server in office.cluster:
                call, at_callee = await office.talk(office.alice, callee, server)
                assert await call.hangup() == 200
                await at_callee.wait_ended()
                assert at_callee.ended_by == "them"
    Office(binary, pair).run(story)


def test_servers_that_share_their_contacts(binary, pair):
    """Either server reaches the phone by itself: nobody asks the other one."""
    async def story(office):
        for callee in (office.bob, office.erin):
            office.share(callee.name)
            for server in office.cluster:
                call, at_callee = await office.talk(office.alice, callee, server)
                assert office.sipsteer.owner(at_callee.call_id) == server.name
                for other in office.cluster:
                    assert bool(other.ami.channels()) == (other is server)
                assert await at_callee.hangup() == 200
                await call.wait_ended()
    Office(binary, pair).run(story)


def test_a_phone_behind_nat_transfers_across_the_servers(binary, pair):
    """bob has alice on one server and dave on the other."""
    async def story(office):
        first_server, second_server = office.cluster
        first, at_alice = await office.talk(office.bob, office.alice, first_server)
        second, at_dave = await office.talk(office.bob, office.dave, second_server)
        assert await first.refer_attended(second) == 200
        await second.wait_ended()
        reasons = await asyncio.to_thread(office.sipsteer.decisions)
        assert reasons["transfer_owner"] >= 1, reasons
        assert not at_alice.ended and not at_dave.ended
        await first.hangup()
        assert await at_alice.hangup() == 200
        await at_dave.wait_ended()
    Office(binary, pair).run(story)

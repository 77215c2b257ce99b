"""Phones behind address translation, in namespaces of their own with a real NAT between: what leads to them is the flow
that they opened, and nothing else."""

import asyncio
import contextlib

import pytest

from lab.home_network import PUBLIC_HOST, HomeNetwork, HomePhone
from lab.phone import Phone, started
from lab.sip import NameAddr, host_port
from lab.sipsteer import Sipsteer, cluster_config
from lab.stub_server import StubServer

PROXY = (PUBLIC_HOST, 5060)
REJECT = '[transfer]\nunmatched = "reject"\nrewrite_user_if_empty = "replaces"\n'


@pytest.fixture(scope="module")
def homes(namespace):
    """Two homes whose phones all have the same private address."""
    if namespace is None:
        pytest.skip("no network namespaces here")
    with contextlib.ExitStack() as stack:
        try:
            yield [stack.enter_context(HomeNetwork(number)) for number in (1, 2)]
        except OSError as error:
            pytest.skip(f"no address translation here: {error}")


class Net:
    """Two stub servers, the proxy, a phone in each home (bob, erin), and alice, who stands outside."""

    def __init__(self, binary, homes, more=REJECT):
        self.servers = [StubServer(f"pbx-{number}", f"127.0.1.{number}", 5060, PROXY) for number in (1, 2)]
        uris = [(server.name, f"sip:{host_port(server.host, server.port)}") for server in self.servers]
        self.sipsteer = Sipsteer(cluster_config(uris, listen=host_port(*PROXY), more=more), binary)
        self.bob, self.erin = (HomePhone(name, home, PROXY) for name, home in zip(("bob", "erin"), homes))
        self.alice = Phone("alice", "127.0.2.1", 5060, PROXY, rtp=False)
        self.homes = homes

    def run(self, story):
        async def everything():
            async with started(*self.servers, self.alice, self.bob, self.erin):
                await asyncio.to_thread(self.sipsteer.start)
                await asyncio.to_thread(self.sipsteer.wait_servers_up, len(self.servers))
                try:
                    await asyncio.wait_for(story(self), 60)
                except BaseException:
                    parties = [self.alice, self.bob, self.erin] + self.servers
                    print("\n".join(party.trace() for party in parties))
                    raise
                await asyncio.to_thread(self.sipsteer.assert_counter_law)
        with contextlib.ExitStack() as stack:
            stack.push(self.sipsteer)
            asyncio.run(everything())
            assert not any(server.misroutes for server in self.servers)

    def registrar(self, phone):
        return next(server for server in self.servers if phone.name in server.registered)

    def server_of(self, call):
        return next(server for server in self.servers if host_port(server.host, server.port) in call.remote_contact)

    def share_bindings(self):
        """As servers with a common database: each knows all Contacts and their Paths."""
        for server in self.servers:
            for other in self.servers:
                server.registered |= other.registered
                server.paths |= other.paths


def contact_of(phone):
    return NameAddr(phone.contact()).uri


def test_the_lab_translates(binary, homes):
    """The phones' own addresses lead nowhere; what arrives comes from the routers."""
    async def story(net):
        for phone, home in ((net.bob, net.homes[0]), (net.erin, net.homes[1])):
            assert await phone.register() == 200
            contact = net.registrar(phone).registered[phone.name]
            assert "192.168.77.2" in contact
            message = next(m for _, way, _, m in net.registrar(phone).endpoint.log if way == "<-" and m.method == "REGISTER"
                           and phone.name in m.get("To"))
            assert f"received={home.address}" in message.all("Via")[1]
    Net(binary, homes).run(story)


def test_a_server_hangs_up_on_a_phone_behind_nat(binary, homes):
    """bob called; what the server sends in the dialog finds him, by Record-Route."""
    async def story(net):
        for phone in (net.bob, net.erin):
            call = await phone.call("carol")
            await call.answered(10)
            at_server = net.server_of(call).find(call.call_id, call.remote_tag)
            assert await at_server.reinvite() == 200
            assert await at_server.hangup() == 200
            assert call.ended_by == "them"
    Net(binary, homes).run(story)


def test_any_server_reaches_a_registered_phone(binary, homes):
    """By the Path of its REGISTER, which the servers share. Both phones have the same Contact but for the user."""
    async def story(net):
        for phone in (net.bob, net.erin):
            assert await phone.register() == 200
        net.share_bindings()
        for phone in (net.bob, net.erin):
            for server in net.servers:
                assert await server.options(contact_of(phone)) == 200
                call = await server.call(contact_of(phone))
                await call.answered(10)
                at_phone = await phone.incoming()
                assert await call.reinvite() == 200 and await at_phone.reinvite() == 200
                assert await call.hangup() == 200
                assert at_phone.ended_by == "them"
            assert len(phone.calls) == len(net.servers)
    Net(binary, homes).run(story)


def test_a_call_that_rings_is_cancelled(binary, homes):
    async def story(net):
        assert await net.bob.register() == 200
        net.share_bindings()
        net.bob.auto_answer = False
        for server in net.servers:
            call = await server.call(contact_of(net.bob))
            await call.ringing()
            at_bob = await net.bob.incoming()
            await call.cancel()
            assert await call.final() == 487 and await at_bob.final() == 487
    Net(binary, homes).run(story)


def test_the_other_server_dials_through_the_proxy(binary, homes):
    """Nothing is shared: a call from the other server goes to the registrar, because the proxy knows who that is."""
    async def story(net):
        for phone in (net.bob, net.erin):
            assert await phone.register() == 200
            registrar = net.registrar(phone)
            other = next(server for server in net.servers if server is not registrar)
            await (await other.call(f"sip:{phone.name}@{PUBLIC_HOST}")).answered(10)
            assert registrar.invites[-1].tag("From") == other.calls[-1].local_tag
    Net(binary, homes).run(story)


@pytest.mark.parametrize("style", ("aor", "contact"))
def test_phones_behind_nat_transfer(binary, homes, style):
    """bob, behind NAT, connects the party of a call that a server made with that of one that he made."""
    async def story(net):
        assert await net.bob.register() == 200
        net.share_bindings()
        for transferee in net.servers:
            await (await transferee.call(contact_of(net.bob))).answered(10)
            first = await net.bob.incoming()
            while True:
                second = await net.bob.call("carol")
                await second.answered(10)
                if net.server_of(second) is not transferee:
                    break
                await second.hangup()
            target = net.server_of(second)
            assert await first.refer_attended(second, style) == 200
            await second.wait_ended(10)
            taken = next(call for call in target.calls if call.replaced and call.replaced.call_id == second.call_id)
            assert transferee.find(taken.call_id, taken.remote_tag).confirmed
            await first.hangup()
    Net(binary, homes).run(story)


def test_a_restart_of_the_proxy_leaves_them_reachable(binary, homes):
    """Flows are kept by nobody but who carries their token."""
    async def story(net):
        assert await net.bob.register() == 200
        net.share_bindings()
        call = await net.bob.call("carol")
        await call.answered(10)
        net.sipsteer.kill()
        await asyncio.to_thread(net.sipsteer.start)
        await asyncio.to_thread(net.sipsteer.wait_servers_up, len(net.servers))
        at_server = net.server_of(call).find(call.call_id, call.remote_tag)
        assert await at_server.hangup() == 200
        for server in net.servers:
            assert await server.options(contact_of(net.bob)) == 200
    Net(binary, homes).run(story)


def test_without_path_only_the_call_that_he_made_finds_him(binary, homes):
    async def story(net):
        assert await net.bob.register() == 200
        assert not net.registrar(net.bob).paths[contact_of(net.bob)]
        call = await net.bob.call("carol")
        await call.answered(10)
        assert await net.server_of(call).find(call.call_id, call.remote_tag).hangup() == 200
    Net(binary, homes, more=REJECT + '[nat]\npath = "off"\n').run(story)

"""Stub servers, phones and the proxy in front of them, for tests without Asterisk."""

import asyncio
import contextlib
import random
import time

from .phone import Phone, started
from .sip import Uri, host_port
from .sipsteer import Sipsteer, cluster_config
from .stub_server import StubServer

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

    async def log_event(self, event, seconds=5, **fields):
        """The one line of the log with that event and these fields, as a dict, once it is there."""
        begin = time.monotonic()
        while not (found := self.sipsteer.log_events(event, **fields)):
            assert time.monotonic() < begin + seconds, f"no event={event} {fields} in the log"
            await asyncio.sleep(0.02)
        assert len(found) == 1, found
        return found[0]

    async def wait_server(self, server, up, seconds=10):
        """Waits until the proxy takes the server for up, or down; the seconds that it took."""
        begin = time.monotonic()
        while time.monotonic() < begin + seconds:
            metrics = await asyncio.to_thread(self.sipsteer.metrics)
            if metrics.sum("sipsteer_server_up", server=server.name) == up:
                return time.monotonic() - begin
            await asyncio.sleep(0.02)
        raise AssertionError(f"{server.name} is still {'down' if up else 'up'} after {seconds} s")

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

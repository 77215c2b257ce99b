"""The quickstart with SIPp in place of Asterisk: signalling only, no voice. The stand-ins know their own calls and refuse a
Replaces that names another server's, as Asterisk does; what they cannot do is act on a REFER, so the INVITE that the
transferring Asterisk would send is sent for it, from its address."""

import asyncio
import contextlib

from lab.phone import Phone, started
from lab.scene import address_of
from lab.sipp import Sipp
from terminal import heading, say

_FOREVER = ("-timeout", "86400s")      # SIPp runs of the tests end by themselves; these wait for Ctrl-C
_TABLES = {"dialogs.csv": [], "replaced.csv": [], "ended.csv": []}
_TRANSFERRING_PORT = 5061


class StandIn:
    """A media server played by SIPp."""

    def __init__(self, name, address, port=5060):
        self.name, self.address, self.port = name, address, port
        self.sipp = Sipp("server-uas", address, port, keys={"name": name}, injected=_TABLES, extra=_FOREVER)


class StandInPlay:
    kind = "SIPp"

    def __init__(self, proxy, servers_network, phones_network):
        self._proxy = proxy
        self._people = [Phone(name, *address_of(name, phones_network), proxy, rtp=False) for name in ("alice", "bob")]
        self.servers = [StandIn(f"pbx-{number}", f"{servers_network}.{number}") for number in (1, 2)]

    def __enter__(self):
        for server in self.servers:
            server.sipp.start()
        return self

    def __exit__(self, *_):
        for server in self.servers:
            server.sipp.close()

    def names(self):
        names = {server.address: server.name for server in self.servers}
        return names | {f"{phone.host}:{phone.port}": phone.name for phone in self._people}

    def configuration(self):
        """SIPp answers no OPTIONS: no health checks and no probes. pbx-1 sends from a second port."""
        return '[health]\nprobe_interval = "0"\n\n[transfer]\nunmatched = "reject"\nprobe = false\n'

    def server_lines(self, server):
        return f'sources = ["{server.address}"]\n'

    def print_logs(self):
        for server in self.servers:
            say(f"---- {server.name}\n" + "\n".join(server.sipp.log()[-30:]))

    def hints(self, proxy):
        return ["with Asterisk     ./deploy/quickstart"]

    @contextlib.asynccontextmanager
    async def on_stage(self, sipsteer):
        self._sipsteer = sipsteer
        async with started(*self._people):
            yield
            for phone in self._people:
                for call in phone.calls:
                    await call.hangup()

    async def perform(self, results, show):
        alice, bob = self._people
        sipsteer = self._sipsteer

        heading("1. Calls: a new call goes to the server that its Call-ID says")
        for server in self.servers:
            call = await results.step(f"alice's call is answered by {server.name}", self._call(alice, on=server.name))
            if call:
                show(self._messages_of(call))
                await call.hangup()

        heading("2. A transfer across the two servers")
        first = await results.step("alice has a call", self._call(alice))
        owner = None
        if first:
            owner = sipsteer.owner(first.call_id)
            show(self._messages_of(first))
        second = await results.step("bob has one on the other server", self._call(bob, not_on=owner))
        if second:
            show(self._messages_of(second))
            say(f"  {owner} now sends what an Asterisk sends that is told to transfer: an INVITE with Replaces for bob's call.")
        before = len(sipsteer.log_events("message"))
        await results.step("the INVITE with Replaces is accepted, and bob's call is ended by its server",
                           self._transfer(owner, second))
        if second:
            show(sipsteer.log_events("message")[before:])
        await results.step("its owner was asked, and no other server", self._owner_was_asked(owner, second))
        for event in sipsteer.log_events("transfer"):
            say(f"        sipsteer: reason={event.get('reason')} server={event.get('server')} "
                f"replaces={event.get('replaces')}")
        await results.step("received = forwarded + answered + absorbed + dropped", self._law())

    async def _call(self, phone, on=None, not_on=None):
        for _ in range(40):
            call = await phone.call("carol")
            await call.answered()
            owner = self._sipsteer.owner(call.call_id)
            assert owner, f"sipsteer does not know who owns {call.call_id}"
            if on in (None, owner) and owner != not_on:
                return call
            await call.hangup()
        raise AssertionError("40 calls, and none on the right server")

    async def _transfer(self, from_server, call):
        [address] = [server.address for server in self.servers if server.name == from_server]
        names = call.replaces()
        sipp = Sipp("transfer-uac", address, _TRANSFERRING_PORT, self._proxy,
                    keys={"name": "alice", "outbound": f"Route: <sip:{self._proxy[0]}:{self._proxy[1]};lr>"},
                    injected={"transfers.csv": [(names.call_id, names.to_tag, names.from_tag)]})
        try:
            await asyncio.to_thread(lambda: sipp.start().wait())
        finally:
            sipp.close()
        await call.wait_ended()

    async def _owner_was_asked(self, from_server, call):
        for server in self.servers:
            asked = [line for line in server.sipp.log() if "does not know" in line or "owns" in line]
            if server.name == from_server:
                assert not asked, f"{server.name}: {asked}"
            else:
                assert asked == [f"owns {call.call_id}"], f"{server.name}: {asked}"

    async def _law(self):
        self._sipsteer.assert_counter_law()

    def _messages_of(self, call):
        return [event for event in self._sipsteer.log_events("message") if event.get("call_id") == call.call_id]

    async def keep_alive(self):
        alice = self._people[0]
        while True:
            call = await alice.call("carol")
            await asyncio.sleep(4)
            await call.hangup()
            await asyncio.sleep(2)
            alice.calls[:] = [call for call in alice.calls if not call.ended]

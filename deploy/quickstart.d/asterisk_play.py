"""The quickstart with two real Asterisk servers and three phones whose voice says who speaks."""

import asyncio
import contextlib

from lab.asterisk import AsteriskCluster, phone_config
from lab.scene import Scene, address_of, all_phones
from terminal import heading, say

GUEST = ("guest", "welcome")      # an account for the visitor's own phone


class AsteriskPlay:
    kind = "Asterisk 16"

    def __init__(self, proxy, servers_network, phones_network):
        self._proxy = proxy
        self._phones_network = phones_network
        phones = all_phones(0, phones_network) + phone_config(GUEST[0], password=GUEST[1])
        self._cluster = AsteriskCluster(16, 2, proxy=proxy, phones=phones, network=servers_network)
        self.servers = self._cluster.servers
        self._scene = None

    def __enter__(self):
        self._cluster.start()
        version = self.servers[0].ami.action("CoreSettings").get("AsteriskVersion", "16")
        self.kind = f"Asterisk {version.split('~')[0]}"
        return self

    def __exit__(self, *_):
        self._cluster.stop()

    def names(self):
        names = {server.address: server.name for server in self.servers}
        for name in ("alice", "bob", "carol"):
            host, port = address_of(name, self._phones_network)
            names[f"{host}:{port}"] = name
        return names

    def configuration(self):
        first = self.servers[0]
        return (f'[transfer]\nfallback = "sip:replaces@{first.address}:{first.port}"\n'
                'rewrite_user_if_empty = "replaces"\n')

    def server_lines(self, server):
        return ""

    def print_logs(self):
        self._cluster.print_logs(30)

    def hints(self, proxy):
        return [f"your own phone    register as {GUEST[0]}, password {GUEST[1]}, at {proxy[0]}:{proxy[1]} (UDP); "
                "call alice, or echo"]

    @contextlib.asynccontextmanager
    async def on_stage(self, sipsteer):
        async with Scene(self._cluster, sipsteer, self._proxy, self._phones_network) as scene:
            self._scene = scene
            await scene.phones("alice", "bob", "carol")
            yield

    # -- the acts ------------------------------------------------------------------------------

    async def perform(self, results, show):
        scene, sipsteer = self._scene, self._scene.sipsteer
        alice, bob, carol = await scene.phones("alice", "bob", "carol")

        heading("1. Calls: a new call goes to the server that its Call-ID says")
        for server in self.servers:
            talk = await results.step(f"alice calls bob on {server.name}; they hear each other",
                                      self._call(alice, bob, server.name))
            if talk:
                show(self._messages_of(talk))
                await talk.caller.hangup()

        heading("2. A transfer across the two servers")
        say("  alice talks to bob; bob asks carol, on the other server, and transfers alice to her.")
        first = await results.step("alice and bob talk", self._call(alice, bob))
        if first:
            show(self._messages_of(first))
        second = await results.step("bob and carol talk, on the other server",
                                    self._call(bob, carol, not_on=first and first.server))
        if second:
            show(self._messages_of(second))
            say(f"  alice's call is on {first.server}, carol's on {second.server}: {first.server} has to reach a call "
                f"that it knows nothing of.")
        before = len(sipsteer.log_events("message"))
        await results.step("bob transfers alice to carol (REFER, then INVITE with Replaces)",
                           self._transfer(first, second))
        if second:
            show(sipsteer.log_events("message")[before:])
        await results.step("alice and carol hear each other, and bob hears nobody",
                           scene.hears({alice: {carol}, carol: {alice}, bob: set()}))
        await results.step(f"{self.kind}: alice is joined with carol over both servers, bob is gone",
                           self._joined(first, second))
        if second:
            for event in sipsteer.log_events("transfer"):
                say(f"        sipsteer: reason={event.get('reason')} server={event.get('server')} "
                    f"replaces={event.get('replaces')}")
        await results.step("received = forwarded + answered + absorbed + dropped", self._law(sipsteer))

    async def _call(self, caller, callee, on=None, not_on=None):
        talk = await self._scene.talk(caller, callee, on, not_on)
        heard = {caller: {callee}, callee: {caller}}
        if any(not call.ended and call is not talk.side_of(caller) for call in caller.calls):
            heard = {callee: {caller}}      # the caller has another call, and hears both
        await self._scene.hears(heard)
        return talk

    async def _transfer(self, first, second):
        status = await first.callee.refer_attended(second.caller)
        assert status == 200, f"bob's server told him {status}"
        await first.callee.hangup()

    async def _joined(self, first, second):
        await self._scene.joined(first.server, "alice", "trunk")
        await self._scene.joined(second.server, "carol", "trunk")
        await self._scene.channels_gone(first.callee.phone)

    async def _law(self, sipsteer):
        sipsteer.assert_counter_law()

    def _messages_of(self, talk):
        ids = {talk.caller.call_id, talk.callee.call_id}
        return [event for event in self._scene.sipsteer.log_events("message") if event.get("call_id") in ids]

    async def keep_alive(self):
        """A call every few seconds, so that the status page has something to show."""
        scene = self._scene
        alice, bob, carol = await scene.phones("alice", "bob", "carol")
        await asyncio.sleep(20)
        await scene.end_all_calls()
        while True:
            call = await alice.call("bob")
            await asyncio.sleep(4)
            await call.hangup()
            await asyncio.sleep(2)
            for phone in (alice, bob, carol):
                # What is over need not be remembered for as long as this runs.
                phone.calls[:] = [call for call in phone.calls if not call.ended]

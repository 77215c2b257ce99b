"""Who takes part in the end-to-end tests with real servers, and the steps that many of them share.

    async with Scene(cluster, sipsteer) as scene:
        alice, bob, carol = await scene.phones("alice", "bob", "carol")
        first = await scene.talk(alice, bob)
        second = await scene.talk(bob, carol, not_on=first.server)
        assert await first.callee.refer_attended(second.caller) == 200
        await scene.hears({alice: {carol}, carol: {alice}, bob: set()})
"""

import asyncio
import re
import time

from .asterisk import phone_config
from .phone import Phone

# The last number of the address of each role; phone `bob7` is bob's at port 5100 + 7.
_ROLES = {"alice": 1, "bob": 2, "carol": 3, "dave": 4, "erin": 5, "frank": 6}
_REGISTERING = ("erin", "frank")      # they have no contact until they register
_WITH_PASSWORD = ("alice", "erin")    # these, and everybody with an odd number
CROWD = 16


def _split(name):
    role, number = re.fullmatch(r"([a-z]+)(\d*)", name).groups()
    return role, int(number or 0)


def address_of(name, network="127.0.2"):
    role, number = _split(name)
    return f"{network}.{_ROLES[role]}", 5100 + number


def password_of(name):
    role, number = _split(name)
    return f"secret-of-{name}" if number % 2 or (not number and role in _WITH_PASSWORD) else None


def all_phones(crowd=CROWD, network="127.0.2", transports=None):
    """pjsip_phones.conf for everybody: alice ... frank, and alice1, bob1, carol1 ... up to `crowd`. `transports`: role ->
    tcp or tls, for those that do not use UDP."""
    names = list(_ROLES) + [f"{role}{number}" for role in ("alice", "bob", "carol") for number in range(1, crowd + 1)]
    text = ""
    for name in names:
        host, port = address_of(name, network)
        transport = (transports or {}).get(_split(name)[0])
        contact = None if name in _REGISTERING else f"sip:{name}@{host}:{port}" + (f";transport={transport}" if transport else "")
        text += phone_config(name, contact, password_of(name))
    return text


class Talk:
    """A call that is up: the Call at either end, and the server it goes through."""

    def __init__(self, caller, callee, server):
        self.caller, self.callee, self.server = caller, callee, server

    def side_of(self, phone):
        """The Call of `phone`, which is one of the two."""
        return self.caller if self.caller.phone is phone else self.callee


class Scene:
    """Phones on loopback, sipsteer and Asterisk servers; on leaving, all calls and registrations are ended and all
    phones stopped.
    `transports` as for all_phones(), with `tls`, an ssl.SSLContext: the proxy has TLS at the next port."""

    def __init__(self, cluster, sipsteer, proxy=("127.0.0.1", 5060), network="127.0.2", transports=None, tls=None):
        self.cluster, self.sipsteer, self.proxy, self.network = cluster, sipsteer, proxy, network
        self.transports, self.tls = transports or {}, tls
        self._phones = {}

    async def __aenter__(self):
        return self

    async def __aexit__(self, kind, error, trace):
        try:
            if kind is not None:
                self.print_traces()
            await self.end_all_calls()
            for server in self.cluster:
                if server.running:
                    server.forget_registrations()
        finally:
            for phone in self._phones.values():
                await phone.stop()

    async def phones(self, *names):
        """These phones in order, started."""
        for name in names:
            if name in self._phones:
                continue
            phone = self._phones[name] = self._make_phone(name)
            await phone.start()
        return [self._phones[name] for name in names]

    def _make_phone(self, name):
        transport = self.transports.get(_split(name)[0], "udp")
        secure = {"tls": self.tls} if transport == "tls" else {}
        proxy = self.proxy[0], self.proxy[1] + (transport == "tls")
        return Phone(name, *address_of(name, self.network), proxy, password_of(name), transport=transport, **secure)

    async def ring(self, caller, callee, headers=()):
        """`caller` calls `callee`; returns both ends as soon as it rings there."""
        outgoing = await caller.call(callee.name, headers=headers)
        return outgoing, await callee.incoming()

    async def talk(self, caller, callee, on=None, not_on=None, tries=40):
        """A call that is up, on server `on`, or on any but `not_on`: Call-IDs are chosen at random until placement agrees."""
        for _ in range(tries):
            outgoing, incoming = await self.ring(caller, callee)
            await outgoing.answered()
            await incoming.answered()
            server = self.sipsteer.owner(outgoing.call_id)
            assert server, f"sipsteer does not know who owns {outgoing.call_id}: {self.sipsteer.owners(outgoing.call_id)}"
            if on in (None, server) and server != not_on:
                return Talk(outgoing, incoming, server)
            await outgoing.hangup()
            await incoming.wait_ended()
        raise AssertionError(f"{tries} calls, and none was placed on {on or 'another server than ' + not_on}")

    async def called_through_all(self, caller, callees):
        """Calls them one after another; each pair hears each other, and every server has had a call."""
        served = set()
        for callee in callees:
            talk = await self.talk(caller, callee)
            served.add(talk.server)
            await self.hears({caller: {callee}, callee: {caller}})
            await talk.callee.hangup()
            await talk.caller.wait_ended()
        assert served == {server.name for server in self.cluster}, served

    async def echo(self, server, phone):
        """A call that `server` starts to `phone`, and owns: it echoes, and ends."""
        self.cluster[server].ami.originate(f"PJSIP/{phone.name}", context="phones", exten="echo")
        call = await phone.incoming()
        await call.answered()
        assert self.sipsteer.owner(call.call_id) == server
        await self.hears({phone: {phone}})
        assert await call.hangup() == 200

    async def hears(self, expected, within=5.0):
        """Waits until each phone hears exactly the phones of its set, by their voice."""
        wanted = {phone.name: {other.name for other in others} for phone, others in expected.items()}
        deadline = time.monotonic() + within
        while True:
            windows = await asyncio.gather(*(phone.heard(0.25) for phone in expected))
            heard = dict(zip(wanted, windows))
            if heard == wanted:
                return
            if time.monotonic() > deadline:
                raise AssertionError(f"heard {heard}, and not {wanted}")

    async def eventually(self, question, what, within=5.0):
        """Asks until the answer is true; returns it."""
        deadline = time.monotonic() + within
        while not (answer := question()):
            if time.monotonic() > deadline:
                raise AssertionError(f"it did not come about within {within} s that {what}")
            await asyncio.sleep(0.02)
        return answer

    async def joined(self, server, *endpoints):
        """Waits until Asterisk `server` (a name) has a bridge of exactly these endpoints."""
        ami, wanted = self.cluster[server].ami, tuple(sorted(endpoints))
        await self.eventually(lambda: wanted in ami.bridged_endpoints(), f"{server} joins {wanted}")

    async def channels_gone(self, phone):
        """Waits until no server has a channel to `phone`."""
        def left():
            return [channel["Channel"] for server in self.cluster for channel in server.ami.channels()
                    if channel["Channel"].startswith(f"PJSIP/{phone.name}-")]
        await self.eventually(lambda: not left(), f"no server has a channel of {phone.name}")

    async def end_all_calls(self):
        for server in self.cluster:
            if server.running:
                server.hang_up_everything()
                await self.eventually(lambda: not server.ami.channels(), f"{server.name} has no channels left")

    def print_traces(self):
        for phone in self._phones.values():
            if phone.endpoint and phone.endpoint.log:
                print(f"---- {phone.name}\n{phone.trace()}")

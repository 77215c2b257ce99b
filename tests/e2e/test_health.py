"""Servers that die, freeze, come back and flap under calls: new ones avoid what is down, what is owned stays where it is."""

import asyncio
import datetime
import os
import signal
import time

import pytest

from lab.stub_cluster import REWRITE, Cluster

CHECKS = REWRITE + '\n[health]\nprobe_interval = "1s"\n'


async def place(cluster, phone, calls):
    """So many calls at once, answered and ended: server -> how many it got."""
    taken = dict.fromkeys(cluster.servers, 0)

    async def one():
        call = await phone.call("carol")
        await call.answered(cluster.patience)
        taken[cluster.server_of(call)] += 1
        await call.hangup()
    await asyncio.gather(*(one() for _ in range(calls)))
    return taken


@pytest.mark.parametrize("way", ("killed", "frozen"))
def test_new_calls_avoid_a_server_that_is_down(binary, way):
    """Within the figure of two missed checks; then no call goes there, and none fails."""
    async def story(cluster):
        alice, = cluster.phones
        sick = cluster.servers[1]
        assert all((await place(cluster, alice, 60)).values()), "each gets its share"
        if way == "killed":
            await sick.die()
        else:
            sick.freeze()
        took = await cluster.wait_server(sick, up=False)
        assert took < 4
        down = await cluster.log_event("server_down", server=sick.name)
        assert down["cause"] == ("refused" if way == "killed" else "silent")
        down_at = time.time()
        taken = await place(cluster, alice, 60)
        assert taken[sick] == 0 and sum(taken.values()) == 60
        if way == "frozen":
            assert not sick.heard_invites(since=down_at)
            sick.freeze(False)
        else:
            await sick.start()
        await cluster.wait_server(sick, up=True)
        taken = await place(cluster, alice, 60)
        assert taken[sick] < 12, "no herd: a tenth of its twenty at first"
        await cluster.log_event("server_up", server=sick.name)
    cluster = Cluster(binary, more=CHECKS)
    cluster.phone("alice")
    cluster.run(story)


def test_what_a_server_owns_stays_with_it(binary):
    """While it is down: in-dialog requests and CANCEL still go there; a transfer of its call is refused, and works again
    when it is back."""
    async def story(cluster):
        alice, bob, erin = cluster.phones
        call, owner = await cluster.talk(alice)
        owner.auto_answer = False
        ringing, bystanders = None, []
        while ringing is None:
            attempt = await bob.call("carol")
            await attempt.ringing()
            if cluster.server_of(attempt) is owner:
                ringing = attempt
            else:
                bystanders.append(attempt)
        owner.freeze()
        await cluster.wait_server(owner, up=False)
        refused = await erin.call("carol", replaces=call.replaces())
        assert await refused.final() == 481
        cancelling = asyncio.create_task(ringing.cancel())
        hanging_up = asyncio.create_task(call.send("INFO"))
        await asyncio.sleep(0.3)
        owner.freeze(False)
        assert (await hanging_up).status == 200, "the next copy finds it"
        await cancelling
        assert await ringing.final() == 487
        await cluster.wait_server(owner, up=True)
        taking = await erin.call("carol", replaces=call.replaces())
        await taking.answered()
        assert cluster.server_of(taking) is owner
        await taking.hangup()
        for bystander in bystanders:
            await bystander.hangup()
    cluster = Cluster(binary, more=CHECKS)
    for name in ("alice", "bob", "erin"):
        cluster.phone(name)
    cluster.run(story)


def test_a_server_that_was_taken_out_is_watched_while_it_owns_calls(binary, ctl):
    """A reload takes it out under a call. Then it dies: a transfer of that call is refused at once, requests within it still go
    there, and `sipsteerctl servers` says all that. It comes back: the transfer finds it."""
    async def story(cluster):
        alice, erin = cluster.phones
        call, owner = await cluster.talk(alice)
        sipsteer = cluster.sipsteer
        sections = sipsteer.config_file.read_text().split("\n[[server]]\n")
        sipsteer.config_file.write_text("\n[[server]]\n".join(part for part in sections if owner.host not in part))
        os.kill(sipsteer.pid, signal.SIGHUP)
        await cluster.log_event("reload", change=f"- {owner.name}")
        owner.freeze()
        await cluster.log_event("server_down", server=owner.name)
        refused = await erin.call("carol", replaces=call.replaces())
        assert await refused.final() == 481
        hanging_up = asyncio.create_task(call.send("INFO"))
        shown = await asyncio.to_thread(ctl, "-s", sipsteer.admin_socket, "servers")
        kept, leaving = (part.splitlines()[1:] for part in shown.stdout.split("\n\n"))
        assert owner.name not in [line.split()[0] for line in kept] and len(kept) == 2
        assert [line.split() for line in leaving] == [[owner.name, f"udp:{owner.host}:5060", "DOWN", "1", "0"]]
        owner.freeze(False)
        assert (await hanging_up).status == 200
        await cluster.log_event("server_up", server=owner.name)
        taking = await erin.call("carol", replaces=call.replaces())
        await taking.answered()
        assert cluster.server_of(taking) is owner
        await taking.hangup()
    cluster = Cluster(binary, more=CHECKS)
    for name in ("alice", "erin"):
        cluster.phone(name)
    cluster.run(story)


def test_all_down_is_answered(binary):
    """503 with Retry-After to new requests, and /ready says so; never silence."""
    async def story(cluster):
        alice, = cluster.phones
        for server in cluster.servers:
            server.freeze()
        for server in cluster.servers:
            await cluster.wait_server(server, up=False)
        call = await alice.call("carol")
        assert await call.final(2) == 503
        answers = [message for _, way, _, message in alice.endpoint.log if way == "<-" and message.status == 503]
        assert answers[-1].get("Retry-After") == "5"
        assert await alice.options("sip:127.0.0.1:5060") == 503
        assert (await asyncio.to_thread(cluster.sipsteer.get, "/ready"))[0] == 503
        for server in cluster.servers:
            server.freeze(False)
        for server in cluster.servers:
            await cluster.wait_server(server, up=True)
        assert sum((await place(cluster, alice, 20)).values()) == 20, "all come back slowly: that keeps no call out"
    cluster = Cluster(binary, more=CHECKS)
    cluster.phone("alice")
    cluster.run(story)


def test_checks_off(binary):
    """No server gets anything that it was not asked for, and all count as up."""
    async def story(cluster):
        dead = cluster.servers[0]
        dead.freeze()
        await asyncio.sleep(1.5)
        assert not [message for _, _, _, message in dead.endpoint.log]
        metrics = await asyncio.to_thread(cluster.sipsteer.metrics)
        assert metrics.sum("sipsteer_server_up") == 3
        dead.freeze(False)
        alice, = cluster.phones
        await place(cluster, alice, 3)
    cluster = Cluster(binary, more=REWRITE + '\n[health]\nprobe_interval = 0\n')
    cluster.phone("alice")
    cluster.run(story)


@pytest.mark.parametrize("ipv6", (False, True), ids=("ipv4", "ipv6"))
def test_a_refusal_is_noticed_at_once(binary, ipv6):
    """The port of a killed server answers by ICMP: 100 ms from the first packet that meets it, with checks once a minute.
    What goes to others meanwhile is not lost by the error that the socket reports."""
    async def story(cluster):
        alice, = cluster.phones
        sick = cluster.servers[1]
        await place(cluster, alice, 20)
        await sick.die()
        begin = time.time()
        calls = [await alice.call("carol") for _ in range(40)]
        await cluster.wait_server(sick, up=False, seconds=5)
        down = await cluster.log_event("server_down")
        assert (down["server"], down["cause"]) == (sick.name, "refused")
        line = next(line for line in cluster.sipsteer.log().splitlines() if "event=server_down" in line)
        took = datetime.datetime.fromisoformat(line.split()[0].replace("Z", "+00:00")).timestamp() - begin
        print(f"down {1000 * took:.0f} ms after the first packet")
        assert took < 1, "100 ms, where nothing else keeps the machine busy"
        await asyncio.sleep(1)
        answered = [call for call in calls if call.final_status == 200]
        assert 0 < len(answered) < 40, "those that had been placed on it are silent"
        for call in answered:
            await call.hangup()
        assert sum((await place(cluster, alice, 40)).values()) == 40
        metrics = await asyncio.to_thread(cluster.sipsteer.metrics)
        assert metrics.sum("sipsteer_messages_dropped_total", reason="send_failed") == 0
    cluster = Cluster(binary, more=REWRITE + '\n[health]\nprobe_interval = "60s"\n', ipv6=ipv6)
    cluster.phone("alice")
    cluster.run(story, seconds=90)


class Caller:
    """Calls that begin one after another, in the background, each ended as soon as it is answered. `calls` are all of them, in
    the order in which they began."""

    def __init__(self, phone, every=0.05):
        self.calls, self._phone, self._every = [], phone, every

    async def __aenter__(self):
        self._tasks = {asyncio.create_task(self._begin())}
        return self

    async def __aexit__(self, *_):
        self._going = False
        await asyncio.gather(*self._tasks)

    async def _begin(self):
        self._going = True
        while self._going:
            call = await self._phone.call("carol")
            self.calls.append(call)
            self._tasks.add(asyncio.create_task(self._end(call)))
            await asyncio.sleep(self._every)

    @staticmethod
    async def _end(call):
        if await call.final() == 200:
            await call.hangup()

    async def more(self, count, seconds=20):
        """So many further calls, once their INVITE has its final answer."""
        begin, end = len(self.calls), time.monotonic() + seconds
        while len(self.calls) < begin + count or not all(call.final_status for call in self.calls[begin:begin + count]):
            assert time.monotonic() < end, f"{count} calls have no answer"
            await asyncio.sleep(0.02)
        return self.calls[begin:begin + count]


def test_flap(binary):
    """A server goes down and comes back ten times while calls begin all the time. Down it gets no new call; back it gets a part of
    its share, each time anew; what it owns stays its own. Once all are down together: 503, and then all take calls at once."""
    async def story(cluster):
        alice, erin = cluster.phones
        flapper, *others = cluster.servers
        held, owner = await cluster.talk(erin)
        while owner is not flapper:
            await held.hangup()
            held, owner = await cluster.talk(erin)
        back = []
        async with Caller(alice) as caller:
            await caller.more(10)
            for flap in range(10):
                flapper.freeze()
                await cluster.wait_server(flapper, up=False)
                down = await caller.more(10)
                assert {call.final_status for call in down} == {200}
                placed = {message.call_id for message in flapper.heard_invites()}
                assert not placed & {call.call_id for call in down}, f"flap {flap}: a new call to a server that is down"
                assert await (await erin.call("carol", replaces=held.replaces())).final() == 481
                asking = asyncio.create_task(held.send("INFO"))
                flapper.freeze(False)
                await cluster.wait_server(flapper, up=True)
                assert (await asking).status == 200
                back += await caller.more(12)
                taking = await erin.call("carol", replaces=held.replaces())
                await taking.answered()
                assert cluster.server_of(taking) is flapper
                held = taking

        taken = [cluster.server_of(call) for call in back if call.final_status == 200]
        assert len(taken) == 120 and taken.count(flapper) < 20, "a tenth of its forty"
        for server in cluster.servers:
            server.freeze()
        for server in cluster.servers:
            await cluster.wait_server(server, up=False)
        assert await (await alice.call("carol")).final(2) == 503
        answers = [message for _, way, _, message in alice.endpoint.log if way == "<-" and message.status == 503]
        assert {answer.get("Retry-After") for answer in answers} == {"5"}
        for server in cluster.servers:
            server.freeze(False)
        for server in cluster.servers:
            await cluster.wait_server(server, up=True)
        assert sum((await place(cluster, alice, 20)).values()) == 20
        await held.hangup()
    cluster = Cluster(binary, more=REWRITE + '\n[health]\nprobe_interval = "800ms"\n')
    for name in ("alice", "erin"):
        cluster.phone(name)
    cluster.run(story, seconds=120)


def test_no_more_than_half_are_left_out(binary):
    """One server says 503 with Retry-After: for so long it gets no new call. Two of three say so: then it is not them, and
    all are tried."""
    async def story(cluster):
        alice, = cluster.phones
        for busy in (1, 2):
            for server in cluster.servers[:busy]:
                server.reject_with, server.retry_after = 503, 60
            before = [len(server.heard_invites()) for server in cluster.servers]
            for _ in range(40):
                await (await alice.call("carol")).final()
            heard = [len(server.heard_invites()) - count for server, count in zip(cluster.servers, before)]
            assert sum(heard) == 40
            if busy == 1:
                assert heard[0] == 1 and min(heard[1:]) > 1, heard
            else:
                assert min(heard) > 1, heard
    cluster = Cluster(binary, more=CHECKS)
    cluster.phone("alice")
    cluster.run(story)

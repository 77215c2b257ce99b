"""Lines that lose, repeat and reorder what they carry (faults.md §2, 14 and 15)."""

import asyncio
import collections
import contextlib
import random
import re
import select
import time

from lab.datagrams import Wire, header, request
from lab.phone import Phone, started
from lab.sip import host_port
from lab.sipsteer import Sipsteer, cluster_config
from lab.stub_server import StubServer

CALLS = 120


def test_lossy(binary):
    """5 % of all datagrams get lost, 2 % come twice, 10 % late, at either end of the proxy: with the timers of RFC 3261
    every call comes up and ends, and no copy reaches another server."""
    noise = random.Random(14)

    def line():
        if noise.random() < 0.05:
            return []
        delays = [0.0, 0.0] if noise.random() < 0.02 else [0.0]
        return [delay + noise.uniform(0.005, 0.05) if noise.random() < 0.1 else delay for delay in delays]

    servers = [StubServer(f"pbx-{number}", f"127.0.1.{number}", 5060, ("127.0.0.1", 5060), rtp=False)
               for number in (1, 2, 3)]
    phones = [Phone(f"phone{number}", f"127.0.2.{number}", 5060, ("127.0.0.1", 5060), rtp=False) for number in (1, 2, 3, 4)]
    sipsteer = Sipsteer(cluster_config([(server.name, f"sip:{host_port(server.host, server.port)}") for server in servers],
                                       more="[health]\nprobe_interval = 0\n"), binary)

    async def call(phone):
        one = await phone.call("carol")
        await one.answered(35)
        await one.hangup()

    async def story():
        async with started(*servers, *phones):
            for party in servers + phones:
                party.endpoint.line = line
            await asyncio.to_thread(sipsteer.start)
            await asyncio.wait_for(asyncio.gather(*(call(phones[number % 4]) for number in range(CALLS))), 50)

    with contextlib.ExitStack() as stack:
        stack.push(sipsteer)      # started by the story, once the servers are there
        asyncio.run(story())
        sipsteer.assert_counter_law()
    assert {server.name: server.misroutes for server in servers if server.misroutes} == {}


def test_rexmit(binary):
    """Each INVITE comes seven times, in any order with others, from two sockets' worth of workers: all copies are equal but for
    the blanks of segmented sends, at one server, and one call each is pinned."""
    with Wire(binary, servers=4) as wire:
        phones = [wire.host("127.0.2.1", port) for port in range(5060, 5064)]
        for server in wire.servers:
            server.answers = False
        copies = []
        for number in range(500):
            phone = phones[number % len(phones)]
            copies += 7 * [(phone, request("INVITE", "sip:carol@127.0.0.1", phone.via, f"c{number}", f"t{number}"))]
        random.Random(15).shuffle(copies)
        seen = collections.defaultdict(collections.Counter)
        for begin in range(0, len(copies), 100):
            for phone, text in copies[begin:begin + 100]:
                phone.send(text)
            for server, data in collect(wire, 100):
                seen[header(data, "Call-ID")][server.name, re.sub("Max-Forwards: +", "Max-Forwards: ", data)] += 1
        assert len(seen) == 500
        assert all(list(kinds.values()) == [7] for kinds in seen.values()), "copies differ, or went apart"
        assert wire.sipsteer.metrics().sum("sipsteer_pin_table_entries") == 500


def collect(wire, count):
    """The next `count` datagrams at the servers, as (server, text)."""
    found, deadline = [], time.monotonic() + 5
    while len(found) < count:
        assert time.monotonic() < deadline, f"{len(found)} datagrams came, not {count}"
        select.select([server.socket for server in wire.servers], [], [], 0.1)
        found += [(server, data.decode("latin-1")) for server in wire.servers for data in server.waiting()]
    return found

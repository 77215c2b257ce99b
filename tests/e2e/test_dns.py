"""Servers that are written by name: NAPTR, SRV, A and AAAA, and what DNS does to a running proxy when it fails."""

import asyncio
import contextlib
import json
import os
import signal
import time

import pytest

from lab.dns_server import DnsServer, with_resolv_conf
from lab.phone import Phone, started
from lab.sipsteer import Sipsteer, cluster_config
from lab.stub_server import StubServer

PROXY = ("127.0.0.1", 5060)
MORE = '[transfer]\nunmatched = "reject"\n'


@pytest.fixture
def run(binary, namespace, tmp_path):
    """run(servers, records, story): with DNS, the proxy in front of servers {name: uri}, and two stubs behind them."""
    if namespace is None:
        pytest.skip("port 53 and a mount namespace need root")

    def play(servers, records, story, mode="well", hosts=""):
        stubs = [StubServer("one", "127.0.1.1", 5070, PROXY, rtp=False), StubServer("two", "127.0.1.2", 5060, PROXY, rtp=False)]
        alice = Phone("alice", "127.0.2.1", 5060, PROXY, rtp=False)
        program = with_resolv_conf(binary, tmp_path, hosts=hosts)
        sipsteer = Sipsteer(cluster_config(list(servers.items()), more=MORE), program)

        async def everything(dns):
            async with started(*stubs, alice):
                await asyncio.to_thread(sipsteer.start)
                await asyncio.wait_for(story(dns, sipsteer, alice), 60)
                await asyncio.to_thread(sipsteer.assert_counter_law)

        with DnsServer(records) as dns, contextlib.ExitStack() as stack:
            dns.mode = mode
            stack.push(sipsteer)
            asyncio.run(everything(dns))
    return play


def addresses(sipsteer):
    servers = json.loads(sipsteer.get("/api/v1/servers")[1])["servers"]
    return {server["name"]: server["addresses"] for server in servers}


async def until(question, what, seconds=15):
    deadline = time.monotonic() + seconds
    while not await asyncio.to_thread(question):
        assert time.monotonic() < deadline, what
        await asyncio.sleep(0.1)


async def call_reaches(alice, host_port, seconds=20):
    """Call-IDs are random. A server that has just come back takes a tenth of its calls at first."""
    deadline = time.monotonic() + seconds
    while True:
        call = await alice.call("carol")
        await call.answered(10)
        contact = call.remote_contact
        await call.hangup()
        if host_port in contact:
            return
        assert time.monotonic() < deadline, f"no call reached {host_port}"


ONE = {("one.lab.test", "NAPTR"): [(20, 0, "SIP+D2T", "_sip._tcp.one.lab.test"), (10, 5, "sip+d2u", "_sip._udp.host.lab.test"),
                                   (10, 9, "SIP+D2U", "_sip._udp.wrong.lab.test")],
       ("_sip._udp.host.lab.test", "SRV"): [(20, 9, 5999, "far.lab.test"), (10, 1, 5998, "light.lab.test"),
                                            (10, 5, 5070, "near.lab.test")],
       ("near.lab.test", "A"): ["127.0.1.1"], ("light.lab.test", "A"): ["127.0.1.8"], ("far.lab.test", "A"): ["127.0.1.9"]}
TWO = {("two.lab.test", "A"): ["127.0.1.2"]}


def test_servers_by_name(run):
    """One by NAPTR and SRV, the other by its address alone, without SRV; the order of SRV is priority, then weight."""
    async def story(dns, sipsteer, alice):
        assert addresses(sipsteer) == {
            "one": ["udp:127.0.1.1:5070", "udp:127.0.1.8:5998", "udp:127.0.1.9:5999"], "two": ["udp:127.0.1.2:5060"]}
        await call_reaches(alice, "127.0.1.1:5070")
        await call_reaches(alice, "127.0.1.2:5060")
    run({"one": "sip:one.lab.test", "two": "sip:two.lab.test"}, ONE | TWO, story)


def test_a_port_means_no_srv(run):
    async def story(dns, sipsteer, alice):
        assert addresses(sipsteer)["one"] == ["udp:127.0.1.1:5070", "udp:127.0.1.3:5070"]      # whatever order DNS has
        assert set(dns.asked) == {("near.lab.test", "A"), ("near.lab.test", "AAAA")}
        await call_reaches(alice, "127.0.1.1:5070")
    run({"one": "sip:near.lab.test:5070"}, {("near.lab.test", "A"): ["127.0.1.3", "127.0.1.1"]}, story)


def test_an_address_changes_and_dns_fails(run):
    """The TTL is short: the server moves. Then DNS fails, and the last good address stays in use."""
    async def story(dns, sipsteer, alice):
        dns.records["one.lab.test", "A"] = ["127.0.1.1"]
        await until(lambda: addresses(sipsteer)["one"] == ["udp:127.0.1.1:5070"], "the server moves")
        await asyncio.to_thread(sipsteer.wait_servers_up, 2)
        await call_reaches(alice, "127.0.1.1:5070")
        for mode in ("refuses", "silent"):
            dns.mode = mode
            before = sum(dns.asked.values())
            if mode == "refuses":
                await until(lambda: sum(dns.asked.values()) > before + 1, "it asks again")
            await call_reaches(alice, "127.0.1.1:5070")
            assert addresses(sipsteer)["one"] == ["udp:127.0.1.1:5070"]
    # Nobody is at the first address.
    run({"one": "sip:one.lab.test:5070", "two": "sip:127.0.1.2:5060"}, {("one.lab.test", "A"): ["127.0.1.7"]}, story)


def test_dns_is_down_at_the_start(run):
    """The proxy starts all the same, the server keeps its place, and has an address as soon as DNS answers."""
    async def story(dns, sipsteer, alice):
        assert addresses(sipsteer) == {"one": [], "two": ["udp:127.0.1.2:5060"]}
        for _ in range(8):      # none is lost to the one that has no address
            await call_reaches(alice, "127.0.1.2:5060", seconds=0)
        dns.mode = "well"
        await until(lambda: addresses(sipsteer)["one"] == ["udp:127.0.1.1:5070"], "the name resolves")
        await asyncio.to_thread(sipsteer.wait_servers_up, 2)
        await call_reaches(alice, "127.0.1.1:5070")
    run({"one": "sip:near.lab.test:5070", "two": "sip:127.0.1.2:5060"}, ONE, story, mode="refuses")


def test_names_of_the_hosts_file(run):
    async def story(dns, sipsteer, alice):
        assert addresses(sipsteer) == {"one": ["udp:127.0.1.1:5070"], "two": ["udp:127.0.1.2:5060"]}
        await call_reaches(alice, "127.0.1.1:5070")
    run({"one": "sip:inhouse:5070", "two": "sip:inhouse2"}, {}, story, hosts="127.0.1.1 inhouse\n127.0.1.2 inhouse2\n")


def test_reload_brings_another_name(run):
    async def story(dns, sipsteer, alice):
        assert addresses(sipsteer) == {"one": ["udp:127.0.1.2:5060"]}
        sipsteer.config_file.write_text(cluster_config([("one", "sip:near.lab.test:5070")], more=MORE))
        os.kill(sipsteer.pid, signal.SIGHUP)
        await until(lambda: addresses(sipsteer)["one"] == ["udp:127.0.1.1:5070"], "the new name resolves")
        await call_reaches(alice, "127.0.1.1:5070")
    run({"one": "sip:two.lab.test:5060"}, ONE | TWO, story)

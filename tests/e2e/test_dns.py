"""Servers that are written by name: NAPTR, SRV, A and AAAA, and what DNS does to a running proxy when it fails."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
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

    def play(servers, records, story, mode="well", hosts="", more=MORE, wait=True):
        stubs = [StubServer("one", "127.0.1.1", 5070, PROXY, rtp=False), StubServer("two", "127.0.1.2", 5060, PROXY, rtp=False)]
        alice = Phone("alice", "127.0.2.1", 5060, PROXY, rtp=False)
        program = with_resolv_conf(binary, tmp_path, hosts=hosts)
        sipsteer = Sipsteer(cluster_config(list(servers.items()), more=more), program)

        async def everything(dns):
            async with started(*stubs, alice):
                await asyncio.to_thread(sipsteer.start, wait)
                await asyncio.wait_for(story(dns, sipsteer, alice), 60)
                await asyncio.to_thread(sipsteer.assert_counter_law)

        with DnsServer(records) as dns, contextlib.ExitStack() as stack:
            dns.mode = mode
            stack.push(sipsteer)
            asyncio.run(everything(dns))
    return play


@pytest.fixture
def starting(binary, namespace, tmp_path):
    """The proxy in the two seconds that its start waits for DNS, which is silent."""
    if namespace is None:
        pytest.skip("port 53 and a mount namespace need root")
    sipsteer = Sipsteer(cluster_config([("one", "sip:one.lab.test")]), with_resolv_conf(binary, tmp_path))
    with DnsServer({}) as dns, contextlib.ExitStack() as stack:
        dns.mode = "silent"
        stack.push(sipsteer)
        sipsteer.start(wait=False)
        sipsteer.wait_log("config")
        yield sipsteer


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


CLUSTER = MORE + '[[server]]\nname = "pbx"\nuri = "sip:pbx.lab.test"\nexpand = "srv"\n'
SRV = ("_sip._udp.pbx.lab.test", "SRV")
TARGETS = {SRV: [(10, 3, 5070, "one.lab.test"), (10, 3, 5060, "two.lab.test")],
           ("one.lab.test", "A"): ["127.0.1.1"], ("two.lab.test", "A"): ["127.0.1.2"]}


async def logged(sipsteer, text):
    await until(lambda: text in sipsteer.log(), f"no log line with {text!r}")


async def where_calls_go(alice, calls):
    """server's address -> how many of so many calls."""
    taken = {}
    for _ in range(calls):
        call = await alice.call("carol")
        await call.answered(10)
        taken[call.remote_contact] = taken.get(call.remote_contact, 0) + 1
        await call.hangup()
    return {contact.split("@")[-1].strip("<>").removeprefix("sip:"): count for contact, count in taken.items()}


def test_targets_of_one_name_come_and_go(run, ctl):
    """Each is a server of its own. One that DNS names no more takes no calls, and what it owns stays with it; it comes back
    as the only one that is no backup."""
    async def story(dns, sipsteer, alice):
        servers = {server["name"]: server for server in json.loads(sipsteer.get("/api/v1/servers")[1])["servers"]}
        assert {name: (server["uri"], server["weight"], server["origin"]) for name, server in servers.items()} == {
            "one-5070": ("sip:one.lab.test:5070", 3, "dns"), "two": ("sip:two.lab.test:5060", 3, "dns")}
        shown = await asyncio.to_thread(ctl, "-s", sipsteer.admin_socket, "servers")
        assert [line.split()[-1] for line in shown.stdout.splitlines()] == ["ORIGIN", "dns", "dns"], shown
        call = None
        while call is None or "127.0.1.1" not in call.remote_contact:
            if call is not None:
                await call.hangup()
            call = await alice.call("carol")
            await call.answered(10)

        dns.records[SRV] = [(20, 3, 5060, "two.lab.test")]
        await logged(sipsteer, 'change="- one-5070"')
        assert set(addresses(sipsteer)) == {"two"}
        assert set(await where_calls_go(alice, 10)) == {"127.0.1.2:5060"}
        assert (await call.send("INFO")).status == 200
        taking = await alice.call("carol", replaces=call.replaces())
        await taking.answered(10)
        assert "127.0.1.1" in taking.remote_contact, "a transfer finds it"
        await taking.hangup()

        dns.records[SRV] = [(20, 3, 5060, "two.lab.test"), (10, 1, 5070, "one.lab.test")]
        await logged(sipsteer, 'change="+ one-5070"')
        await logged(sipsteer, 'change="two backup false -> true"')
        assert set(await where_calls_go(alice, 10)) == {"127.0.1.1:5070"}
    run({}, TARGETS, story, more=CLUSTER)


def test_dns_empties_no_cluster(run):
    """It has no answer, an empty one, or fails: the servers stay as they were."""
    async def story(dns, sipsteer, alice):
        for name in (SRV, ("one.lab.test", "A")):
            del dns.records[name]
        await logged(sipsteer, "DNS has no target any more")
        assert await where_calls_go(alice, 20) == {"127.0.1.1:5070": pytest.approx(10, abs=9),
                                                   "127.0.1.2:5060": pytest.approx(10, abs=9)}
        assert set(addresses(sipsteer)) == {"one-5070", "two"}
        assert sipsteer.log().count("DNS has no target any more") == 1
    run({}, TARGETS, story, more=CLUSTER)


def test_no_server_yet(run):
    """DNS is down at the start: requests are answered 503 until it names somebody."""
    async def story(dns, sipsteer, alice):
        await logged(sipsteer, "event=listening")
        assert addresses(sipsteer) == {} and sipsteer.get("/ready")[0] == 503
        assert await (await alice.call("carol")).final(5) == 503
        dns.mode = "well"
        await logged(sipsteer, 'change="+ one-5070"')
        await logged(sipsteer, 'change="+ two"')
        await call_reaches(alice, "127.0.1.1:5070")
        await call_reaches(alice, "127.0.1.2:5060")
    run({}, TARGETS, story, mode="refuses", more=CLUSTER, wait=False)


@pytest.mark.parametrize("ending", (signal.SIGTERM, signal.SIGINT))
def test_a_signal_ends_a_start_that_waits_for_dns(starting, ending):
    os.kill(starting.pid, ending)
    begun = time.monotonic()
    starting.wait_ended(10)
    assert time.monotonic() - begun < 1, "DNS would have been waited for until two seconds were over"
    assert starting.log_events("ending", signal=ending.name) and not starting.log_events("listening")
    starting.stop(expect=0)


def test_sighup_while_a_start_waits_for_dns(starting):
    """What was written after the start had read the file is not lost."""
    text = starting.config_file.read_text()
    starting.config_file.write_text(text + '\n[[server]]\nname = "two"\nuri = "sip:127.0.1.2:5060"\n')
    os.kill(starting.pid, signal.SIGHUP)
    assert not starting.log_events("listening")
    starting.wait_log("reload", change="+ two")
    assert starting.get("/live")[0] == 200


def test_thirty_targets(run):
    """More than a datagram of 512 bytes takes."""
    records = {SRV: [(1, 1, 5060, f"pbx-{number}.voice.lab.test") for number in range(30)]}
    records |= {(f"pbx-{number}.voice.lab.test", "A"): [f"127.0.9.{number + 1}"] for number in range(30)}

    async def story(dns, sipsteer, alice):
        await until(lambda: len(addresses(sipsteer)) == 30, "thirty servers")
        assert addresses(sipsteer)["pbx-7.voice"] == ["udp:127.0.9.8:5060"]
        await alice.options(f"sip:{PROXY[0]}:{PROXY[1]}")       # so that the law has something to count
    run({}, records, story, mode="well", more=CLUSTER + "[health]\nprobe_interval = 0\n")


def cpu_ticks(pid):
    with open(f"/proc/{pid}/stat") as stat:
        return sum(map(int, stat.read().rsplit(")", 1)[1].split()[11:13]))


def assert_rests(sipsteer, seconds=3):
    before = cpu_ticks(sipsteer.pid)
    time.sleep(seconds)
    used = (cpu_ticks(sipsteer.pid) - before) / os.sysconf("SC_CLK_TCK")
    assert used < 0.5, f"{used} s of CPU in {seconds} s"


def test_no_dns_at_all_costs_nothing(binary, namespace, tmp_path):
    """Nobody listens at the name server's port: the refusals are read, or each would wake the proxy again and again."""
    if namespace is None:
        pytest.skip("a mount namespace needs root")
    program = with_resolv_conf(binary, tmp_path)
    servers = [("pbx", "sip:pbx.lab.test"), ("near", "sip:127.0.1.1:5060")]
    with Sipsteer(cluster_config(servers, more=MORE), program) as sipsteer:
        assert_rests(sipsteer)


def test_no_route_to_the_name_server(binary, namespace, tmp_path):
    """As while an interface is down: the proxy starts, does not try again and again, and asks once there is a route; and it
    ends when it is told to, also with the route gone once more."""
    if namespace is None:
        pytest.skip("a mount namespace and an address need root")
    address = "10.255.255.53"

    def ip(*words):
        subprocess.run(["ip", *words], check=True)

    ip("route", "add", "unreachable", address)      # the default route of the namespace leads everywhere
    program = with_resolv_conf(binary, tmp_path, nameserver=address)
    servers = [("one", "sip:near.lab.test:5070"), ("near", "sip:127.0.1.2:5060")]
    with Sipsteer(cluster_config(servers, more=MORE), program) as sipsteer:
        assert_rests(sipsteer)
        assert addresses(sipsteer) == {"one": [], "near": ["udp:127.0.1.2:5060"]}
        ip("address", "add", f"{address}/32", "dev", "lo")
        try:
            with DnsServer(ONE, address=(address, 53)):
                asyncio.run(until(lambda: addresses(sipsteer)["one"] == ["udp:127.0.1.1:5070"], "the name resolves"))
        finally:
            ip("address", "del", f"{address}/32", "dev", "lo")
        assert_rests(sipsteer)
        assert addresses(sipsteer)["one"] == ["udp:127.0.1.1:5070"]
    ip("route", "del", "unreachable", address)


@pytest.mark.parametrize("mode", ["well", "refuses", "silent"])
def test_check_warns_of_names_that_do_not_resolve(binary, namespace, tmp_path, mode):
    """A warning alone, whatever is wrong with DNS, and soon."""
    if namespace is None:
        pytest.skip("port 53 and a mount namespace need root")
    file = tmp_path / "sipsteer.toml"
    file.write_text(cluster_config([("pbx-2", "sip:two.lab.test"), ("pbx-1", "sip:none.lab.test")],
                                   more='[transfer]\nfallback = "sip:replaces@nowhere.lab.test"\n'))
    began = time.monotonic()
    with DnsServer(TWO) as dns:
        dns.mode = mode
        answer = subprocess.run([with_resolv_conf(binary, tmp_path), "check", "-c", file, "--json"], capture_output=True,
                                text=True, timeout=30)
    assert time.monotonic() - began < 4
    report = json.loads(answer.stdout)
    assert answer.returncode == 0 and report["ok"], answer.stdout
    lines = file.read_text().splitlines()
    found = [(warning["key"], lines[warning["line"] - 1], warning["message"]) for warning in report["warnings"]
             if "resolve" in warning["message"]]
    assert found == ([] if mode == "well" else [
        ("server.uri", 'uri = "sip:two.lab.test"', '"two.lab.test" does not resolve now: "pbx-2" takes no calls until it does')]) + [
        ("server.uri", 'uri = "sip:none.lab.test"', '"none.lab.test" does not resolve now: "pbx-1" takes no calls until it does'),
        ("transfer.fallback", 'fallback = "sip:replaces@nowhere.lab.test"',
         '"nowhere.lab.test" does not resolve now: no transfer goes there until it does')]

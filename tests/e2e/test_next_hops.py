"""Requests of a server to host names (RFC 3263): what DNS says, and what happens while it does not."""

import json
import subprocess
import time

import pytest

from lab.datagrams import Wire, header, request, tag
from lab.dns_server import DnsServer, with_resolv_conf

TWO_ADDRESSES = {("carrier.lab.test", "A"): ["127.0.3.1", "127.0.3.2"]}
TWO_TARGETS = {("_sip._udp.carrier.lab.test", "SRV"): [(1, 3, 5071, "one.lab.test"), (1, 1, 5072, "two.lab.test"),
                                                       (2, 9, 5073, "later.lab.test")],
               ("one.lab.test", "A"): ["127.0.3.1"], ("two.lab.test", "A"): ["127.0.3.2"], ("later.lab.test", "A"): ["127.0.3.3"]}


@pytest.fixture
def run(binary, namespace, tmp_path):
    """run(records, story): story(dns, wire, server) with a proxy that asks this DNS, and one server."""
    if namespace is None:
        pytest.skip("port 53 and a mount namespace need root")

    def play(records, story, mode="well", more=""):
        with DnsServer(records, ttl=60) as dns:
            dns.mode = mode
            with Wire(with_resolv_conf(binary, tmp_path), servers=1, more=more, level="info") as wire:
                story(dns, wire, wire.servers[0])
    return play


def call(server, number, method="INVITE", host="carrier.lab.test"):
    return request(method, f"sip:bob@{host}", server.via, f"out-{number}", f"s{number}", branch=f"z9hG4bK-out-{number}")


def arrival(hosts, what, seconds=10):
    """The first (host, text) that starts with `what`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for host in hosts:
            for text in (data.decode("latin-1") for data in host.waiting()):
                if text.startswith(what):
                    return host, text
        time.sleep(0.02)
    raise AssertionError(f"no {what} arrived")


def test_a_hundred_copies_and_the_cancel_meet_one_address(run):
    def story(dns, wire, server):
        carriers = [wire.host("127.0.3.1"), wire.host("127.0.3.2")]
        for _ in range(100):
            server.send(call(server, 1))
        chosen, invite = arrival(carriers, "INVITE")
        other, = (one for one in carriers if one is not chosen)
        for _ in range(100):
            server.send(call(server, 1))
        server.send(call(server, 1, "CANCEL"))
        deadline, copies, cancel = time.monotonic() + 10, 1, None
        while cancel is None and time.monotonic() < deadline:
            text = chosen.receive(1)
            if text and text.startswith("CANCEL"):
                cancel = text
            elif text:
                assert text == invite       # the same bytes, every time
                copies += 1
        assert cancel and copies >= 101     # those before DNS had answered may be absorbed
        assert header(cancel, "Via") == header(invite, "Via")
        assert not list(other.waiting())
        assert dns.asked["carrier.lab.test", "A"] == 1
    run(TWO_ADDRESSES, story)


def test_srv_spreads_the_calls_by_weight(run):
    def story(dns, wire, server):
        hosts = {port: wire.host(f"127.0.3.{number}", port) for number, port in ((1, 5071), (2, 5072), (3, 5073))}
        server.send(call(server, 0))
        arrival(hosts.values(), "INVITE")
        for number in range(1, 201):
            server.send(call(server, number, "OPTIONS"))
        counts, deadline = dict.fromkeys(hosts, 0), time.monotonic() + 10
        while sum(counts.values()) < 200 and time.monotonic() < deadline:
            for port, host in hosts.items():
                counts[port] += sum(1 for data in host.waiting() if data.startswith(b"OPTIONS"))
        assert sum(counts.values()) == 200 and counts[5073] == 0      # the second priority is for later
        assert 120 < counts[5071] < 180, counts                       # three quarters; 5 standard deviations
    run(TWO_TARGETS, story)


def test_a_name_that_is_not_there(run):
    def story(dns, wire, server):
        server.send(call(server, 1, host="nowhere.lab.test"))
        _, answer = arrival([server], "SIP/2.0")
        assert answer.startswith("SIP/2.0 404 ")
        asked = dict(dns.asked)
        server.send(request("ACK", "sip:bob@nowhere.lab.test", server.via, "out-1", "s1", branch="z9hG4bK-out-1",
                            to_tag=tag(answer, "To")))
        server.send(call(server, 2, host="nowhere.lab.test"))
        assert arrival([server], "SIP/2.0")[1].startswith("SIP/2.0 404 ")
        assert dns.asked == asked           # remembered
    run({}, story)


def test_dns_is_silent_and_comes_back(run):
    def story(dns, wire, server):
        server.send(call(server, 1))
        start = time.monotonic()
        _, answer = arrival([server], "SIP/2.0")
        assert answer.startswith("SIP/2.0 503 ") and header(answer, "Retry-After") == "5"
        assert time.monotonic() - start > 0.4
        dns.mode = "well"
        carriers, deadline, number = [wire.host("127.0.3.1"), wire.host("127.0.3.2")], time.monotonic() + 60, 2
        while not any(data.startswith(b"INVITE") for host in carriers for data in host.waiting()):
            assert time.monotonic() < deadline, "no call goes on"
            server.send(call(server, number))
            number += 1
            time.sleep(0.7)
        list(server.waiting())
    run(TWO_ADDRESSES, story, mode="silent")


def test_dns_fails_and_what_it_said_stays(run):
    def story(dns, wire, server):
        carriers = [wire.host("127.0.3.1"), wire.host("127.0.3.2")]
        server.send(call(server, 1))
        arrival(carriers, "INVITE")
        dns.mode = "refuses"
        for number in range(2, 10):
            server.send(call(server, number))
            arrival(carriers, "INVITE")
    run(TWO_ADDRESSES, story)


def test_strangers_have_nothing_looked_up(run):
    def story(dns, wire, server):
        stranger = wire.host("127.0.2.66")
        stranger.send(request("INVITE", "sip:bob@carrier.lab.test", stranger.via, "x-1", "x"))
        stranger.send(request("INVITE", "sip:bob@carrier.lab.test", stranger.via, "x-2", "x",
                              more=["Route: <sip:carrier.lab.test;lr>"]))
        stranger.send(request("INVITE", "sip:bob@127.0.0.1", "carrier.lab.test", "x-3", "x"))
        found = [text for _, text in wire.serve(1)]
        assert any(text.startswith("SIP/2.0 403 ") for text in found) and not dns.asked
    run(TWO_ADDRESSES, story)


def test_explain_asks_dns_and_a_running_proxy_shows_what_it_knows(run, binary, tmp_path):
    def explained(words, server):
        result = subprocess.run([*words, "--json", "--from", f"udp:{server.via}"], input=call(server, 1), text=True,
                                capture_output=True, timeout=20)
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout)

    def story(dns, wire, server):
        program = tmp_path / "sipsteer-with-dns"
        config = str(wire.sipsteer.config_file)
        offline = explained([program, "explain", "-c", config], server)
        assert offline["next_hop"] == "udp:127.0.3.1:5060" and offline["reason"] == "new_call"
        assert "next hop by name: carrier.lab.test" in offline["steps"]
        carrier = wire.host("127.0.3.1")
        server.send(call(server, 1))
        arrival([carrier], "INVITE")
        deadline = time.monotonic() + 10
        while "event=next_hop name=carrier.lab.test addresses=udp:127.0.3.1:5060" not in wire.sipsteer.log():
            assert time.monotonic() < deadline, wire.sipsteer.log()
            time.sleep(0.05)
    run({("carrier.lab.test", "A"): ["127.0.3.1"]}, story)

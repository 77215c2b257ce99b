"""More than anybody should send (faults.md §2, 16, 25, 29, 30, 32)."""

import asyncio
import contextlib
import os
import pathlib
import random
import threading
import time

import pytest

from lab.datagrams import PROXY, Host, Wire, header, request
from lab.phone import Phone, started
from lab.sipsteer import Sipsteer, cluster_config
from lab.stub_server import StubServer

CORPUS = pathlib.Path(__file__).resolve().parents[1] / "corpus"


def test_flood(binary):
    """Somebody sends INVITEs as fast as he can, at least twenty for each message of the others. limits.rate_per_source lets 100 a
    second of his through; the calls of everybody else come up, and of his nothing stays in the call table."""
    servers = [StubServer(f"pbx-{number}", f"127.0.1.{number}", 5060, PROXY, rtp=False) for number in (1, 2)]
    phones = [Phone(f"phone{number}", f"127.0.2.{number}", 5060, PROXY, rtp=False) for number in range(1, 9)]
    more = "[health]\nprobe_interval = 0\n[limits]\nrate_per_source = 100\n[calls]\nmax = 5000\n"
    sipsteer = Sipsteer(cluster_config([(server.name, f"sip:{server.host}:5060") for server in servers], more=more,
                                       level="warning"), binary)
    attacker, stop, sent = Host("127.0.2.66"), threading.Event(), [0]

    def attack():
        while not stop.is_set():
            for _ in range(20):
                sent[0] += 1
                attacker.send(request("INVITE", "sip:carol@127.0.0.1", attacker.via, f"flood{sent[0]}", "f"))
            attacker.waiting()
            time.sleep(0.005)      # some 4,000 a second: as many as a busy test machine still receives

    async def good(phone):
        for _ in range(3):
            call = await phone.call("carol")
            await call.answered(35)
            await asyncio.sleep(0.1)
            await call.hangup()

    async def story():
        async with started(*servers, *phones):
            for server in servers:
                server.ring_seconds, server.reject_with = 0.02, None
            await asyncio.to_thread(sipsteer.start)
            thread = threading.Thread(target=attack)
            thread.start()
            try:
                await asyncio.wait_for(asyncio.gather(*map(good, phones)), 110)
            finally:
                stop.set()
                thread.join()
            return sum(len(server.invites) for server in servers)

    with contextlib.closing(attacker), contextlib.ExitStack() as stack:
        stack.push(sipsteer)      # started by the story, once the servers are there
        invites = asyncio.run(story())
        metrics = sipsteer.assert_counter_law()
        limited = metrics.sum("sipsteer_messages_dropped_total", reason="rate_limited")
        assert invites >= 24 and limited > sent[0] / 2, f"{limited} of {sent[0]}"
        assert metrics.sum("sipsteer_pin_table_entries") <= 5000
        assert metrics.sum("sipsteer_call_table_entries") <= 2 * invites


def test_unanswered_invites_cost_no_owner(binary):
    """Nobody answers 20,000 INVITEs: pins make room for pins, and the calls that are up stay known."""
    with Wire(binary, servers=2, more='[transfer]\nprobe = false\nunmatched = "reject"\n[calls]\nmax = 2000\n') as wire:
        phone, attacker = wire.host("127.0.2.1"), wire.host("127.0.2.66")
        wire.exchange(phone, [request("INVITE", "sip:carol@127.0.0.1", phone.via, f"good{number}", f"p{number}")
                              for number in range(500)])
        for server in wire.servers:
            server.answers = False
        for begin in range(0, 20000, 200):
            for number in range(begin, begin + 200):
                attacker.send(request("INVITE", "sip:carol@127.0.0.1", attacker.via, f"bad{number}", "x"))
            wire.serve(0.02)
        wire.serve(0.2)
        metrics = wire.sipsteer.metrics()
        assert metrics.sum("sipsteer_pin_table_entries") <= 2000
        assert metrics.sum("sipsteer_call_table_entries") == 500
        for server in wire.servers:
            server.answers = True
        wire.exchange(phone, [request("INVITE", "sip:carol@127.0.0.1", phone.via, f"take{number}", "x", more=[
            f"Replaces: good{number};to-tag=s{owner.number}-good{number};from-tag=p{number}"])
            for number in range(500) for owner in wire.servers if f"s{owner.number}-good{number}" in owner.dialogs])
        assert wire.misroutes() == {} and wire.sipsteer.decisions()["transfer_owner"] >= 500


def test_collide(binary):
    """80,000 Call-IDs that differ little, as somebody would choose them, over 16 servers: none gets 5 % more or less than
    its share. The key is a fixed one: 5 % are 3.7 standard deviations, so some keys in a hundred would do worse."""
    with Wire(binary, servers=16) as wire:
        wire.sipsteer.kill()
        (wire.sipsteer.home / "cluster.key").write_text(bytes(range(32)).hex() + "\n")
        wire.sipsteer.start()
        phone = wire.host("127.0.2.66")
        for server in wire.servers:
            server.answers = False
        total = 80000
        for begin in range(0, total, 500):
            for number in range(begin, begin + 500):
                phone.send(f"MESSAGE sip:c@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {phone.via};branch=z9hG4bK{number}\r\n"
                           f"From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: aaaaaaaaaaaaaaaa{number:08}\r\n"
                           "CSeq: 1 MESSAGE\r\nMax-Forwards: 70\r\n\r\n")
            wire.serve(0.02)
        wire.serve_until(lambda: sum(server.received for server in wire.servers) >= total, "all have arrived")
        shares = [server.received * 16 / total for server in wire.servers]
        assert sum(server.received for server in wire.servers) == total
        assert max(abs(share - 1) for share in shares) < 0.05, shares


def corpus_messages():
    return [path.read_bytes() for kind in ("torture", "faults") for path in sorted((CORPUS / kind).glob("*.sip"))]


def spoiled(noise):
    """Requests that get an answer of our own, long ones and the shortest there are, with a little broken at random."""
    whole = request("OPTIONS", "sip:127.0.0.1", "127.0.2.66:5060", "c", "t")
    short = ("OPTIONS sip:a SIP/2.0\r\nv:SIP/2.0/UDP a\r\nf:<a:b>;tag=1\r\nt:<a:b>\r\ni:1\r\nCSeq:1 OPTIONS\r\n\r\n")
    for text in (whole, short, whole.replace("70", "0"), short.replace("v:", "Max-Forwards:0\r\nv:"),
                 whole.replace("Max-Forwards", "Proxy-Require"), whole.replace("sip:127", "soap:127"),
                 whole.replace("SIP/2.0\r\nVia", "SIP/7.0\r\nVia"), whole.replace("CSeq: 1", "CSeq: x")):
        yield text.encode()
        for _ in range(150):
            broken = bytearray(text.encode())
            for _ in range(noise.randrange(1, 4)):
                broken[noise.randrange(len(broken))] = noise.choice(b"\r\n\0:;<>\"= x0\xff")
            yield bytes(broken)


def test_amplify(binary):
    """Whatever a stranger sends: at most one answer comes back, and it is no longer than what he sent."""
    with Wire(binary, servers=1, more='[transfer]\nprobe = false\nunmatched = "reject"\n') as wire:
        for server in wire.servers:
            server.answers = False
        stranger, answered = wire.host("127.0.2.66"), 0
        for number, message in enumerate([*corpus_messages(), *spoiled(random.Random(25))]):
            stranger.send(message)
            # One worker has both, in this order: what comes before the answer to this belongs to the message.
            stranger.send(request("OPTIONS", "sip:127.0.0.1", stranger.via, f"marker{number}", "m"))
            got = []
            while (text := stranger.receive()) and header(text, "Call-ID") != f"marker{number}":
                got.append(text)
            assert text, message
            answered += len(got)
            assert len(got) <= 1, (message, got)
            assert all(len(text) <= len(message) for text in got), (message, got)
        assert answered > 300


def test_logflood(binary):
    """The log goes to /dev/full, then to a pipe that nobody reads; every message is a line. All are routed."""
    reader, writer = os.pipe()
    for log in (open("/dev/full", "wb"), os.fdopen(writer, "wb")):
        with Wire(binary, servers=2, level="debug", more='[transfer]\nunmatched = "strip"\nprobe = false\n') as wire:
            wire.sipsteer.kill()
            with log:
                wire.sipsteer.start(log=log)
            phone = wire.host("127.0.2.1")
            answers = wire.exchange(phone, [
                request("INVITE", "sip:carol@127.0.0.1", phone.via, f"c{number}", "t",
                        more=["Replaces: nobody's;to-tag=a;from-tag=b"]) for number in range(5000)])
            assert len(answers) == 5000
            assert {answer[8:11] for answer in answers.values()} == {"200"}
    os.close(reader)


def test_log_lines_are_limited(binary):
    """A stranger's 3,000 transfers at once: a few lines, and how many were left out."""
    with Wire(binary, servers=1, level="info", more='[transfer]\nunmatched = "reject"\nprobe = false\n') as wire:
        phone = wire.host("127.0.2.1")
        begun = time.monotonic()
        wire.exchange(phone, [request("INVITE", "sip:carol@127.0.0.1", phone.via, f"c{number}", "t", more=[
            "Replaces: nobody's;to-tag=a;from-tag=b"]) for number in range(3000)])
        time.sleep(1.1)
        wire.exchange(phone, [request("INVITE", "sip:carol@127.0.0.1", phone.via, "last", "t", more=[
            "Replaces: nobody's;to-tag=a;from-tag=b"])])
        deadline = time.monotonic() + 5
        while not wire.sipsteer.log_events("transfer", call_id="last") and time.monotonic() < deadline:
            time.sleep(0.02)
        lines = wire.sipsteer.log_events("transfer")
        suppressed = sum(int(line.get("suppressed", 0)) for line in lines)
        assert len(lines) + suppressed >= 3001
        assert len(lines) <= 1000 * (time.monotonic() - begun + 1)


@pytest.mark.parametrize("ring", (2, 3))
def test_loops(binary, ring):
    """Proxies whose only server is the next one, in a ring: Max-Forwards ends what goes round, one copy at a time, with one
    answer."""
    addresses = [f"127.0.0.{10 + number}" for number in range(ring)]
    with contextlib.ExitStack() as stack:
        proxies = [stack.enter_context(Sipsteer(cluster_config(
            [("next", f"sip:{addresses[(number + 1) % ring]}:5060")], listen=f"{address}:5060", http=f"{address}:8060",
            more='[health]\nprobe_interval = 0\n[transfer]\nunmatched = "forward"\nprobe = false\n', level="warning"), binary))
            for number, address in enumerate(addresses)]
        phone = stack.enter_context(contextlib.closing(Host("127.0.2.1")))
        for method, call_id, more in (("MESSAGE", "message", []), ("INVITE", "call", []),
                                      ("INVITE", "transfer", ["Replaces: x;to-tag=a;from-tag=b"])):
            before = sum(proxy.metrics().sum("sipsteer_messages_received_total", kind="request") for proxy in proxies)
            phone.send(request(method, f"sip:carol@{addresses[0]}", phone.via, call_id, "t", more=more), (addresses[0], 5060))
            answer = phone.receive(10)
            assert answer and header(answer, "Call-ID") == call_id, answer
            # An INVITE that goes round has more than 128 header lines before it has no hops left.
            assert answer[8:11] in (("483", "482") if method == "MESSAGE" else ("483", "482", "400")), answer
            assert phone.receive(0.3) is None, "one request, one answer"
            received = sum(proxy.metrics().sum("sipsteer_messages_received_total", kind="request") for proxy in proxies)
            assert received - before <= 71
        for proxy in proxies:
            proxy.assert_counter_law()


def test_scanners(binary):
    """What finds its way to any open port: one counter each, and nothing goes out."""
    noise = random.Random(3)
    junk = [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"\x00\x01\x00\x00\x21\x12\xa4B" + b"x" * 12,
            b"\x80\x00" + b"\x11" * 170, b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03www\x00\x00\x01\x00\x01",
            b"<?xml version='1.0'?>", b"INVITE", b"SIP/2.0", b"INVITE sip:a SIP/2.0", b"\xff" * 1400,
            *(noise.randbytes(noise.randrange(1, 1500)) for _ in range(500))]
    with Wire(binary, servers=1) as wire:
        stranger = wire.host("127.0.2.66")
        for data in [*junk, b"", b"\r\n", b"\r\n\r\n", b"\0", b"\0\0\0\0"]:
            stranger.send(data)
        came = wire.serve_until(lambda: wire.sipsteer.metrics().law()[0] >= len(junk), "all is counted")
        assert came + wire.serve(0.2) == [] and wire.servers[0].received == 0
        metrics = wire.sipsteer.metrics()
        assert metrics.law()[0] == len(junk) == metrics.sum("sipsteer_messages_dropped_total")
        assert metrics.sum("sipsteer_keepalives_total") == 5

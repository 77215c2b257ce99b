"""What operators look at: the status page, the sources that it reads, and sipsteerctl on the admin socket."""

import asyncio
import contextlib
import json
import os
import pathlib
import subprocess

import pytest

from lab.phone import Phone, started
from lab.sipsteer import Sipsteer, cluster_config
from lab.stub_server import StubServer

PROXY = ("127.0.0.1", 5060)
INVITE = """INVITE sip:bob@127.0.0.1 SIP/2.0
Via: SIP/2.0/UDP 127.0.2.1:5060;branch=z9hG4bK-explain
From: <sip:alice@example.com>;tag=from-explain
To: <sip:bob@example.com>
Call-ID: explain@example.com
CSeq: 1 INVITE
Max-Forwards: 70
Content-Length: 0

"""
SERVERS = [("pbx-1", "sip:127.0.1.1:5060"), ("pbx-2", "sip:127.0.1.2:5060")]


@pytest.fixture
def proxy(binary):
    with Sipsteer(cluster_config(SERVERS), binary) as running:
        yield running


def test_the_status_page_and_what_it_reads(proxy):
    status, page = proxy.get("/")
    assert status == 200 and page.startswith("<!doctype html>")
    for source in ("/api/v1/status", "/api/v1/servers", "/api/v1/statistics"):
        assert f'"{source}' in page
        assert proxy.get(source)[0] == 200
    # Nothing from elsewhere: the one address in it is the name of SVG's elements.
    assert page.replace("http://www.w3.org/2000/svg", "").count("http") == 0
    assert "innerHTML" not in page and "style=" not in page and "onclick" not in page
    servers = json.loads(proxy.get("/api/v1/servers")[1])["servers"]
    assert [server["name"] for server in servers] == ["pbx-1", "pbx-2"]
    assert proxy.metrics().sum("sipsteer_server_up") == sum(server["up"] for server in servers)
    assert json.loads(proxy.get("/api/v1/status")[1])["pin_table_entries"] == 0


def test_verbs(proxy, ctl):
    def ask(*words, **more):
        return ctl("-s", proxy.admin_socket, *words, **more)

    servers = ask("servers")
    assert servers.returncode == 0, servers.stderr
    assert [line.split()[:2] for line in servers.stdout.splitlines()] == [
        ["NAME", "ADDRESS"], ["pbx-1", "udp:127.0.1.1:5060"], ["pbx-2", "udp:127.0.1.2:5060"]]
    asked = json.loads(ask("-o", "json", "servers").stdout)
    answered = json.loads(proxy.get("/api/v1/servers")[1])
    for server in asked["servers"] + answered["servers"]:
        del server["rtt_ms"]        # a check may have come between the two
    assert asked == answered
    status = ask("status")
    assert status.returncode == 0 and "version" in status.stdout
    assert json.loads(ask("status", "-o", "json").stdout)["version"] in ask("version").stdout

    unknown = ask("owner", "no/such call%")
    assert (unknown.returncode, unknown.stdout, "unknown" in unknown.stderr) == (1, "", True)
    assert json.loads(ask("owner", "none", "-o", "json").stdout) == {"error": "unknown"}


def test_explain_sees_the_live_tables_and_leaves_them(binary, ctl):
    """A call that sipsteer has seen: explain finds its owner and says so, and learns nothing itself."""
    bob = StubServer("pbx-1", "127.0.1.1", 5060, PROXY, rtp=False)
    alice = Phone("alice", "127.0.2.1", 5060, PROXY, rtp=False)
    sipsteer = Sipsteer(cluster_config(SERVERS[:1], more='[transfer]\nunmatched = "reject"\n'), binary)

    async def story():
        async with started(bob, alice):
            await asyncio.to_thread(sipsteer.start)
            call = await alice.call("bob")
            await call.answered(10)
            await asyncio.to_thread(sipsteer.assert_counter_law)     # the ACK as well has been counted
            await asyncio.to_thread(look, call)

    def look(call):
        socket = ("-s", sipsteer.admin_socket)
        owner = ctl(*socket, "owner", call.call_id)
        assert owner.returncode == 0 and "pbx-1" in owner.stdout, owner.stdout + owner.stderr
        before = sipsteer.metrics()
        replaces = f"Replaces: {call.call_id};to-tag={call.remote_tag};from-tag={call.local_tag}\n"
        for text, reason in ((INVITE, "new_call"), (INVITE.replace("Max-", replaces + "Max-"), "transfer_owner")):
            for _ in range(2):      # asked twice, told the same: nothing was pinned
                told = ctl(*socket, "-o", "json", "explain", "--from", "udp:127.0.2.9:5060", text=text)
                assert told.returncode == 0, told.stderr
                assert (json.loads(told.stdout)["reason"], json.loads(told.stdout)["server"]) == (reason, "pbx-1")
        people = ctl(*socket, "explain", text=INVITE)
        assert "reason    new_call" in people.stdout and "INVITE sip:" in people.stdout
        after = sipsteer.metrics()
        for name in ("sipsteer_messages_received_total", "sipsteer_decisions_total", "sipsteer_pin_table_entries",
                     "sipsteer_call_table_entries"):
            assert before.sum(name) == after.sum(name), name
        # The answer does not tell a known dialog from another; explain does.
        assert ctl(*socket, "maint", "pbx-1").returncode == 0
        for known, text in ((True, replaces), (False, replaces.replace("to-tag=", "to-tag=x"))):
            told = ctl(*socket, "explain", text=INVITE.replace("Max-", text + "Max-")).stdout
            assert "481 Call Does Not Exist" in told and ("that server is down" in told) == known, told

    with contextlib.ExitStack() as stack:
        stack.push(sipsteer)
        asyncio.run(story())


def test_registrar(binary, ctl):
    """Where a user is registered, for people and for scripts; only the admin socket tells it."""
    bob = StubServer("pbx-1", "127.0.1.1", 5060, PROXY, rtp=False)
    alice = Phone("alice", "127.0.2.1", 5060, PROXY, rtp=False)
    sipsteer = Sipsteer(cluster_config(SERVERS[:1]), binary)

    async def story():
        async with started(bob, alice):
            await asyncio.to_thread(sipsteer.start)
            assert await alice.register(expires=300) == 200
            told = await asyncio.to_thread(ctl, "-s", sipsteer.admin_socket, "registrar", "%61lice")
            assert told.returncode == 0 and "pbx-1" in told.stdout, told.stderr
            unknown = await asyncio.to_thread(ctl, "-s", sipsteer.admin_socket, "registrar", "bob")
            assert (unknown.returncode, unknown.stdout) == (1, "")
            assert (await asyncio.to_thread(sipsteer.get, "/api/v1/registrars/alice"))[0] == 404
            metrics = await asyncio.to_thread(sipsteer.metrics)
            assert metrics.sum("sipsteer_binding_table_entries") == 1

    with contextlib.ExitStack() as stack:
        stack.push(sipsteer)
        asyncio.run(story())


def test_explain_refuses_what_it_cannot_read(proxy, ctl):
    bad = ctl("-s", proxy.admin_socket, "explain", "--from", "nowhere", text=INVITE)
    assert bad.returncode == 1 and "nowhere" in bad.stderr
    assert ctl("-s", proxy.admin_socket, "explain").returncode == 1      # no message at all
    assert proxy.get("/api/v1/explain")[0] == 404                       # not over TCP


def test_no_proxy_there(ctl, tmp_path):
    gone = ctl("-s", tmp_path / "none.sock", "status")
    assert gone.returncode == 2 and not gone.stdout
    assert str(tmp_path / "none.sock") in gone.stderr and "process.admin_socket" in gone.stderr
    version = ctl("-s", tmp_path / "none.sock", "version")
    assert version.returncode == 2 and version.stdout.startswith("sipsteerctl")


@pytest.mark.parametrize("verb", ("tail", "halt"))
def test_verbs_that_are_not_there_say_which_are(ctl, verb):
    answer = ctl(verb)
    assert answer.returncode == 64 and not answer.stdout
    assert verb in answer.stderr and "explain" in answer.stderr


def without_socket(text):
    return text.replace('admin_socket = "admin.sock"\n', "")


def test_the_default_socket_is_found_and_a_taken_one_is_a_warning(binary, ctl, tmp_path, monkeypatch):
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    with Sipsteer(without_socket(cluster_config(SERVERS)), binary) as first:
        assert (tmp_path / "admin.sock").is_socket()
        assert ctl("servers").returncode == 0
        second_config = without_socket(cluster_config(SERVERS, listen="127.0.0.2:5060", http="127.0.0.1:8061"))
        with Sipsteer(second_config, binary) as second:
            assert "admin socket" in second.wait_log("admin")[0]["message"]
        # The second one has left the first one's socket alone.
        assert ctl("servers").returncode == 0
        assert first.get("/live")[0] == 200
    assert not (tmp_path / "admin.sock").exists()


def test_a_written_socket_that_is_taken_is_an_error(proxy, binary):
    taken = cluster_config(SERVERS, listen="127.0.0.2:5060", http="127.0.0.1:8061").replace(
        '"admin.sock"', f'"{proxy.admin_socket}"')
    second = Sipsteer(taken, binary)
    try:
        with pytest.raises(RuntimeError, match="admin socket"):
            second.start()
    finally:
        second.stop(expect=1)


def test_off(binary):
    with Sipsteer(cluster_config(SERVERS).replace('"admin.sock"', '""'), binary) as sipsteer:
        assert not list(pathlib.Path(sipsteer.home).glob("*.sock"))
        assert not sipsteer.log_events("admin")
        assert os.path.exists(sipsteer.config_file)

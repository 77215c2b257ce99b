"""What operators can look up about single messages while they pass: top, trace, the story of a transfer, the text of a
call, and refused credentials."""

import asyncio
import json
import re
import subprocess
import time
import urllib.parse

from lab.sip import Replaces
from test_stub_cluster import Cluster


def run(binary, story, *phones):
    cluster = Cluster(binary)
    for phone in phones:
        cluster.phone(phone)
    cluster.run(story)


async def in_thread(function, *arguments, **options):
    return await asyncio.to_thread(function, *arguments, **options)


async def stories(cluster):
    status, text = await in_thread(cluster.sipsteer.get, "/api/v1/transfers")
    assert status == 200, text
    return json.loads(text)


async def until(look, seconds=10):
    """Waits until the coroutine function returns something true."""
    for _ in range(int(seconds * 20)):
        if value := await look():
            return value
        await asyncio.sleep(0.05)
    raise AssertionError(f"not within {seconds} s: {look}")


class Trace:
    """`sipsteerctl trace` in the background."""

    def __init__(self, binary, proxy, *words):
        self._process = subprocess.Popen([binary.parent / "sipsteerctl", "-s", proxy.admin_socket, "-o", "json", "trace", *words],
                                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        time.sleep(0.5)     # it has opened its session; a slower one would miss messages and fail, not pass

    def result(self):
        """(exit status, the messages, standard error)"""
        out, err = self._process.communicate(timeout=30)
        return self._process.returncode, [json.loads(line) for line in out.splitlines()], err


def start_lines(messages):
    return [message["message"].split("\r\n")[0] for message in messages]


def test_the_story_of_a_transfer(binary):
    """From the REFER on: counted and logged before the INVITE, with the owner; then NOTIFY, decision and answer."""
    async def story(cluster):
        bob, = cluster.phones
        transferee, target, taken = await cluster.transfer(bob, "aor", False, True)
        told = await until(lambda: finished(cluster))
        assert told["refers"] == {"other_server": 1, "same_server": 0, "unknown": 0}
        only, = told["transfers"]
        assert (only["reason"], only["server"], only["owner"], only["referred_at"], only["status"]) == (
            "transfer_owner", target.name, target.name, transferee.name, 200)
        assert only["invite_call_id"] == taken.call_id
        steps = [step["message"] for step in only["steps"]]
        assert steps[0] == "REFER"
        assert steps.index("REFER") < steps.index("INVITE") < steps.index("200 (INVITE)")
        assert "202 (REFER)" in steps and "NOTIFY" in steps
        invite = only["steps"][steps.index("INVITE")]
        assert (invite["from"], invite["to"], invite["reason"]) == (transferee.name, target.name, "transfer_owner")
        log = await in_thread(cluster.sipsteer.log)
        assert log.index("event=refer ") < log.index("event=transfer ")
        refer, = await in_thread(cluster.sipsteer.log_events, "refer")
        assert (refer["owner_is"], refer["owner"], refer["server"]) == ("other_server", target.name, transferee.name)

    async def finished(cluster):
        told = await stories(cluster)
        return told["transfers"] and told["transfers"][0]["status"] and told

    run(binary, story, "bob")


def test_stories_of_transfers_that_fail(binary):
    """Without a REFER the story begins with the INVITE; a REFER to an unknown dialog says so."""
    async def story(cluster):
        bob, = cluster.phones
        assert await (await bob.call("carol", replaces=Replaces("nobody", "a", "b"))).final() == 481
        only, = (await stories(cluster))["transfers"]
        assert (only["reason"], only["server"], only["refer_call_id"], only["replaced_call_id"]) == (
            "transfer_rejected", "", "", "nobody")
        first, _ = await cluster.talk(bob)
        second, _ = await cluster.talk(bob)
        await second.hangup()
        assert await first.refer_attended(second) != 200        # a transfer to a call that has just ended
        told = await stories(cluster)
        assert sum(told["refers"].values()) == 1
        last = told["transfers"][0]
        assert last["refer_call_id"] == first.call_id and last["replaced_call_id"] == second.call_id
        assert last["status"] == 0 or last["status"] >= 300
        await first.hangup()

    run(binary, story, "bob")


def test_trace_of_one_call(binary):
    async def story(cluster):
        bob, = cluster.phones
        call, server = await cluster.talk(bob)
        trace = await in_thread(Trace, binary, cluster.sipsteer, "--call-id", call.call_id, "--for", "3s")
        other, _ = await cluster.talk(bob)
        await other.hangup()
        await call.hangup()
        status, messages, error = await in_thread(trace.result)
        assert status == 0, error
        # A repeated 200, and its ACK, may still be on their way.
        bye, ok, *repeated = [message for message in messages if "BYE" in message["message"]]
        assert bye["message"].startswith("BYE ") and ok["message"].startswith("SIP/2.0 200 OK")
        assert all(f"Call-ID: {call.call_id}" in message["message"] for message in messages)
        assert (bye["to_server"], bye["outcome"], bye["reason"]) == (server.name, "forwarded", "in_dialog")
        assert (ok["from_server"], ok["reason"]) == (server.name, "response")

    run(binary, story, "bob")


def test_trace_of_transfers(binary):
    async def story(cluster):
        bob, = cluster.phones
        trace = await in_thread(Trace, binary, cluster.sipsteer, "--replaces", "--for", "3s")
        await cluster.transfer(bob, "aor", False, False)
        status, messages, error = await in_thread(trace.result)
        assert status == 0, error
        lines = start_lines(messages)
        assert lines[0].startswith("REFER ")
        methods = {line.split()[0] for line in lines}
        assert {"REFER", "NOTIFY", "INVITE"} <= methods
        assert [message["reason"] for message in messages if "\r\nReplaces:" in message["message"]] == ["transfer_owner"]

    run(binary, story, "bob")


def test_trace_ends(binary, ctl):
    """Nothing in the time given: 3. A fifth one at the same time: refused. Who goes is forgotten."""
    async def story(cluster):
        def ask(*words):
            return ctl("-s", cluster.sipsteer.admin_socket, *words)

        nothing = await in_thread(ask, "trace", "--call-id", "none", "--for", "1ms")
        assert (nothing.returncode, nothing.stdout) == (3, "")
        many = [await in_thread(Trace, binary, cluster.sipsteer, "--call-id", "none", "--for", "8s") for _ in range(3)]
        refused = await in_thread(ask, "trace", "--for", "1ms")
        assert refused.returncode == 1 and "trace" in refused.stderr, refused.stderr
        for trace in many:
            assert (await in_thread(trace.result))[0] == 3
        bob, = cluster.phones
        call, server = await cluster.talk(bob)      # a message at least, for the law
        await call.hangup()

    run(binary, story, "bob")


def test_top(binary, ctl):
    async def story(cluster):
        bob, = cluster.phones
        await cluster.transfer(bob, "aor", False, True)
        await (await bob.call("carol", replaces=Replaces("nobody", "a", "b"))).final()
        call, server = await cluster.talk(bob)

        async def told():
            top = await in_thread(ctl, "-s", cluster.sipsteer.admin_socket, "top", "--once")
            assert top.returncode == 0, top.stderr
            return "transfer_rejected 1" in top.stdout and top.stdout
        text = await until(told)
        assert re.search(r"transfers +transfer_owner 1  transfer_rejected 1 ", text), text
        assert re.search(r"p50 [\d.]+ +p90 [\d.]+ +p99 [\d.]+", text), text
        rows = {line.split()[0]: line.split() for line in text.splitlines() if line.startswith("pbx-")}
        assert sorted(rows) == ["pbx-1", "pbx-2", "pbx-3"]
        state, calls, invites, messages, *classes = rows[server.name][1:]
        assert state == "ready" and int(calls) >= 1 and float(messages) > 0
        assert sum(int(row[6]) for row in rows.values()) >= 4          # 2xx
        top = await in_thread(ctl, "-s", cluster.sipsteer.admin_socket, "-o", "json", "top", "--once")
        assert set(json.loads(top.stdout)) == {"status", "servers", "statistics"}
        await call.hangup()

    run(binary, story, "bob")


def test_owner_tells_the_text_of_a_call(binary, ctl):
    async def story(cluster):
        bob, = cluster.phones
        call, server = await cluster.talk(bob)
        told = await in_thread(ctl, "-s", cluster.sipsteer.admin_socket, "owner", call.call_id)
        assert told.returncode == 0, told.stderr
        recent = [line.split() for line in told.stdout.splitlines() if "sip:" in line]
        assert [(line[1], line[2]) for line in recent] == [("200", server.name), ("180", server.name)]
        assert recent[0][3].startswith("sip:bob@") and recent[0][4].startswith("sip:carol@")
        path = "/api/v1/recent/" + urllib.parse.quote(call.call_id, safe="")
        assert (await in_thread(cluster.sipsteer.get, path))[0] == 404     # admin only
        await call.hangup()

    run(binary, story, "bob")


def test_refused_credentials_are_one_line_for_each_address(binary):
    """A phone with the right password is challenged and says nothing to the log; one with a wrong one is in it, in the
    form that deploy/fail2ban reads."""
    async def story(cluster):
        good, bad = cluster.phones
        assert await good.register() == 200
        assert not await in_thread(cluster.sipsteer.log_events, "auth_refused")
        for _ in range(3):
            assert await bad.register() == 401
        lines = await in_thread(cluster.sipsteer.log_events, "auth_refused")
        assert lines and {line["src"] for line in lines} == {bad.host}
        assert lines[0]["count"] == "1" and lines[0]["status"] == "401" and lines[0]["method"] == "REGISTER"
        assert lines[0]["server"].startswith("pbx-")
        metrics = await in_thread(cluster.sipsteer.metrics)
        assert metrics.sum("sipsteer_auth_refused_total") == 3

    cluster = Cluster(binary, ask="secret")
    cluster.phone("good", password="secret")
    cluster.phone("bad", password="wrong")
    cluster.run(story)

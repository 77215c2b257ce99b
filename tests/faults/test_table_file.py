"""The proxy is killed and started again over its table file: it knows what it knew, and asks nobody."""

import json
import os
import random
import signal
import subprocess
import threading

from lab.datagrams import Wire, header, request, tag

NO_QUESTIONS = '[calls]\nmax = 20000\n[transfer]\nprobe = false\nunmatched = "reject"\n'
TABLE_FILE = 'table_file = "tables"'


def call(wire, phone, names):
    """Calls of `phone`, answered: {Call-ID: (the server's tag, ours, its Contact)}."""
    answers = wire.exchange(phone, (request("INVITE", "sip:carol@127.0.0.1", phone.via, name, f"p-{name}") for name in names))
    assert {answer[:11] for answer in answers.values()} == {"SIP/2.0 200"}
    return {call_id: (tag(answer, "To"), tag(answer, "From"), header(answer, "Contact").strip("<>"))
            for (call_id, _), answer in answers.items()}


def call_from_servers(wire, phone, count):
    """The same by each server: its own tag is the one in From."""
    calls = {}
    for server in wire.servers:
        invites = [request("INVITE", f"sip:phone@{phone.via}", server.via, f"{server.name}-{number}", f"own-{number}")
                   for number in range(count)]
        for (call_id, _), answer in wire.exchange(server, invites).items():
            server.dialogs[tag(answer, "From")] = (call_id, tag(answer, "To"), True)
            calls[call_id] = (tag(answer, "From"), tag(answer, "To"), f"sip:{server.via}")
    return calls


def transfer(wire, phone, calls):
    """A transfer names each of the calls; all are taken, each by its owner."""
    answers = wire.exchange(phone, [request("INVITE", "sip:carol@127.0.0.1", phone.via, f"t-{call_id}", "t",
                                            more=[f"Replaces: {call_id};to-tag={local};from-tag={remote}"])
                                    for call_id, (local, remote, _) in calls.items()])
    assert {answer[:11] for answer in answers.values()} == {"SIP/2.0 200"}
    assert wire.misroutes() == {}


def by_server(wire):
    return wire.sipsteer.metrics().by("sipsteer_server_calls", "server")


def states(wire):
    servers = json.loads(wire.sipsteer.get("/api/v1/servers")[1])["servers"]
    return {server["name"]: server["state"] for server in servers if server["state_source"] == "operator"}


def restart(wire):
    wire.sipsteer.kill()
    wire.sipsteer.start()


def test_kill9(binary):
    """1,200 calls are up, 300 of them made by servers, and one server is drained: all is so after the kill. Each call is found by
    a request within it that has no Route, and by a transfer."""
    def ctl(*words):
        subprocess.run([binary.parent / "sipsteerctl", "-s", wire.sipsteer.admin_socket, *words], check=True, timeout=20)

    with Wire(binary, servers=3, process=TABLE_FILE, more=NO_QUESTIONS) as wire:
        phone = wire.host("127.0.2.1")
        calls = call(wire, phone, [f"c{number}" for number in range(900)])
        calls |= call_from_servers(wire, phone, 100)
        before = by_server(wire)
        assert sum(before.values()) == len(calls) == 1200
        drained = wire.servers[1]
        ctl("drain", drained.name)
        for _ in range(2):
            restart(wire)
            assert by_server(wire) == before
            assert states(wire) == {drained.name: "drain"}
        new = call(wire, phone, [f"new{number}" for number in range(60)])
        assert not [contact for _, _, contact in new.values() if drained.via in contact]
        within = wire.exchange(phone, [request("INFO", "sip:carol@127.0.0.1", phone.via, call_id, ours, to_tag=theirs, cseq=2)
                                       for call_id, (theirs, ours, _) in calls.items()])
        assert {answer[8:11] for answer in within.values()} == {"200"}
        transfer(wire, phone, calls)
        assert wire.sipsteer.decisions()["transfer_owner"] >= 1200
        ctl("ready", drained.name)
        restart(wire)
        assert states(wire) == {}
        call(wire, phone, ["last"])


def test_killed_while_it_writes(binary):
    """Six kills in the midst of calls: whoever heard a 200 through it is found later, and nobody at another's server."""
    with Wire(binary, servers=4, process=TABLE_FILE, more=NO_QUESTIONS) as wire:
        phone = wire.host("127.0.2.1")
        calls = {}
        for kill in range(6):
            killer = threading.Timer(random.uniform(0.02, 0.4), restart, [wire])
            killer.start()
            calls |= call(wire, phone, [f"k{kill}-{number}" for number in range(500)])
            killer.join()
        assert len(calls) == 3000
        transfer(wire, phone, calls)


def test_a_clean_end_and_files_that_are_no_use(binary):
    """SIGTERM keeps all of it too. A file that is in use or somebody else's is refused; one that is cut off is said to be, and
    begun anew."""
    with Wire(binary, process=TABLE_FILE, more=NO_QUESTIONS) as wire:
        sipsteer, phone = wire.sipsteer, wire.host("127.0.2.1")
        calls = call(wire, phone, [f"c{number}" for number in range(50)])
        table_file = sipsteer.home / "tables"
        assert table_file.stat().st_mode & 0o777 == 0o600

        def refused():
            answer = subprocess.run([binary, "run", "-c", sipsteer.config_file], capture_output=True, text=True, timeout=20)
            assert answer.returncode == 1
            return answer.stderr

        assert "in use by another process" in refused()
        os.kill(sipsteer.pid, signal.SIGTERM)
        sipsteer.wait_ended(10)
        sipsteer.start()
        transfer(wire, phone, calls)

        sipsteer.kill()
        whole = table_file.read_bytes()
        table_file.write_bytes(b"[process]\n")
        assert "is none of ours" in refused() and table_file.read_bytes() == b"[process]\n"
        table_file.write_bytes(whole[:len(whole) // 2])
        sipsteer.start()
        assert "is cut off" in sipsteer.log()
        assert sipsteer.metrics().sum("sipsteer_call_table_entries") == 0
        call(wire, phone, ["another"])

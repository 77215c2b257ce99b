"""Servers that die, drain and join at 500 calls a second (faults.md §2, 6 and 7)."""

import subprocess
import time

import pytest

from lab.datagrams import Server, Wire, header, request, tag

PACE = 500            # INVITEs a second
CHECKED = '"2s"'      # the default
REJECT = '[transfer]\nprobe = false\nunmatched = "reject"\n'


class Callers:
    """New calls at an even pace, each answered at once by whoever gets it."""

    def __init__(self, wire, phone):
        self.wire, self.phone = wire, phone
        self.began = {}       # Call-ID -> when
        self.answered = {}    # Call-ID -> final response
        self.heard = []       # (when, server, Call-ID) of each new INVITE
        for server in wire.servers:
            self.watch(server)

    def watch(self, server):
        take = server.take

        def recording(text):
            if text.startswith("INVITE ") and not tag(text, "To"):
                self.heard.append((time.monotonic(), server, header(text, "Call-ID")))
            return take(text)
        server.take = recording

    def call(self, seconds, until=lambda: False):
        """Calls for so long, or until that is true."""
        begin = time.monotonic()
        sent = 0
        while (now := time.monotonic()) < begin + seconds and not until():
            while sent < (now - begin) * PACE:
                call_id = f"call{len(self.began)}"
                self.began[call_id] = time.monotonic()
                self.phone.send(request("INVITE", "sip:carol@127.0.0.1", self.phone.via, call_id, "c"))
                sent += 1
            self.serve(0.01)

    def serve(self, seconds):
        for _, text in self.wire.serve(seconds):
            if text.startswith("SIP/2.0") and int(text[8:11]) >= 200:
                self.answered[header(text, "Call-ID")] = text

    def servers_since(self, when):
        return {server.name for at, server, _ in self.heard if at >= when}


def ctl(wire, binary, *words):
    return subprocess.run([binary.parent / "sipsteerctl", "-s", wire.sipsteer.admin_socket, *words], capture_output=True,
                          text=True, timeout=20)


@pytest.mark.parametrize("way", ("silent", "refused"))
def test_srvdie(binary, way):
    """Silent: noticed by two missed checks, within 4 s; its port closed: by ICMP, within a moment. The calls of that window and
    that share are lost; after it none is placed there."""
    with Wire(binary, servers=4, interval=CHECKED, more=REJECT) as wire:
        callers = Callers(wire, wire.host("127.0.2.1"))
        sick = wire.servers[1]
        callers.call(3)
        assert callers.servers_since(0) == {server.name for server in wire.servers}
        died = time.monotonic()
        if way == "silent":
            sick.answers = False
        else:
            wire.hosts.remove(sick)
            sick.close()
        callers.call(8, until=lambda: wire.sipsteer.log_events("server_down"))
        known = time.monotonic()
        took = known - died
        down, = wire.sipsteer.log_events("server_down")
        assert (down["server"], down["cause"]) == (sick.name, way)
        assert took < (4 if way == "silent" else 1), took
        callers.serve(0.2)
        callers.call(3)
        callers.serve(0.2)
        assert sick.name not in callers.servers_since(known + 0.2)
        lost = [call_id for call_id in callers.began if call_id not in callers.answered]
        assert len(lost) <= 1.3 * PACE * took / 4 + 5, (len(lost), took)
        assert not [call_id for call_id in lost if callers.began[call_id] > known + 0.2]
        print(f"{way}: known after {1000 * took:.0f} ms, {len(lost)} of {len(callers.began)} calls lost")
        assert wire.misroutes() == {}


def test_drain(binary):
    """No new call for a server that drains, and every request of its calls, at 500 new calls a second."""
    with Wire(binary, servers=3, interval=CHECKED, more=REJECT) as wire:
        phone = wire.host("127.0.2.1")
        callers = Callers(wire, phone)
        callers.call(2)
        assert ctl(wire, binary, "drain", "pbx-1").returncode == 0
        callers.serve(0.2)
        since = time.monotonic()
        callers.call(2)
        assert callers.servers_since(since) == {"pbx-2", "pbx-3"}
        callers.serve(0.2)
        ends = []
        for call_id, answer in callers.answered.items():
            routes = [f"Route: {header(answer, 'Record-Route')}"]
            ends.append(request("BYE", header(answer, "Contact").strip("<>"), phone.via, call_id, "c",
                                to_tag=tag(answer, "To"), cseq=2, more=routes))
        answers = wire.exchange(phone, ends)
        assert {answer[8:11] for answer in answers.values()} == {"200"}
        assert wire.misroutes() == {}
        done = ctl(wire, binary, "drain", "pbx-1", "--wait", "5s")
        assert done.returncode == 0, done.stderr


def test_a_server_is_added_and_another_taken_out(binary):
    """Only the share of who joins or leaves moves, and calls that are up stay where they are, also with who leaves."""
    with Wire(binary, servers=4, interval=CHECKED, more=REJECT) as wire:
        phone = wire.host("127.0.2.1")
        count = 3000

        def placement(name):
            texts = [request("MESSAGE", "sip:carol@127.0.0.1", phone.via, f"key{number}", f"{name}{number}",
                             branch=f"z9hG4bK-{name}{number}") for number in range(count)]
            return {call_id: tag(answer, "To").partition("-")[0] for (call_id, _), answer in wire.exchange(phone, texts).items()}

        calls = wire.exchange(phone, [request("INVITE", "sip:carol@127.0.0.1", phone.via, f"up{number}", "u")
                                      for number in range(200)])
        before = placement("a")
        fifth = Server(5, "127.0.1.5")
        wire.servers.append(fifth)
        wire.hosts.append(fifth)
        file = wire.sipsteer.config_file
        text = file.read_text()
        file.write_text(text + f'\n[[server]]\nname = "pbx-5"\nuri = "sip:{fifth.via}"\n')
        assert ctl(wire, binary, "reload").stdout == "+ pbx-5\n"
        joined = placement("b")
        moved = {call_id for call_id in before if before[call_id] != joined[call_id]}
        assert {joined[call_id] for call_id in moved} == {"s5"}
        assert len(moved) / count < 1 / 5 + 0.03, len(moved)
        # pbx-2 leaves; who had nothing to do with it stays.
        parts = file.read_text().split("\n[[server]]\n")
        file.write_text("\n[[server]]\n".join(part for part in parts if '"pbx-2"' not in part))
        assert ctl(wire, binary, "reload").stdout == "- pbx-2\n"
        left = placement("c")
        assert all(left[call_id] == joined[call_id] for call_id in joined if joined[call_id] != "s2")
        ends = []
        for (call_id, _), answer in calls.items():
            ends.append(request("BYE", header(answer, "Contact").strip("<>"), phone.via, call_id, "u",
                                to_tag=tag(answer, "To"), cseq=2, more=[f"Route: {header(answer, 'Record-Route')}"]))
        answers = wire.exchange(phone, ends)
        assert {answer[8:11] for answer in answers.values()} == {"200"}
        assert wire.misroutes() == {}

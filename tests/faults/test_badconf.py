"""500 broken configurations (faults.md §2, 5): each is refused with places, by `check` and by a reload, and the proxy that
runs goes on as it was."""

import os
import random
import re
import signal
import subprocess

from lab.datagrams import Wire, request
from lab.waiting import wait_for

PLACE = re.compile(r"\S+sipsteer\.toml:\d+:\d+: (?:[\w.\[\]]+: )?\S")
JUNK = ['"', "[", "]", "=", "#", "\n", "0", "-1", "99999999999999999999", "\x00", "\xff", "true", '""', "[[", ",", "..",
        "1979-05-27", "'''", "\\u0000", "0x", "é", "{", "}"]


def mutate(text, noise):
    """One to three small accidents: a piece lost, doubled, or replaced by something odd."""
    for _ in range(noise.randrange(1, 4)):
        at = noise.randrange(len(text))
        end = min(len(text), at + noise.choice((1, 1, 2, 5, 20)))
        text = noise.choice((
            lambda: text[:at] + text[end:], lambda: text[:end] + text[at:end] + text[end:],
            lambda: text[:at] + noise.choice(JUNK) + text[end:], lambda: text[:at] + noise.choice(JUNK) + text[at:]))()
    return text


def test_badconf(binary):
    noise = random.Random(5)
    with Wire(binary, servers=3, level="error") as wire:
        phone, file = wire.host("127.0.2.1"), wire.sipsteer.config_file
        good = file.read_text()
        rules = '\n[transfer]\nunmatched = "strip"\nprobe = false\n[limits]\nheaders = 100\n[[route]]\nuser_prefix = "00"\ngroup = "default"\n'
        refused = 0
        while refused < 500:
            text = mutate(good + rules, noise)
            file.write_bytes(text.encode("utf-8", "surrogateescape"))
            checked = subprocess.run([binary, "check", "-c", file], capture_output=True, text=True, errors="replace",
                                     timeout=10)
            assert checked.returncode in (0, 1), (text, checked)
            if checked.returncode == 0:
                continue
            refused += 1
            lines = (checked.stdout + checked.stderr).splitlines()
            errors = [line for line in lines if PLACE.match(line)]
            assert errors, (text, lines)
            if refused % 5 == 0:
                before = len(wire.sipsteer.log_events("reload"))
                os.kill(wire.sipsteer.pid, signal.SIGHUP)
                wait_for(lambda: len(wire.sipsteer.log_events("reload")) > before, f"no reload was refused:\n{text}")
                answers = wire.exchange(phone, [request("INVITE", "sip:carol@127.0.0.1", phone.via, f"c{refused}", "t")])
                assert {answer[8:11] for answer in answers.values()} == {"200"}
        servers = wire.sipsteer.metrics().by("sipsteer_server_up", "server")
        assert servers == {"pbx-1": 1, "pbx-2": 1, "pbx-3": 1}
        file.write_text(good)

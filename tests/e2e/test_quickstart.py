"""What a newcomer runs first: deploy/quickstart, here without its installing and building."""

import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

from lab.sipsteer import REPOSITORY

DEMO = [sys.executable, str(REPOSITORY / "deploy/quickstart.d/demo.py")]
SECONDS = 90


def processes():
    """Command lines of all processes in the network namespace of this run: others may run tests beside it."""
    found = {}
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if os.readlink(folder / "ns/net") == os.readlink("/proc/thread-self/ns/net"):
                found[folder.name] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            pass      # it has ended
    return found


@pytest.fixture
def nothing_left_behind(namespace, binary):
    if namespace is None:
        pytest.skip("a network namespace and chroot need root")
    before = processes()
    yield
    left = {pid: line for pid, line in processes().items() if pid not in before}
    assert not left, left


@pytest.mark.parametrize("options", ([], ["--stand-ins"]), ids=("asterisk", "stand-ins"))
def test_once(nothing_left_behind, options):
    run = subprocess.run([*DEMO, "--once", *options], capture_output=True, text=True, timeout=SECONDS)
    assert run.returncode == 0, run.stdout + run.stderr
    lines = run.stdout.splitlines()
    assert re.fullmatch(r"[1-9]\d* passed, 0 failed, 0 skipped", lines[-1]), lines[-1]
    assert any("transfer_owner" in line for line in lines), run.stdout
    assert any("PASS: " in line for line in lines)
    assert any("http://127.0.0.1:8060/" in line for line in lines)


@pytest.mark.parametrize("number", (signal.SIGINT, signal.SIGTERM), ids=("ctrl-c", "sigterm"))
def test_runs_on_until_it_is_ended_and_takes_other_ports(nothing_left_behind, number):
    """With 5060 and 8060 in use it says which ports it took; the status page answers until the end."""
    with (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sip, socket.socket() as http):
        sip.bind(("127.0.0.1", 5060))
        http.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        http.bind(("127.0.0.1", 8060))
        http.listen()
        run = subprocess.Popen(DEMO, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            lines = []
            deadline = time.monotonic() + SECONDS
            for line in run.stdout:
                lines.append(line.rstrip())
                assert time.monotonic() < deadline, lines
                if re.fullmatch(r"\d+ passed, \d+ failed, \d+ skipped", lines[-1]):
                    break
            assert lines[-1].endswith(" 0 failed, 0 skipped"), "\n".join(lines)
            assert any("port 5060" in line and "5070" in line for line in lines), lines[:4]
            with urllib.request.urlopen("http://127.0.0.1:8070/", timeout=5) as page:
                assert page.status == 200
            run.send_signal(number)
            rest, _ = run.communicate(timeout=20)
        finally:
            if run.poll() is None:      # after a failed assertion: let it end what it started
                run.terminate()
                run.communicate(timeout=20)
        assert run.returncode == 0, rest
        assert rest.splitlines()[-1] == lines[-1]

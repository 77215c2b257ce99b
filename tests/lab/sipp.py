"""SIPp as a phone or a server: runs a scenario of tests/sipp, bounded in calls and time; its exit status is judged."""

import pathlib
import re
import signal
import subprocess
import tempfile
import time

from .sip import Message

SCENARIOS = pathlib.Path(__file__).resolve().parents[1] / "sipp"
SECONDS = 40      # no run of a test takes longer


class SippFailed(AssertionError):
    pass


class Sipp:
    """One SIPp process with a folder of its own. With `remote` (host, port) it starts `calls` calls, else it answers.

    `transport` is SIPp's -t: u1, t1, l1. `keys` become -key, `injected` is {file name: rows} (a row is a tuple; the first column is indexed), `variables` are
    the global variables to set, `extra` further options."""

    def __init__(self, scenario, host, port=5060, remote=None, *, calls=1, rate=20, keys=None, injected=None,
                 variables=(), extra=(), transport="u1"):
        self.scenario, self.host, self.port = scenario, host, port
        self.remote, self.calls, self.transport = remote, calls, transport
        self._folder = tempfile.TemporaryDirectory(prefix="sipp-")
        self._home = pathlib.Path(self._folder.name)
        values = {"name": scenario, "target": f"carol@{remote[0]}:{remote[1]}" if remote else "nobody",
                  "outbound": "User-Agent: SIPp", "flags": "", **(keys or {})}
        command = ["sipp", "-sf", str(SCENARIOS / f"{scenario}.xml"), "-i", host, "-p", str(port), "-t", transport, "-nostdin",
                   "-trace_err", "-error_file", "errors", "-trace_logs", "-log_file", "log", "-trace_msg",
                   "-message_file", "messages", "-deadcall_wait", "100", "-timeout", f"{SECONDS}s", "-timeout_error"]
        for name, value in values.items():
            command += ["-key", name, value]
        for name, rows in (injected or {}).items():
            # An index needs one line at least; nobody asks for the key "-".
            lines = [";".join(row) for row in rows] or ["-;-;-"]
            (self._home / name).write_text("\n".join(["SEQUENTIAL", *lines]) + "\n")
            command += ["-inf", name, "-infindex", name, "0"]
        for name in variables:
            command += ["-set", name, "1"]
        if remote:
            command += ["-m", str(calls), "-r", str(rate), f"{remote[0]}:{remote[1]}"]
        self._command = command + list(extra)
        self._process = None

    def start(self):
        """Starts it; a server is ready when this returns."""
        output = open(self._home / "output", "wb")
        with output:
            self._process = subprocess.Popen(self._command, cwd=self._home, stdin=subprocess.DEVNULL, stdout=output,
                                             stderr=output)
        if not self.remote:
            self._wait_bound()
        return self

    def _wait_bound(self):
        wanted = "".join(f"{int(part):02X}" for part in reversed(self.host.split("."))) + f":{self.port:04X}"
        deadline = time.monotonic() + 5
        table = "udp" if self.transport.startswith("u") else "tcp"
        while wanted not in pathlib.Path(f"/proc/thread-self/net/{table}").read_text():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self._fail("does not start")
            time.sleep(0.01)

    def wait(self):
        """Waits until all calls are done; every one must have ended well."""
        try:
            status = self._process.wait(SECONDS + 5)
        except subprocess.TimeoutExpired:
            self.kill()
            self._fail("does not end")
        if status != 0:
            self._fail(f"ended with status {status}")
        return self

    def stop(self):
        """Ends a server once its open calls are done. None of its calls may have failed; there may have been none."""
        if self._process is None or self._process.poll() is not None:
            self._fail("ended too early")
        self._process.send_signal(signal.SIGUSR1)
        try:
            status = self._process.wait(10)
        except subprocess.TimeoutExpired:
            self.kill()
            self._fail("still has open calls")
        if status not in (0, 99):      # 99: no call at all
            self._fail(f"ended with status {status}")
        return self

    def kill(self):
        if self._process and self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def close(self):
        self.kill()
        self._folder.cleanup()

    def log(self):
        """What the scenario logged, line by line."""
        path = self._home / "log"
        return path.read_text(errors="replace").splitlines() if path.exists() else []

    def dialogs(self):
        """The logged (call-id, to-tag, from-tag) of its calls, as rows for `transfers.csv`."""
        return [tuple(line.split(";")) for line in self.log() if line.count(";") == 2]

    def wait_dialogs(self, count):
        """The first `count` dialogs, once they are there."""
        deadline = time.monotonic() + 10
        while len(self.dialogs()) < count:
            if self._process.poll() not in (None, 0) or time.monotonic() > deadline:
                self._fail(f"has {len(self.dialogs())} of {count} dialogs")
            time.sleep(0.02)
        return self.dialogs()

    def received(self):
        """Every datagram received, retransmissions too, as bytes."""
        path = self._home / "messages"
        parts = re.split(rb"-{40,}[^\n]*\n", path.read_bytes()) if path.exists() else []
        found = []
        for part in parts:
            head = re.match(rb"UDP message received \[(\d+)\] bytes\s*:\n\n", part)
            if head:
                found.append(part[head.end():head.end() + int(head[1])])
        return found

    def received_requests(self, method):
        return [message for message in map(Message.parse, self.received())
                if not message.is_response and message.method == method]

    def _fail(self, what):
        def tail(name, size):
            path = self._home / name
            return path.read_text(errors="replace")[-size:] if path.exists() else ""
        raise SippFailed(f"SIPp {self.scenario} on {self.host} {what}\n{tail('errors', 4000)}\n{tail('output', 300)}")

"""Something that forwards: how it is started, watched and stopped."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
BUILD = REPOSITORY / "build"
PROXY = "127.0.0.1:5060"
READY_SECONDS = 10
# Ends by itself, should nobody stop it.
NEIGHBOUR = "import time\nend = time.monotonic() + 120\nwhile time.monotonic() < end: pass"


def servers(count=4):
    return [f"127.0.1.{number}:5060" for number in range(1, count + 1)]


def uri(server, wire):
    """Of a server, as configurations want it."""
    return f"sip:{server}" if wire == "udp" else f"sip:{server};transport={wire}"


class TargetFailed(RuntimeError):
    pass


class Target:
    """One kind of forwarder. `name` is short and unique, `label` says to readers what it is. `middle` is what the
    generator may expect of it; `modes` and `wires` what it can play; `needs` the program that has to be installed."""

    middle = "proxy"
    modes = ("calls", "one-way", "transfers", "rate")
    wires = ("udp", "tcp", "tls")
    stop_seconds = 10

    def __init__(self, name, label, needs, wire="udp"):
        self.name, self.label, self.needs, self.wire = name, label, str(needs), wire
        self._process = self._home = None
        self._core = self._neighbour = None
        self._crowded = False

    def missing(self):
        """Why it cannot run; None: it can."""
        return None if shutil.which(self.needs) else f"there is no {self.needs}"

    def pin(self, core):
        """From its next start on it shall have that core alone."""
        self._core = core

    def crowd(self, core):
        """The same, and share it with a process that never rests."""
        self.pin(core)
        self._crowded = True

    def command(self, home):
        """The command line; `home` is an empty folder for its files."""
        raise NotImplementedError

    def version(self):
        """What the program calls itself."""
        raise NotImplementedError

    @property
    def home(self):
        return self._home

    @property
    def pid(self):
        return self._process.pid

    def __enter__(self):
        self._home = pathlib.Path(tempfile.mkdtemp(prefix=f"bench-{self.name}-"))
        self._home.chmod(0o755)
        with open(self._home / "output", "wb") as output:
            self._process = subprocess.Popen(self.command(self._home), cwd=self._home, stdin=subprocess.DEVNULL,
                                             stdout=output, stderr=output, preexec_fn=self._take_core)
        try:
            self._wait_bound()
            if self._crowded:
                self._neighbour = subprocess.Popen([sys.executable, "-c", NEIGHBOUR], preexec_fn=self._take_core)
        except BaseException:
            self.__exit__()
            raise
        return self

    def _take_core(self):
        if self._core is not None:
            os.sched_setaffinity(0, {self._core})

    def _wait_bound(self):
        address, port = PROXY.split(":")
        wanted = "".join(f"{int(part):02X}" for part in reversed(address.split("."))) + f":{int(port):04X}"
        # A listening TCP socket is in state 0A; anything else there may be a connection of the last run.
        wanted += "" if self.wire == "udp" else " 00000000:0000 0A"
        sockets = pathlib.Path(f"/proc/thread-self/net/{'udp' if self.wire == 'udp' else 'tcp'}")
        deadline = time.monotonic() + READY_SECONDS
        while wanted not in sockets.read_text():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise TargetFailed(f"{self.name} does not start:\n{self.output()}")
            time.sleep(0.02)
        time.sleep(0.3)     # children and timers of some come up after the socket

    def check_running(self):
        """Raises when it has ended by itself: a zombie's CPU time can still be read."""
        if self._process.poll() is not None:
            raise TargetFailed(f"{self.name} ended with {self._process.returncode}\n{self.output()}")

    def output(self):
        return (self._home / "output").read_text(errors="replace")[-3000:]

    def __exit__(self, *_):
        if self._neighbour is not None:
            self._neighbour.kill()
            self._neighbour.wait()
            self._neighbour = None
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(self.stop_seconds)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        shutil.rmtree(self._home, ignore_errors=True)


def first_line(*command):
    """What a program prints first, for versions; both streams."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=10)
    line = (done.stdout + done.stderr).strip().splitlines()[0]
    return line.replace("version: ", "").replace("nginx nginx/", "nginx ").split(" (")[0].strip()

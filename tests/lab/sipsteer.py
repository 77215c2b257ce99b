"""The proxy under test: started from a configuration text, watched over HTTP, ended by SIGTERM."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
import urllib.error
import urllib.parse
import urllib.request

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("SIPSTEER", REPOSITORY / "build" / "sipsteer"))      # the proxy to test

_SAMPLE = re.compile(r'^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)')
_SANITIZER = re.compile(r"^.*(?:(?:ERROR|WARNING): \w+Sanitizer|runtime error: )", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


class Metrics(dict):
    """One scrape: (name, frozenset of (label, value)) -> number."""

    @classmethod
    def parse(cls, text):
        metrics = cls()
        for line in text.splitlines():
            if not line.startswith("#") and (match := _SAMPLE.match(line)):
                name, labels, value = match.groups()
                metrics[name, frozenset(_LABEL.findall(labels or ""))] = float(value)
        return metrics

    def sum(self, name, **labels):
        """Sum of all samples of `name` that carry these labels; 0 without any."""
        wanted = set(labels.items())
        return sum(value for (sample, has), value in self.items() if sample == name and wanted <= has)

    def by(self, name, label):
        """Value of `label` -> sum, for one metric, without the zeros."""
        sums = {}
        for (sample, has), value in self.items():
            if sample == name and value:
                key = dict(has).get(label, "")
                sums[key] = sums.get(key, 0) + value
        return sums

    def law(self):
        """(received, accounted for): equal when no message got lost inside."""
        received = self.sum("sipsteer_messages_received_total")
        accounted = sum(self.sum(f"sipsteer_messages_{what}_total") for what in
                        ("forwarded", "answered", "absorbed", "dropped"))
        return received, accounted


# For `more` of cluster_config(): `{folder}` has the certificate. Keys of [tls] may follow.
STREAM_LISTENERS = """
[[listener]]
bind = "tcp:127.0.0.1:5060"

[[listener]]
bind = "tls:127.0.0.1:5061"

[tls]
certificate = "{folder}/proxy.pem"
private_key = "{folder}/proxy.key"
"""
# The same, and nothing that the proxy does by itself.
STREAMS_ALONE = STREAM_LISTENERS + """
[calls]
max = 1000

[health]
probe_interval = "0"

[transfer]
unmatched = "reject"
"""


def cluster_config(servers, listen="127.0.0.1:5060", http="127.0.0.1:8060", more="", level="debug", drain="2s",
                   process=""):
    """TOML for a proxy in front of `servers`, (name, uri) pairs. `more` is appended: tables of your own; `process` are further
    lines of [process]. `drain` is short: a server's last BYE over a stream may have no answer coming, and Sipsteer.stop() waits
    ten seconds."""
    text = f'[process]\nworkers = 2\nadmin_socket = "admin.sock"\nkey_file = "cluster.key"\ndrain = "{drain}"\n{process}\n\n'
    text += f'[listen]\nudp = ["{listen}"]\nhttp = "{http}"\n\n[log]\nlevel = "{level}"\n'
    for name, uri in servers:
        text += f'\n[[server]]\nname = "{name}"\nuri = "{uri}"\n'
    return text + (f"\n{more.strip()}\n" if more.strip() else "")


class Sipsteer:
    """`sipsteer run` with `config_text`, in a temporary folder that relative paths of the configuration refer to.
    `namespace` is a NetworkNamespace, or None for the one we are in."""

    READY_SECONDS = 10

    def __init__(self, config_text, binary=BINARY, namespace=None):
        self.config = tomllib.loads(config_text)
        self.http = self.config.get("listen", {}).get("http", "127.0.0.1:8060")
        self._text, self._binary, self._namespace = config_text, str(binary), namespace
        self._home = self._process = None

    # -- life ----------------------------------------------------------------------------------

    @property
    def home(self):
        """The folder with the configuration (sipsteer.toml), the key and the admin socket."""
        return self._home

    @property
    def config_file(self):
        return self._home / "sipsteer.toml"

    @property
    def admin_socket(self):
        return self._home / "admin.sock"

    @property
    def pid(self):
        return self._process.pid if self._process else None

    def make_home(self):
        """The folder, before the start, for files that the configuration names."""
        if self._home is None:
            self._home = pathlib.Path(tempfile.mkdtemp(prefix="sipsteer-"))
            self.config_file.write_text(self._text)

    def start(self, wait=True, log=None):
        """`log`: a file that it writes to instead of its own, where log() looks."""
        self.make_home()
        command = [*(self._namespace.prefix if self._namespace else []), self._binary, "run", "-c", str(self.config_file)]
        with open(self._home / "log", "ab") as own:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log or own, stderr=log or own,
                                             start_new_session=True)   # Ctrl-C is for whoever started us
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self):
        """Returns once /ready says 200: at least one server answered. Raises with the log's end."""
        deadline = time.monotonic() + self.READY_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise RuntimeError(f"sipsteer ended with {self._process.returncode}:\n{self.log_tail()}")
            try:
                if self.get("/ready")[0] == 200:
                    return
            except OSError:
                pass
            time.sleep(0.02)
        raise TimeoutError(f"sipsteer is not ready:\n{self.log_tail()}")

    def wait_servers_up(self, count):
        """Returns once `count` servers are up."""
        deadline = time.monotonic() + self.READY_SECONDS
        while self.metrics().sum("sipsteer_server_up") < count:
            if time.monotonic() > deadline:
                raise TimeoutError(f"not {count} servers up: {self.metrics().by('sipsteer_server_up', 'server')}")
            time.sleep(0.02)

    def wait_ended(self, seconds):
        """Returns once it has ended by itself."""
        self._process.wait(seconds)

    def stop(self, expect=0):
        """Ends it with SIGTERM, asserts its exit status and removes its folder."""
        status = None
        if self._process is not None:
            if self._process.poll() is None:
                self._process.terminate()
                try:
                    self._process.wait(10)
                except subprocess.TimeoutExpired:
                    self._process.kill()
                    self._process.wait()
            status, self._process = self._process.returncode, None
        log, report = self.log_tail(), self.sanitizer_report()
        if self._home is not None:
            shutil.rmtree(self._home, ignore_errors=True)
            self._home = None
        assert not report, f"a sanitizer has found something:\n{report}"
        if status is not None:
            assert status == expect, f"sipsteer ended with {status} on SIGTERM:\n{log}"

    def kill(self):
        """SIGKILL; start() again uses the same folder, key and configuration."""
        self._process.kill()
        self._process.wait()
        self._process = None

    def __enter__(self):
        try:
            return self.start()
        except BaseException as error:
            self.__exit__(type(error), error, None)
            raise

    def __exit__(self, kind, error, trace):
        if kind is None:
            self.stop()
            return
        print(f"---- log of sipsteer\n{self.log_tail()}", file=sys.stderr)
        try:
            self.stop()
        except AssertionError as second:
            print(second, file=sys.stderr)   # the first failure is the one to report

    # -- looking -------------------------------------------------------------------------------

    def get(self, path):
        """(status, text) of a GET on the HTTP side."""
        try:
            with urllib.request.urlopen(f"http://{self.http}{path}", timeout=2) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def metrics(self):
        status, text = self.get("/metrics")
        assert status == 200, f"/metrics: {status} {text}"
        return Metrics.parse(text)

    def decisions(self):
        """RouteReason -> how many messages were routed for it so far."""
        return self.metrics().by("sipsteer_decisions_total", "reason")

    def assert_counter_law(self):
        """received = forwarded + answered + absorbed + sum(dropped), once the message in hand is done."""
        deadline = time.monotonic() + 2
        while True:
            metrics = self.metrics()
            received, accounted = metrics.law()
            if received == accounted:
                assert received > 0, "no message was received at all"
                return metrics
            if time.monotonic() > deadline:
                kinds = {what: metrics.sum(f"sipsteer_messages_{what}_total") for what in
                         ("received", "forwarded", "answered", "absorbed", "dropped")}
                raise AssertionError(f"the counter law is broken: {kinds}\n{self.log_tail()}")
            time.sleep(0.02)

    def owners(self, call_id):
        """Dialogs the proxy knows under a Call-ID: dicts with server, state, expires_in_s, source."""
        status, text = self.get(f"/api/v1/owners/{urllib.parse.quote(call_id, safe='')}")
        assert status in (200, 404), f"owners of {call_id}: {status} {text}"
        return json.loads(text)["dialogs"] if status == 200 else []

    def owner(self, call_id):
        """Name of the one server that owns a call; None when unknown or not one."""
        names = {dialog["server"] for dialog in self.owners(call_id)}
        return names.pop() if len(names) == 1 else None

    def log(self):
        """Everything it wrote so far."""
        path = self._home / "log" if self._home else None
        return path.read_text(errors="replace") if path and path.exists() else ""

    def wait_log(self, event, seconds=5, **fields):
        """Waits until log_events() finds something, and returns it: the log is written a moment later."""
        deadline = time.monotonic() + seconds
        while not (found := self.log_events(event, **fields)):
            assert time.monotonic() < deadline, f"no event={event} {fields} in the log:\n{self.log_tail()}"
            time.sleep(0.02)
        return found

    def sanitizer_report(self):
        """What a build with sanitizers has to say, from its first line on; "" when it found nothing."""
        log = self.log()
        found = _SANITIZER.search(log)
        return log[found.start():][:8000] if found else ""

    def log_tail(self, lines=60):
        return "\n".join(self.log().splitlines()[-lines:])

    def log_events(self, event=None, **fields):
        """The log's lines as dicts, those of `event` and with these fields."""
        found = []
        for line in self.log().splitlines():
            values = {key: quoted or plain for key, quoted, plain in
                      re.findall(r'(\w+)=(?:"((?:[^"\\]|\\.)*)"|(\S*))', line)}
            if event in (None, values.get("event")) and all(values.get(key) == want for key, want in fields.items()):
                found.append(values)
        return found

"""A headless Chromium that a test looks through, over WebDriver (W3C) and plain HTTP.

    with Browser() as browser:
        browser.open("http://127.0.0.1:8060/")
        browser.wait("return document.title == 'sipsteer'")
"""

import base64
import json
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage",
         "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-proxy-server"]


class BrowserUnavailable(Exception):
    """No Chromium or no driver here: its message says which."""


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Browser:
    """`flags`: further ones for Chromium's command line."""

    START_SECONDS = 60

    def __init__(self, *flags):
        self._flags = flags

    def __enter__(self):
        self._driver, self._session = None, None
        for program in ("chromium", "chromedriver"):
            if shutil.which(program) is None:
                raise BrowserUnavailable(f"{program} is not installed")
        self._home = tempfile.mkdtemp(prefix="browser-")
        try:
            self._start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def _start(self):
        self._port = _free_port()
        self._driver = subprocess.Popen(["chromedriver", f"--port={self._port}"], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + self.START_SECONDS
        while True:
            try:
                if self._ask("GET", "/status")["ready"]:
                    break
            except OSError:
                pass
            if self._driver.poll() is not None or time.monotonic() > deadline:
                raise BrowserUnavailable("chromedriver does not start")
            time.sleep(0.1)
        options = {"args": [*FLAGS, *self._flags, f"--user-data-dir={self._home}"]}
        wanted = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        self._session = self._ask("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})["sessionId"]

    def __exit__(self, *_):
        if self._session is not None:
            try:
                self._ask("DELETE", f"/session/{self._session}")
            except OSError:
                pass
        if self._driver is not None:
            self._driver.terminate()
            try:
                self._driver.wait(10)
            except subprocess.TimeoutExpired:
                self._driver.kill()
                self._driver.wait()
        shutil.rmtree(self._home, ignore_errors=True)

    def _ask(self, method, path, body=None):
        data = None if body is None and method != "POST" else json.dumps(body or {}).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self._port}{path}", data, method=method,
                                         headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=self.START_SECONDS) as answer:
                return json.loads(answer.read())["value"]
        except urllib.error.HTTPError as error:
            with error:
                raise RuntimeError(f"{method} {path}: {error.read().decode()[:500]}") from None

    def _in_session(self, method, path, body=None):
        return self._ask(method, f"/session/{self._session}{path}", body)

    def _devtools(self, command, **parameters):
        return self._in_session("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def open(self, url):
        self._in_session("POST", "/url", {"url": url})

    def run(self, script, *arguments):
        """What the script returns, inside the page."""
        return self._in_session("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def wait(self, script, seconds=20):
        """Waits until the script returns something true, and returns it."""
        deadline = time.monotonic() + seconds
        while not (value := self.run(script)):
            if time.monotonic() > deadline:
                raise AssertionError(f"never true within {seconds} s: {script}\n{self.complaints()}")
            time.sleep(0.1)
        return value

    def complaints(self):
        """What the page wrote to the console, or the browser about it: errors and broken policies."""
        entries = [entry["message"] for entry in self._in_session("POST", "/se/log", {"type": "browser"})]
        return [entry for entry in entries if not entry.startswith("chrome://")]      # the browser's own first page

    def look(self, width, height=900, dark=False):
        """The size of the window, and the colours that the user prefers."""
        self._devtools("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                       mobile=width < 600)
        self._devtools("Emulation.setEmulatedMedia",
                       features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def press(self, key):
        """One key, for the focused element; `\\ue004` is Tab (WebDriver §17.4.2)."""
        self._in_session("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": [
            {"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]}]})

    def screenshot(self, path):
        """The whole page as PNG."""
        whole = self._devtools("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        pathlib.Path(path).write_bytes(base64.b64decode(whole["data"]))

"""A phone in a web page of a headless Chromium: web_phone.js beside this file, driven by the test."""

import asyncio
import http.server
import pathlib
import threading

SCRIPT = pathlib.Path(__file__).with_name("web_phone.js").read_text()
PAGE = f"<!doctype html><title>phone</title><script>{SCRIPT}</script>".encode()


class _PageRequest(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *_):
        pass


class PhonePage:
    """Serves the page at `url` while it is entered. A browser lets only a page from loopback connect to loopback."""

    def __enter__(self):
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _PageRequest)
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()


class WebPhone:
    """`url` is ws: or wss:, of the proxy. Calls have the numbers 0, 1, ... in the order in which they came about; incoming
    ones are answered at once."""

    def __init__(self, browser, page, url, name, password, domain):
        self._browser, self._page, self._make = browser, page, [url, name, password, domain]
        self.name = name

    async def open(self):
        """Loads the page and opens its WebSocket."""
        await self._do(self._browser.open, self._page.url)
        await self._do(self._browser.run, "window.phone = new WebPhone(...arguments); return phone.open();", *self._make)

    async def close(self):
        await self._run("phone.socket.onclose = null; phone.socket.close()")

    async def register(self, expires=300):
        """The final status."""
        await self._run(f"phone.register({expires})")
        return await self._until("phone.registered")

    async def call(self, user):
        """Calls somebody; returns the call's number when he has answered."""
        number = await self._run(f"phone.call('{user}'); return phone.calls.length - 1")
        await self.is_up(number)
        return number

    async def is_up(self, number):
        """Waits until a call, maybe one that comes yet, is up."""
        await self._until(f"phone.calls[{number}]?.state === 'up'")
        return number

    async def has_ended(self, number):
        await self._until(f"phone.calls[{number}].state === 'ended'")

    async def hang_up(self, number):
        await self._run(f"phone.hangUp(phone.calls[{number}])")
        await self.has_ended(number)

    async def call_id(self, number):
        return await self._run(f"return phone.calls[{number}].callId")

    async def transfer(self, first, second):
        """Connects the peers of two calls; returns what the NOTIFY told in the end."""
        await self._run(f"phone.transfer(phone.calls[{first}], phone.calls[{second}])")
        await self._until(f"/^SIP.2.0 [2-6]/.test(phone.calls[{first}].told)")
        return await self._run(f"return phone.calls[{first}].told")

    async def _run(self, script):
        return await self._do(self._browser.run, script)

    async def _until(self, what):
        return await self._do(self._browser.wait, f"return {what}", 10)

    @staticmethod
    async def _do(function, *arguments):
        return await asyncio.to_thread(function, *arguments)

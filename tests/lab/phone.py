"""A small SIP phone in asyncio: many at once in one process, with RTP that tells who is heard.

    alice = Phone("alice", "127.0.2.1", 6101, proxy=("127.0.0.1", 5060))
    await alice.start()
    call = await alice.call("sip:bob@127.0.0.1:5060")
    await call.answered()
    assert await alice.heard(1.0) == {"bob"}
    await call.hangup()
"""

import asyncio
import contextlib
import time

from . import digest
from .call import Call, CallFailed
from .endpoint import Endpoint
from .sip import Message, NameAddr, Replaces, Uri, host_port, new_call_id, new_tag, response_to
from .stream_endpoint import StreamEndpoint

ALLOW = "INVITE, ACK, CANCEL, BYE, OPTIONS, REFER, NOTIFY, UPDATE, INFO, MESSAGE"
SUPPORTED = {"replaces", "timer", "norefersub", "path"}


class Phone:
    """One user agent with any number of calls. Without a proxy requests go where the URI says; `route` puts a Route to
    the proxy into what is sent out of dialog; `rtp` false leaves the voice out. Sockets belong to the thread's namespace.
    `transport` tcp or tls (with `tls`, an ssl.SSLContext): one connection to the proxy, and no port that listens.

    Policy for incoming calls: `reject_with` (a status, with `retry_after` seconds) refuses them, else they ring for `ring_seconds` and are answered
    when `auto_answer` is true, or else by the test: `call.answer()` or `call.reject(status)`."""

    def __init__(self, name, host, port=5060, proxy=None, password=None, *, route=False, rtp=True,
                 transport="udp", tls=None):
        self.name, self.host, self.port, self.proxy, self.password = name, host, port, proxy, password
        self.route, self.rtp, self.transport, self._tls = route, rtp, transport, tls
        self.auto_answer, self.ring_seconds, self.reject_with, self.retry_after = True, 0.05, None, None
        self.calls = []           # every call of this phone, ended ones too, oldest first
        self.endpoint = None
        self._incoming = asyncio.Queue()
        self._tasks = set()

    async def start(self):
        self.endpoint = self.make_endpoint()
        self.endpoint.on_request, self.endpoint.on_ack = self._on_request, self._on_ack
        self.endpoint.on_stray, self.endpoint.on_cancel = self._on_stray, self._on_cancel
        await self.endpoint.open()
        self.port = self.endpoint.port
        return self

    def make_endpoint(self):
        if self.transport == "udp":
            return Endpoint(self.host, self.port)
        return StreamEndpoint(self.host, self.port, self.proxy, self._tls)

    async def stop(self):
        """Stops at once, without BYE: whoever wants one hangs up before."""
        for task in list(self._tasks):
            task.cancel()
        for call in self.calls:
            call.release()
        if self.endpoint:
            self.endpoint.close()

    async def __aenter__(self):
        return await self.start()

    async def __aexit__(self, *_):
        await self.stop()

    # ---- names and addresses

    @property
    def domain(self):
        host, port = self.proxy or (self.host, self.port)
        return host_port(host, None if port == 5060 else port)

    @property
    def aor(self):
        return f"sip:{self.name}@{self.domain}"

    def contact(self, call=None):
        """The Contact of a call (of a REGISTER when None)."""
        parameter = "" if self.transport == "udp" else f";transport={self.transport}"
        return f"<sip:{self.name}@{host_port(self.host, self.port)}{parameter}>"

    def uri(self, target):
        """`bob` is a user at the proxy; anything with a scheme is taken as it stands."""
        return target if ":" in target else f"sip:{target}@{self.domain}"

    def next_hop(self, uri, route_set=()):
        """Where a request goes: first Route, else the proxy for what is out of dialog, else the R-URI's host."""
        return Uri(NameAddr(route_set[0]).uri if route_set else uri).address

    # ---- what the test asks for

    async def call(self, target, replaces=None, headers=(), body=None):
        """Sends an INVITE and returns its Call at once. `replaces` is a Replaces or the header's value."""
        call = Call(self, outgoing=True, remote_uri=self.uri(target))
        self.calls.append(call)
        extra = list(headers) + ([("Replaces", str(replaces))] if replaces else [])
        await call.invite(extra, body)
        return call

    async def incoming(self, timeout=10):
        """The next incoming call that the test has not asked for yet."""
        return await asyncio.wait_for(self._incoming.get(), timeout)

    async def heard(self, seconds=1.0):
        """Waits so long and returns the names of all whose voice arrived meanwhile, on any call."""
        since = time.monotonic()
        await asyncio.sleep(seconds)
        return {name for call in self.calls if call.rtp for name, when in call.rtp.last_heard.items() if when > since}

    async def register(self, expires=300, headers=()):
        """REGISTER at the proxy (one binding); returns the final status."""
        response = await self.request("REGISTER", f"sip:{self.domain}", expires=expires, headers=headers)
        return response.status

    async def options(self, target):
        """Out-of-dialog OPTIONS; returns the final status."""
        return (await self.request("OPTIONS", self.uri(target))).status

    async def request(self, method, uri, expires=None, headers=(), body=b""):
        """Any out-of-dialog request that makes no call, with one answer to a challenge; returns the final response."""
        call_id, tag, to = new_call_id(self.host), new_tag(), self.aor if method == "REGISTER" else uri
        credentials = None
        for cseq in (1, 2):
            message = self.new_request(method, uri, f"<{self.aor}>;tag={tag}", f"<{to}>", call_id, cseq)
            if expires is not None:
                message.add("Expires", expires)
            for name, value in list(headers) + ([credentials] if credentials else []):
                message.add(name, value)
            message.body = body
            response = await self.endpoint.request(message, self.out_of_dialog_hop(uri)).final_response()
            credentials = self.credentials(response, method, uri)
            if not credentials:
                return response
        return response

    def trace(self):
        """Everything sent and received, one line each: for the message of a failed assertion."""
        return "\n".join(f"{when:.3f} {self.name} {way} {host_port(*peer)} {m.start}  [{m.get('CSeq')}] {m.call_id}"
                         for when, way, peer, m in self.endpoint.log)

    # ---- pieces that Call uses

    def paths_to(self, uri):
        """Routes that an out-of-dialog request to that URI takes behind our own."""
        return []

    def out_of_dialog_hop(self, uri):
        return tuple(self.proxy) if self.proxy else self.next_hop(uri)

    def new_request(self, method, uri, sender, receiver, call_id, cseq, routes=None):
        """A request without Via (the endpoint adds it). `routes` None: out of dialog."""
        message = Message(f"{method} {uri} SIP/2.0")
        message.add("Max-Forwards", 70)
        if routes is None and self.route and self.proxy:
            routes = [f"<sip:{host_port(*self.proxy)};lr>"] + self.paths_to(uri)
        for route in routes or ():
            message.add("Route", route)
        for name, value in (("From", sender), ("To", receiver), ("Call-ID", call_id), ("CSeq", f"{cseq} {method}")):
            message.add(name, value)
        if method in ("INVITE", "REGISTER", "UPDATE", "SUBSCRIBE", "REFER", "NOTIFY"):
            message.add("Contact", self.contact())
        if method in ("INVITE", "REGISTER", "OPTIONS", "UPDATE"):
            message.add("Allow", ALLOW)
            message.add("Supported", "replaces, path" if method == "REGISTER" else "replaces")
        return message

    def credentials(self, response, method, uri):
        """The header that answers a 401 or 407, or None when there is nothing to answer with."""
        asked = {401: ("WWW-Authenticate", "Authorization"),
                 407: ("Proxy-Authenticate", "Proxy-Authorization")}.get(response.status)
        if not asked or self.password is None or not response.get(asked[0]):
            return None
        return asked[1], digest.credentials(response.get(asked[0]), method, uri, self.name, self.password)

    def spawn(self, coroutine):
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def find(self, call_id, local_tag, remote_tag=None):
        """The call with these ids (tags compare without case, RFC 3261 §7.3.1), or None."""
        for call in reversed(self.calls):
            if (call.call_id == call_id and call.local_tag.lower() == (local_tag or "").lower()
                    and (remote_tag is None or (call.remote_tag or "").lower() == remote_tag.lower())):
                return call
        return None

    def replaced_call(self, replaces):
        """The call that a received Replaces names: its to-tag is our own tag (RFC 3891 §3)."""
        return self.find(replaces.call_id, replaces.to_tag, replaces.from_tag)

    async def transfer_here(self, call, target):
        """For servers: true when the REFER of `call` to the URI `target` was carried out without a new INVITE."""
        return False

    # ---- what arrives

    def _on_request(self, transaction):
        message = transaction.request
        to_tag = message.tag("To")
        if to_tag:
            call = self.find(message.call_id, to_tag, message.tag("From"))
            if call and not call.forgotten:
                call.on_request(transaction)
            else:
                self.on_unknown_dialog(transaction)
        elif message.method == "INVITE":
            self._on_invite(transaction)
        elif message.method in ("OPTIONS", "MESSAGE", "NOTIFY"):
            response = response_to(message, 200, to_tag=transaction.to_tag)
            response.add("Allow", ALLOW)
            transaction.respond(response)
        else:
            response = response_to(message, 405, to_tag=transaction.to_tag)
            response.add("Allow", ALLOW)
            transaction.respond(response)

    def on_unknown_dialog(self, transaction):
        transaction.respond(response_to(transaction.request, 481))

    def _on_invite(self, transaction):
        message = transaction.request
        status, replaced = self._judge(message)
        if status:
            response = response_to(message, status, to_tag=transaction.to_tag)
            if status == 420:
                response.add("Unsupported", ", ".join(unsupported(message)))
            if self.retry_after:
                response.add("Retry-After", str(self.retry_after))
            transaction.respond(response)
            return
        call = Call(self, outgoing=False, invite=transaction)
        self.calls.append(call)
        self._incoming.put_nowait(call)
        self.spawn(call.serve(replaced))

    def _judge(self, message):
        """(status to refuse an INVITE with, or None; the call that it replaces, or None)"""
        for other in self.endpoint.servers.values():      # §8.2.2.2: the same request by two ways was forked
            if (other.request is not message and other.request.method == "INVITE" and other.request.call_id
                    == message.call_id and other.request.cseq == message.cseq
                    and other.request.tag("From") == message.tag("From")):
                return 482, None
        if unsupported(message):
            return 420, None
        values = [value for name, value in message.headers if name.lower() == "replaces"]
        if not values:
            return self.reject_with, None
        try:
            replaces = Replaces.parse(values[0])
        except ValueError:
            return 400, None
        if len(values) > 1:
            return 400, None
        return self.judge_replaces(replaces)

    def judge_replaces(self, replaces):
        """What RFC 3891 §3 says to a Replaces: (status, None) to refuse, (None, call) to take the call over."""
        call = self.replaced_call(replaces)
        if call is None or not (call.answered_already or call.ended or call.outgoing):
            return 481, None
        if call.ended:
            return 603, None
        return (486, None) if replaces.early_only and call.answered_already else (None, call)

    def _on_ack(self, message):
        call = self.find(message.call_id, message.tag("To"), message.tag("From"))
        if call:
            call.on_ack(message)

    def _on_cancel(self, transaction, invite):
        """For subclasses: the CANCEL is answered already; `invite` is None when it matched nothing."""

    def _on_stray(self, response):
        """A 2xx that no transaction waits for: a copy wants its ACK again; another fork is ended (§13.2.2.4)."""
        call = self.find(response.call_id, response.tag("From"))
        if call:
            call.on_stray(response)


def unsupported(message):
    return [tag for tag in message.all("Require") if tag.lower() not in SUPPORTED]


@contextlib.asynccontextmanager
async def started(*phones):
    """`async with started(alice, bob):` starts them all, and stops them whatever happens."""
    try:
        for phone in phones:
            await phone.start()
        yield phones
    finally:
        for phone in phones:
            await phone.stop()


__all__ = ["Call", "CallFailed", "Phone", "started"]

"""A media server for tests without Asterisk: it answers calls, knows its own dialogs, and refuses all others."""

import asyncio

from . import digest
from .phone import Phone
from .sip import NameAddr, Replaces, Uri, host_port, response_to


class StubServer(Phone):
    """Behaves as Asterisk does towards a proxy: Contact without user when it was called, `asterisk@` when it calls; an
    INVITE with Replaces is judged after the extension; REFER to a dialog of its own is done here, any other by an
    INVITE through the proxy with a Route to it; an OPTIONS with a dialog's ids tells whether it owns it.

    `misroutes` lists what came here although another server owns it (nothing here knew the dialog); a test asserts that
    it is empty, or what it holds. `ask` is a password: everything that makes or registers something is challenged."""

    def __init__(self, name, host, port=5060, proxy=None, *, ask=None, extensions=None, rtp=True):
        super().__init__(name, host, port, proxy, route=True, rtp=rtp)
        self.ask, self.extensions = ask, extensions
        self.ring_seconds = 0.02
        self.misroutes = []           # requests
        self.registered = {}          # user -> Contact
        self.paths = {}               # Contact URI -> the Path values that it registered with
        self.invites = []             # every INVITE that arrived without To tag, first copies only

    async def die(self):
        """As SIGKILL does: the port is closed, everything is forgotten. start() brings it back."""
        await self.stop()
        self.calls.clear()
        await asyncio.sleep(0.02)      # the loop closes the socket a little later

    def freeze(self, frozen=True):
        """As SIGSTOP does: it hears nothing and says nothing. `freeze(False)` is SIGCONT, with all that came lost."""
        self.endpoint.lose = (lambda *_: True) if frozen else None

    def heard_invites(self, since=0.0):
        """INVITEs outside of a dialog that reached its port since that time (time.time()), frozen or not."""
        return [message for when, way, _, message in self.endpoint.log
                if way == "<-" and when >= since and not message.is_response and message.method == "INVITE"
                and not message.tag("To")]

    def contact(self, call=None):
        if call is not None and call.outgoing:
            return f"<sip:asterisk@{host_port(self.host, self.port)}>"
        return f"<sip:{host_port(self.host, self.port)}>"

    def paths_to(self, uri):
        return self.paths.get(uri, [])

    def on_unknown_dialog(self, transaction):
        # An OPTIONS here is the proxy asking around, and no misroute.
        if transaction.request.method != "OPTIONS":
            self.misroutes.append(transaction.request)
        super().on_unknown_dialog(transaction)

    def _on_request(self, transaction):
        message = transaction.request
        if message.method == "INVITE" and not message.tag("To"):
            self.invites.append(message)
        if self.ask and message.method in ("INVITE", "REGISTER") and not message.tag("To") and not digest.valid(
                message.get("Authorization"), message.method, self.ask):
            response = response_to(message, 401, to_tag=transaction.to_tag)
            response.add("WWW-Authenticate", digest.challenge("asterisk"))
            transaction.respond(response)
        elif message.method == "REGISTER":
            self._register(transaction)
        else:
            super()._on_request(transaction)

    def _register(self, transaction):
        message = transaction.request
        contact = message.get("Contact")
        self.registered[Uri(message.get("To").strip("<>").partition(";")[0]).user] = contact
        self.paths[NameAddr(contact).uri] = message.all("Path")
        response = response_to(message, 200, to_tag=transaction.to_tag)
        response.add("Contact", f"{contact};expires={message.get('Expires', 3600)}")
        for path in message.all("Path"):
            response.add("Path", path)
        transaction.respond(response)

    def _judge(self, message):
        user = Uri(message.uri).user
        if not user:
            return 484, None
        if self.extensions is not None and user not in self.extensions:
            return 404, None
        return super()._judge(message)

    def judge_replaces(self, replaces):
        status, call = super().judge_replaces(replaces)
        if status == 481 and self.replaced_call(replaces) is None:
            self.misroutes.append(replaces)
        return status, call

    def _on_cancel(self, transaction, invite):
        if invite is None:
            self.misroutes.append(transaction.request)

    def _on_ack(self, message):
        if self.find(message.call_id, message.tag("To"), message.tag("From")) is None:
            self.misroutes.append(message)
        super()._on_ack(message)

    async def transfer_here(self, call, target):
        """Both calls of the transferor are ours: Asterisk bridges the other two and needs no INVITE."""
        replaces = target.header("Replaces")
        consultation = self.replaced_call(Replaces.parse(replaces)) if replaces else None
        if consultation is None or consultation.ended:
            return False
        await consultation.hangup()
        return True

    def owns(self, call_id):
        """True while a dialog with this Call-ID is up here."""
        return any(call.call_id == call_id and not call.ended for call in self.calls)

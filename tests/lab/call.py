"""One call of a test phone: the life of an INVITE dialog (RFC 3261 §13-15)."""

import asyncio
import random
import time

from .dialog import Dialog
from .media import Media, attach
from .refer import Refer, refer_to
from .sip import Replaces, response_to
from .transaction import T1

ANSWER_SECONDS = 64 * T1


class CallFailed(Exception):
    """The call was refused or ended before it was answered; `status` is the final status of its INVITE."""

    def __init__(self, call):
        super().__init__(f"{call.phone.name}: call {call.call_id} ended with {call.final_status}")
        self.status = call.final_status


class Call(Dialog):
    """An INVITE dialog of `phone`. Read-only for tests, beside what Dialog has: final_status, outgoing, confirmed, ended,
    ended_by, replaced (the call that this one took over), replaced_by, request (the INVITE), requests (methods received),
    referred (calls made for the peer's REFER)."""

    def __init__(self, phone, outgoing, remote_uri=None, invite=None):
        self.request = None if outgoing else invite.request
        super().__init__(phone, remote_uri, self.request)
        self.outgoing, self.final_status = outgoing, None
        self.confirmed = self.ended = self.forgotten = False
        self.ended_by = None      # "us" or "them"
        self.replaced = self.replaced_by = None
        self.requests = []
        self.media, self._refer = Media(phone), Refer(self)
        self._acks, self._pending, self._invite_busy = {}, {}, False
        self._ringing, self._final, self._over = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._decision = asyncio.get_running_loop().create_future()
        self._invite = invite
        if invite:
            invite.to_tag = self.local_tag

    def __repr__(self):
        state = "ended" if self.ended else "confirmed" if self.confirmed else "early"
        return f"<{self.phone.name} {'->' if self.outgoing else '<-'} {self.remote_uri} {state} {self.call_id}>"

    @property
    def rtp(self):
        return self.media.rtp

    @property
    def referred(self):
        return self._refer.calls

    @property
    def answered_already(self):
        """True from the 2xx on, which confirms a dialog, also while its ACK is still missing (RFC 3261 §12.1)."""
        return self.final_status is not None and self.final_status < 300 and not self.ended

    # ---- what the test asks for

    async def answered(self, timeout=10):
        """Waits until the call is up (for an incoming one: until the ACK is here). Raises CallFailed otherwise."""
        await asyncio.wait_for(self._final.wait(), timeout)
        if not self.confirmed:
            raise CallFailed(self)
        return self

    async def final(self, timeout=40):
        """Waits for the INVITE's final status and returns it, whatever it is."""
        await asyncio.wait_for(self._final.wait(), timeout)
        return self.final_status

    async def ringing(self, timeout=10):
        """Waits for a 180 or 183 (outgoing), which makes an early dialog with a remote_tag."""
        await asyncio.wait_for(self._ringing.wait(), timeout)
        return self

    async def wait_ended(self, timeout=10):
        await asyncio.wait_for(self._over.wait(), timeout)
        return self

    def answer(self):
        """Answers an incoming call that rings."""
        self._decide(200)

    def reject(self, status=486):
        self._decide(status)

    async def hangup(self):
        """Ends the call whatever its state; returns the status of the BYE, or None when there was none to send."""
        if self.ended:
            return None
        if not self.confirmed and self.outgoing:
            await self.cancel()
            return None
        if not self.confirmed:
            self.reject(603)      # no effect on a call that is answered and waits for its ACK
            await self._final.wait()
        if self.ended:
            return None
        self._end("us")
        return (await self.send("BYE")).status

    async def cancel(self):
        """Cancels an outgoing call, once there is a provisional answer (§9.1). Returns the INVITE's final status; a 200 that
        was faster is ended by BYE."""
        while not (self._invite.provisional or self._final.is_set()):
            await asyncio.sleep(0.01)
        if not self._final.is_set():
            self.phone.endpoint.cancel(self._invite)
        status = await self.final(ANSWER_SECONDS + 8)
        if status < 300:
            await self.hangup()
        return status

    async def hold(self, direction="sendonly"):
        """re-INVITE that puts the peer on hold (`inactive` is the other usual way); returns its status."""
        self.media.held = direction
        return await self.reinvite()

    async def unhold(self):
        self.media.held = "sendrecv"
        return await self.reinvite()

    async def reinvite(self, with_offer=True):
        """A re-INVITE with our present SDP, or without any; 491 is tried again (§14.1). Returns the final status."""
        for _ in range(5):
            response = await self._reinvite_once(with_offer)
            if response.status != 491:
                break
            await asyncio.sleep(random.uniform(0.05, 0.4))
        return response.status

    async def send(self, method, headers=(), body=b"", content_type=None):
        """Any other request in the dialog, one answer to a challenge; returns the final response."""
        def make(credentials):
            message = self.new_request(method)
            for name, value in list(headers) + ([credentials] if credentials else []):
                message.add(name, value)
            if content_type:
                message.add("Content-Type", content_type)
            message.body = body
            return message
        _, response = await self.exchange(make)
        if response.status in (408, 481) and method != "BYE" and not self.ended:      # §12.2.1.2
            self._end("us")
        return response

    def replaces(self, early_only=False):
        """The Replaces value that names this dialog to its peer: to-tag is the peer's own tag (RFC 3891 §3)."""
        return Replaces(self.call_id, self.remote_tag, self.local_tag, early_only)

    async def refer_attended(self, other_call, style="aor", timeout=ANSWER_SECONDS, early_only=False):
        """Transfers this call's peer to the peer of `other_call`; returns the final status that the NOTIFYs told, or
        the status that refused the REFER."""
        return await self._refer.ask(refer_to(other_call, style, early_only), timeout)

    async def refer_blind(self, uri, timeout=ANSWER_SECONDS):
        return await self._refer.ask(f"<{self.phone.uri(uri)}>", timeout)

    async def heard(self, seconds=1.0):
        """As Phone.heard, of this call alone."""
        since = time.monotonic()
        await asyncio.sleep(seconds)
        return {name for name, when in self.rtp.last_heard.items() if when > since} if self.rtp else set()

    # ---- outgoing INVITE

    async def invite(self, headers=(), body=None):
        await self._open_media()
        offer = self.media.offer() if body is None else body
        self._invite = self._send_invite(headers, offer)
        self.phone.spawn(self._follow(list(headers), offer))

    def _send_invite(self, headers, offer):
        self.local_cseq += 1
        message = self.phone.new_request("INVITE", self.remote_uri, self.sender, f"<{self.remote_uri}>", self.call_id,
                                         self.local_cseq)
        message.set("Contact", self.phone.contact(self))
        for name, value in headers:
            message.add(name, value)
        attach(message, offer)
        self.request = message
        return self.phone.endpoint.request(message, self.phone.out_of_dialog_hop(self.remote_uri))

    async def _follow(self, headers, offer):
        asked = False
        while True:
            response = await self._invite.next()
            if response.status < 200:
                if response.status > 100 and response.tag("To"):
                    self.learn(response)
                    if response.body:
                        self.media.take(response.body)
                    self._ringing.set()
                continue
            credentials = None if asked else self.phone.credentials(response, "INVITE", self.remote_uri)
            if not credentials:
                break
            asked = True
            self._invite = self._send_invite(headers + [credentials], offer)
        self.final_status = response.status
        if response.status >= 300:
            self._end("them")
            self._final.set()
            return
        self.learn(response)
        answer = self._take_answer(response, offer)
        self._acknowledge(self._invite.request.cseq[0], answer)
        if not self.ended:
            self.confirmed = True
        self._final.set()

    def _take_answer(self, response, offer):
        """The SDP for the ACK: an answer when the offer came in the 2xx."""
        if response.body:
            self.media.take(response.body)
        return self.media.answer() if not offer and response.body else b""

    def _acknowledge(self, cseq, body=b""):
        """ACK to a 2xx: a request of its own, along the route set (§13.2.2.4)."""
        message = self.new_request("ACK", cseq)
        message.headers.insert(0, ("Via", self.phone.endpoint.via()))
        attach(message, body)
        self._acks[cseq] = message
        self.phone.endpoint.send(message, self.next_hop())

    def on_stray(self, response):
        cseq = response.cseq[0]
        if (response.tag("To") or "").lower() == (self.remote_tag or "").lower():
            if cseq in self._acks:
                self.phone.endpoint.send(self._acks[cseq], self.next_hop())
            return
        fork = Call(self.phone, True, self.remote_uri)
        fork.call_id, fork.local_tag, fork.local_cseq = self.call_id, self.local_tag, self.local_cseq
        fork.learn(response)
        fork._acknowledge(cseq)
        fork.confirmed = True
        self.phone.spawn(fork.hangup())

    # ---- incoming INVITE

    async def serve(self, replaced):
        """The life of an incoming INVITE up to its final answer; `replaced` is the call that it takes over, or None."""
        phone, invite = self.phone, self._invite
        try:
            if self.request.body:
                self.media.take(self.request.body)
        except ValueError:
            self._decide(488)
        invite.respond(response_to(self.request, 100))
        if replaced:
            self._decide(200)
        elif phone.auto_answer and not self._decision.done():
            asyncio.get_running_loop().call_later(phone.ring_seconds, self._decide, 200)
        if not self._decision.done() and not (phone.auto_answer and phone.ring_seconds <= 0):
            invite.respond(self.new_response(self.request, 180))
        cancelled = asyncio.ensure_future(invite.cancelled.wait())
        await asyncio.wait((self._decision, cancelled), return_when=asyncio.FIRST_COMPLETED)
        cancelled.cancel()
        status = self._decision.result() if self._decision.done() else 487
        self.final_status = status
        if status >= 300:
            invite.respond(response_to(self.request, status, to_tag=self.local_tag))
            self._end("them" if status == 487 else "us")
            self._final.set()
            return
        await self._open_media()
        self._answer_with_sdp(invite, has_offer=bool(self.request.body))
        if replaced:
            self._take_over(replaced)
        await self._await_ack(invite)

    def _take_over(self, replaced):
        self.replaced, replaced.replaced_by = replaced, self
        self.phone.spawn(replaced.hangup())      # BYE, or CANCEL when we are the one whose call still rings there

    async def _await_ack(self, invite):
        try:
            await asyncio.wait_for(invite.acknowledged.wait(), ANSWER_SECONDS)
        except asyncio.TimeoutError:      # §13.3.1.4
            self.confirmed = True
            self._final.set()
            await self.hangup()

    def _answer_with_sdp(self, invite, has_offer):
        """Sends the 200 with an answer, or with an offer when the INVITE had none."""
        self._pending[invite.request.cseq[0]] = invite
        response = self.new_response(invite.request, 200)
        attach(response, self.media.answer() if has_offer else self.media.offer())
        invite.respond(response)

    def on_ack(self, message):
        invite = self._pending.pop(message.cseq[0], None)
        if not invite:
            return
        if message.body:
            self.media.take(message.body)
        if not self.ended:
            self.confirmed = True
        invite.received_ack(message)
        self._final.set()

    # ---- requests in the dialog

    def on_request(self, transaction):
        message = transaction.request
        number, method = message.cseq[0], message.method
        self.requests.append(method)
        if self.remote_cseq is not None and number <= self.remote_cseq:      # §12.2.2
            transaction.respond(response_to(message, 500, "Invalid CSeq"))
            return
        self.remote_cseq = number if number or method != "OPTIONS" else self.remote_cseq
        if self.ended and method not in ("BYE", "NOTIFY"):
            transaction.respond(response_to(message, 481))
        elif method == "BYE":
            self._on_bye(transaction)
        elif method in ("INVITE", "UPDATE"):
            self._on_offer(transaction)
        elif method == "REFER":
            self._refer.on_refer(transaction)
        elif method == "NOTIFY":
            self._refer.on_notify(transaction)
        elif method in ("INFO", "OPTIONS", "MESSAGE"):
            transaction.respond(response_to(message, 200))
        else:
            transaction.respond(response_to(message, 405))

    def _on_bye(self, transaction):
        transaction.respond(response_to(transaction.request, 200))
        if not self.ended:
            self._end("them")
            self._final.set()

    def _on_offer(self, transaction):
        message, invite = transaction.request, transaction.request.method == "INVITE"
        if self._invite_busy or self._pending:
            transaction.respond(response_to(message, 491))
            return
        self.update_target(message)
        if message.body:
            self.media.take(message.body)
        if invite:
            self._answer_with_sdp(transaction, has_offer=bool(message.body))
            self.phone.spawn(self._await_ack(transaction))
        else:
            response = self.new_response(message, 200)
            if message.body:
                attach(response, self.media.answer())
            transaction.respond(response)

    async def _reinvite_once(self, with_offer):
        self._invite_busy = True
        offer = self.media.offer() if with_offer else b""

        def make(credentials):
            message = self.new_request("INVITE")
            if credentials:
                message.add(*credentials)
            attach(message, offer)
            return message
        try:
            message, response = await self.exchange(make)
        finally:
            self._invite_busy = False
        if response.status < 300:
            self.update_target(response)
            self._acknowledge(message.cseq[0], self._take_answer(response, offer))
        elif response.status in (408, 481) and not self.ended:
            self._end("us")
        return response

    # ---- state

    def _decide(self, status):
        if not self._decision.done():
            self._decision.set_result(status)

    def _end(self, by):
        self.ended, self.confirmed, self.ended_by = True, False, by
        self.release()
        self._over.set()
        asyncio.get_running_loop().call_later(ANSWER_SECONDS, setattr, self, "forgotten", True)

    async def _open_media(self):
        if not self.ended:
            await self.media.open()

    def release(self):
        self.media.close()

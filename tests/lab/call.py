"""One call of a test phone: an INVITE dialog with its voice (RFC 3261 §12-15, RFC 3264, RFC 3515, RFC 3891)."""

import asyncio
import random
import re
import time

from .rtp import RtpSession, Sdp, answer_direction, describe
from .sip import NameAddr, Replaces, Uri, escape, host_port, new_call_id, new_tag, response_to
from .transaction import T1

ANSWER_SECONDS = 64 * T1


class CallFailed(Exception):
    """The call was refused or ended before it was answered; `status` is the final status of its INVITE."""

    def __init__(self, call):
        super().__init__(f"{call.phone.name}: call {call.call_id} ended with {call.final_status}")
        self.status = call.final_status


class Call:
    """A dialog of `phone`. Read-only for tests: call_id, local_tag, remote_tag, remote_contact, final_status, outgoing,
    confirmed, ended, ended_by, replaced (the call that this one took over), replaced_by, request (the INVITE), requests
    (methods received), referred (calls made for the peer's REFER)."""

    def __init__(self, phone, outgoing, remote_uri=None, invite=None):
        self.phone, self.outgoing = phone, outgoing
        self.local_tag, self.remote_tag = new_tag(), None
        self.remote_contact, self.route_set = None, []
        self.final_status = None
        self.confirmed = self.ended = self.forgotten = False
        self.ended_by = None      # "us" or "them"
        self.replaced = self.replaced_by = None
        self.requests = []
        self.referred = []
        self.rtp = None
        self.local_cseq, self.remote_cseq = random.randrange(1, 2000), None
        self._local_hold, self._remote_sdp = "sendrecv", None
        self._sdp_session, self._sdp_version = random.getrandbits(31), 0
        self._acks, self._pending, self._invite_busy = {}, {}, False
        self._ringing, self._final, self._over = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._decision = asyncio.get_running_loop().create_future()
        self._refer_status = None
        self._invite = invite
        if outgoing:
            self.call_id, self.remote_uri, self.local_uri = new_call_id(phone.host), remote_uri, phone.aor
            self.request = None
        else:
            self.request = message = invite.request
            invite.to_tag = self.local_tag
            self.call_id, self.remote_tag = message.call_id, message.tag("From")
            self.remote_uri, self.local_uri = NameAddr(message.get("From")).uri, NameAddr(message.get("To")).uri
            self.remote_cseq = message.cseq[0]
            self.route_set = message.all("Record-Route")
            self._update_target(message)

    def __repr__(self):
        state = "ended" if self.ended else "confirmed" if self.confirmed else "early"
        return f"<{self.phone.name} {'->' if self.outgoing else '<-'} {self.remote_uri} {state} {self.call_id}>"

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
        self._local_hold = direction
        return await self.reinvite()

    async def unhold(self):
        self._local_hold = "sendrecv"
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
        credentials = None
        for _ in range(2):
            message = self._in_dialog(method)
            for name, value in list(headers) + ([credentials] if credentials else []):
                message.add(name, value)
            if content_type:
                message.add("Content-Type", content_type)
            message.body = body
            response = await self.phone.endpoint.request(message, self._next_hop()).final_response()
            credentials = self.phone.credentials(response, method, message.uri)
            if not credentials:
                break
        if response.status in (408, 481) and method != "BYE" and not self.ended:      # §12.2.1.2
            self._end("us")
        return response

    def replaces(self, early_only=False):
        """The Replaces value that names this dialog to its peer: to-tag is the peer's own tag (RFC 3891 §3)."""
        return Replaces(self.call_id, self.remote_tag, self.local_tag, early_only)

    def refer_to(self, style="aor", early_only=False):
        """Refer-To for a transfer to this call's peer, as different phones write it: `aor` with the address that was
        called; `aor_no_port` without port, %3b in lower case, from-tag first; `contact` with the peer's Contact,
        Require, and maybe no user."""
        value = str(self.replaces(early_only))
        if style == "aor":
            return f"<{Uri(self.remote_uri).without_headers()}?Replaces={escape(value)}>"
        if style == "aor_no_port":
            uri = Uri(self.remote_uri)
            value = f"{self.call_id};from-tag={self.local_tag};to-tag={self.remote_tag}" + (
                ";early-only" if early_only else "")
            return f"<sip:{uri.user}@{host_port(uri.host)}?Replaces={escape(value, lower=True)}>"
        if style == "contact":
            return f"<{Uri(self.remote_contact).without_headers()}?Replaces={escape(value)}&Require=replaces>"
        raise ValueError(style)

    async def refer_attended(self, other_call, style="aor", timeout=ANSWER_SECONDS, early_only=False):
        """Transfers this call's peer to the peer of `other_call`; returns the final status that the NOTIFYs told, or
        the status that refused the REFER."""
        return await self._refer(other_call.refer_to(style, early_only), timeout)

    async def refer_blind(self, uri, timeout=ANSWER_SECONDS):
        return await self._refer(f"<{self.phone.uri(uri)}>", timeout)

    async def heard(self, seconds=1.0):
        """As Phone.heard, of this call alone."""
        since = time.monotonic()
        await asyncio.sleep(seconds)
        return {name for name, when in self.rtp.last_heard.items() if when > since} if self.rtp else set()

    # ---- outgoing INVITE

    async def invite(self, headers=(), body=None):
        await self._open_rtp()
        offer = self._local_sdp() if body is None else body
        self._invite = self._send_invite(headers, offer)
        self.phone.spawn(self._follow(list(headers), offer))

    def _send_invite(self, headers, offer):
        self.local_cseq += 1
        message = self.phone.new_request("INVITE", self.remote_uri, self._from(), f"<{self.remote_uri}>", self.call_id,
                                         self.local_cseq)
        message.set("Contact", self.phone.contact(self))
        for name, value in headers:
            message.add(name, value)
        self._attach(message, offer)
        self.request = message
        return self.phone.endpoint.request(message, self.phone.out_of_dialog_hop(self.remote_uri))

    async def _follow(self, headers, offer):
        asked = False
        while True:
            response = await self._invite.next()
            if response.status < 200:
                if response.status > 100 and response.tag("To"):
                    self._learn(response)
                    if response.body:
                        self._remote_offer_or_answer(response.body)
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
        self._learn(response)
        answer = self._take_answer(response, offer)
        self._acknowledge(self._invite.request.cseq[0], answer)
        if not self.ended:
            self.confirmed = True
        self._final.set()

    def _take_answer(self, response, offer):
        """The SDP for the ACK: an answer when the offer came in the 2xx."""
        if response.body:
            self._remote_offer_or_answer(response.body)
        return self._local_sdp() if not offer and response.body else b""

    def _acknowledge(self, cseq, body=b""):
        """ACK to a 2xx: a request of its own, along the route set (§13.2.2.4)."""
        message = self._in_dialog("ACK", cseq)
        message.headers.insert(0, ("Via", self.phone.endpoint.via()))
        self._attach(message, body)
        self._acks[cseq] = message
        self.phone.endpoint.send(message, self._next_hop())

    def on_stray(self, response):
        cseq = response.cseq[0]
        if (response.tag("To") or "").lower() == (self.remote_tag or "").lower():
            if cseq in self._acks:
                self.phone.endpoint.send(self._acks[cseq], self._next_hop())
            return
        fork = Call(self.phone, True, self.remote_uri)
        fork.call_id, fork.local_tag, fork.local_cseq = self.call_id, self.local_tag, self.local_cseq
        fork._learn(response)
        fork._acknowledge(cseq)
        fork.confirmed = True
        self.phone.spawn(fork.hangup())

    # ---- incoming INVITE

    async def serve(self, replaced):
        """The life of an incoming INVITE up to its final answer; `replaced` is the call that it takes over, or None."""
        phone, invite = self.phone, self._invite
        try:
            if self.request.body:
                self._remote_sdp = Sdp(self.request.body)
        except ValueError:
            self._decide(488)
        invite.respond(response_to(self.request, 100))
        if replaced:
            self._decide(200)
        elif phone.auto_answer and not self._decision.done():
            asyncio.get_running_loop().call_later(phone.ring_seconds, self._decide, 200)
        if not self._decision.done() and not (phone.auto_answer and phone.ring_seconds <= 0):
            invite.respond(self._response(self.request, 180))
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
        await self._open_rtp()
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
        self._apply_media()
        response = self._response(invite.request, 200)
        direction = answer_direction(self._remote_sdp.direction, self._local_hold) if has_offer else self._local_hold
        self._attach(response, self._local_sdp(direction))
        invite.respond(response)

    def on_ack(self, message):
        invite = self._pending.pop(message.cseq[0], None)
        if not invite:
            return
        if message.body:
            self._remote_offer_or_answer(message.body)
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
            self._on_refer(transaction)
        elif method == "NOTIFY":
            self._on_notify(transaction)
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
        self._update_target(message)
        if message.body:
            self._remote_offer_or_answer(message.body)
        if invite:
            self._answer_with_sdp(transaction, has_offer=bool(message.body))
            self.phone.spawn(self._await_ack(transaction))
        else:
            response = self._response(message, 200)
            if message.body:
                self._attach(response, self._local_sdp(answer_direction(self._remote_sdp.direction, self._local_hold)))
            transaction.respond(response)

    def _on_notify(self, transaction):
        message = transaction.request
        transaction.respond(response_to(message, 200))
        told = re.match(rb"SIP/2\.0 (\d{3})", message.body)
        if self._refer_status and told and int(told[1]) >= 200 and not self._refer_status.done():
            self._refer_status.set_result(int(told[1]))

    def _on_refer(self, transaction):
        try:
            target = Uri(NameAddr(transaction.request.get("Refer-To", "")).uri)
        except ValueError:
            transaction.respond(response_to(transaction.request, 400))
            return
        transaction.respond(self._response(transaction.request, 202))
        self.phone.spawn(self._do_refer(target, transaction.request))

    async def _do_refer(self, target, refer):
        await self._tell(100, "Trying", "active;expires=60")
        if await self.phone.transfer_here(self, target):
            await self._tell(200, "OK", "terminated;reason=noresource")
            return
        headers = [("Referred-By", refer.get("Referred-By", f"<{self.remote_uri}>"))]
        if target.header("Require"):
            headers.append(("Require", target.header("Require")))
        call = await self.phone.call(target.without_headers(), replaces=target.header("Replaces"), headers=headers)
        self.referred.append(call)
        status = await call.final()
        await self._tell(status, "OK" if status < 300 else "Failed", "terminated;reason=noresource")

    async def _tell(self, status, reason, state):
        await self.send("NOTIFY", (("Event", "refer"), ("Subscription-State", state)),
                        f"SIP/2.0 {status} {reason}\r\n".encode(), "message/sipfrag;version=2.0")

    async def _refer(self, refer_to, timeout):
        self._refer_status = asyncio.get_running_loop().create_future()
        response = await self.send("REFER", (("Refer-To", refer_to), ("Referred-By", f"<{self.phone.aor}>")))
        if response.status >= 300:
            return response.status
        return await asyncio.wait_for(self._refer_status, timeout)

    async def _reinvite_once(self, with_offer):
        self._invite_busy, credentials = True, None
        try:
            for _ in range(2):
                message = self._in_dialog("INVITE")
                if credentials:
                    message.add(*credentials)
                offer = self._local_sdp() if with_offer else b""
                self._attach(message, offer)
                response = await self.phone.endpoint.request(message, self._next_hop()).final_response()
                credentials = self.phone.credentials(response, "INVITE", message.uri)
                if not credentials:
                    break
        finally:
            self._invite_busy = False
        if response.status < 300:
            self._update_target(response)
            self._acknowledge(message.cseq[0], self._take_answer(response, offer))
        elif response.status in (408, 481) and not self.ended:
            self._end("us")
        return response

    # ---- dialog state

    def _from(self):
        return f"<{self.local_uri}>;tag={self.local_tag}"

    def _in_dialog(self, method, cseq=None):
        """A request along the route set to the remote target (§12.2.1.1); strict routers included."""
        if cseq is None:
            self.local_cseq += 1
            cseq = self.local_cseq
        target, routes = self.remote_contact or self.remote_uri, list(self.route_set)
        if routes and not Uri(NameAddr(routes[0]).uri).loose:
            routes.append(f"<{target}>")
            target = NameAddr(routes.pop(0)).uri
        receiver = f"<{self.remote_uri}>" + (f";tag={self.remote_tag}" if self.remote_tag else "")
        message = self.phone.new_request(method, target, self._from(), receiver, self.call_id, cseq, routes)
        if message.get("Contact"):
            message.set("Contact", self.phone.contact(self))
        return message

    def _next_hop(self):
        return self.phone.next_hop(self.remote_contact or self.remote_uri, self.route_set)

    def _response(self, request, status):
        response = response_to(request, status, to_tag=self.local_tag)
        response.add("Contact", self.phone.contact(self))
        return response

    def _learn(self, response):
        """Remote tag, target and route set of a dialog that we started (§12.1.2)."""
        self.remote_tag = response.tag("To")
        self.route_set = list(reversed(response.all("Record-Route")))
        self._update_target(response)

    def _update_target(self, message):
        contacts = message.all("Contact")
        if contacts:
            self.remote_contact = NameAddr(contacts[0]).uri

    def _decide(self, status):
        if not self._decision.done():
            self._decision.set_result(status)

    def _end(self, by):
        self.ended, self.confirmed, self.ended_by = True, False, by
        self.release()
        self._over.set()
        asyncio.get_running_loop().call_later(ANSWER_SECONDS, setattr, self, "forgotten", True)

    def release(self):
        if self.rtp:
            self.rtp.close()

    # ---- media

    async def _open_rtp(self):
        if self.phone.rtp and not self.rtp and not self.ended:
            self.rtp = RtpSession(self.phone.name)
            await self.rtp.open(self.phone.host)
            self._apply_media()

    def _attach(self, message, body):
        message.body = body
        if body:
            message.add("Content-Type", "application/sdp")

    def _local_sdp(self, direction=None):
        self._sdp_version += 1
        return describe(self.phone.host, self.rtp.port if self.rtp else 9, direction or self._local_hold,
                        self._sdp_session, self._sdp_version)

    def _remote_offer_or_answer(self, body):
        self._remote_sdp = Sdp(body)
        self._apply_media()

    def _apply_media(self):
        if self.rtp and self._remote_sdp:
            self.rtp.peer = self._remote_sdp.peer
            self.rtp.sending = (self._local_hold == "sendrecv"
                                and self._remote_sdp.direction in ("sendrecv", "recvonly"))


"""Transfers within a call: the REFER that asks for one, and what its receiver does (RFC 3515, RFC 3891, RFC 5589)."""

import asyncio
import re

from .sip import NameAddr, Uri, escape, host_port, response_to


def refer_to(call, style="aor", early_only=False):
    """Refer-To for a transfer to this call's peer, as different phones write it: `aor` with the address that was called;
    `aor_no_port` without port, %3b in lower case, from-tag first; `contact` with the peer's Contact, Require, and maybe no
    user."""
    value = str(call.replaces(early_only))
    if style == "aor":
        return f"<{Uri(call.remote_uri).without_headers()}?Replaces={escape(value)}>"
    if style == "aor_no_port":
        uri = Uri(call.remote_uri)
        value = f"{call.call_id};from-tag={call.local_tag};to-tag={call.remote_tag}" + (";early-only" if early_only else "")
        return f"<sip:{uri.user}@{host_port(uri.host)}?Replaces={escape(value, lower=True)}>"
    if style == "contact":
        return f"<{Uri(call.remote_contact).without_headers()}?Replaces={escape(value)}&Require=replaces>"
    raise ValueError(style)


class Refer:
    """The REFERs of one call, in both directions. `calls` are those that we made for the peer's."""

    def __init__(self, call):
        self.call, self.calls = call, []
        self._told = None

    async def ask(self, target, timeout):
        """Sends a REFER; returns the final status that the NOTIFYs told, or the status that refused it."""
        self._told = asyncio.get_running_loop().create_future()
        headers = (("Refer-To", target), ("Referred-By", f"<{self.call.phone.aor}>"))
        response = await self.call.send("REFER", headers)
        if response.status >= 300:
            return response.status
        return await asyncio.wait_for(self._told, timeout)

    def on_notify(self, transaction):
        message = transaction.request
        transaction.respond(response_to(message, 200))
        told = re.match(rb"SIP/2\.0 (\d{3})", message.body)
        if self._told and told and int(told[1]) >= 200 and not self._told.done():
            self._told.set_result(int(told[1]))

    def on_refer(self, transaction):
        try:
            target = Uri(NameAddr(transaction.request.get("Refer-To", "")).uri)
        except ValueError:
            transaction.respond(response_to(transaction.request, 400))
            return
        transaction.respond(self.call.new_response(transaction.request, 202))
        self.call.phone.spawn(self._carry_out(target, transaction.request))

    async def _carry_out(self, target, refer):
        call = self.call
        await self._tell(100, "Trying", "active;expires=60")
        if await call.phone.transfer_here(call, target):
            await self._tell(200, "OK", "terminated;reason=noresource")
            return
        headers = [("Referred-By", refer.get("Referred-By", f"<{call.remote_uri}>"))]
        if target.header("Require"):
            headers.append(("Require", target.header("Require")))
        made = await call.phone.call(target.without_headers(), replaces=target.header("Replaces"), headers=headers)
        self.calls.append(made)
        status = await made.final()
        await self._tell(status, "OK" if status < 300 else "Failed", "terminated;reason=noresource")

    async def _tell(self, status, reason, state):
        await self.call.send("NOTIFY", (("Event", "refer"), ("Subscription-State", state)),
                             f"SIP/2.0 {status} {reason}\r\n".encode(), "message/sipfrag;version=2.0")

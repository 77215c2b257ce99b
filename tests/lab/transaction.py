"""SIP transactions, client and server (RFC 3261 §17, with RFC 6026's Accepted state for INVITE)."""

import asyncio

from .sip import Message, Via, new_tag, response_to

T1, T2, T4 = 0.5, 4.0, 5.0


class ClientTransaction:
    """One request and its responses, to be awaited one by one with `next()`. A final answer that does not come is
    a 408 made here (`timed_out` is then true)."""

    def __init__(self, endpoint, request, destination):
        self.endpoint, self.request, self.destination = endpoint, request, destination
        self.responses = asyncio.Queue()
        self.timed_out = self.provisional = self.final = False
        self.key = Via(request.all("Via")[0]).branch, request.method
        self.ack = None
        self._interval, self._timer, self._expiry = T1, None, None

    def start(self):
        loop = asyncio.get_running_loop()
        self.endpoint.clients[self.key] = self
        self.endpoint.send(self.request, self.destination)
        if not self.endpoint.RELIABLE:
            self._timer = loop.call_later(self._interval, self._retransmit)
        self._expiry = loop.call_later(64 * T1, self._expire)

    def _retransmit(self):
        self.endpoint.send(self.request, self.destination)
        self._interval *= 2
        if self.request.method != "INVITE":
            self._interval = T2 if self.provisional else min(self._interval, T2)
        self._timer = asyncio.get_running_loop().call_later(self._interval, self._retransmit)

    def _expire(self):
        self.timed_out = True
        self._end()
        self.responses.put_nowait(response_to(self.request, 408))

    def _end(self):
        self.cancel_timers()
        self.endpoint.clients.pop(self.key, None)

    def cancel_timers(self):
        for timer in (self._timer, self._expiry):
            if timer:
                timer.cancel()

    def received(self, response):
        invite = self.request.method == "INVITE"
        if self.final:
            if self.ack:      # a retransmitted 3xx-6xx
                self.endpoint.send(self.ack, self.destination)
            return
        if response.status < 200:
            self.provisional = True
            if invite:
                self.cancel_timers()
        else:
            self.final = True
            self.cancel_timers()
            if invite and response.status >= 300:
                self._acknowledge(response)
            loop = asyncio.get_running_loop()
            self._expiry = loop.call_later(64 * T1 if invite else T4, self._end)
            if invite and response.status < 300:      # 2xx retransmissions and forks belong to the dialog
                self._end()
        self.responses.put_nowait(response)

    def _acknowledge(self, response):
        """The ACK to a non-2xx is part of the transaction: same branch, R-URI and Route (§17.1.1.3)."""
        ack = Message(f"ACK {self.request.uri} SIP/2.0")
        ack.add("Via", self.request.all("Via")[0])
        for name, value in self.request.headers:
            if name.lower() in ("from", "call-id", "max-forwards", "route"):
                ack.add(name, value)
        ack.add("To", response.get("To"))
        ack.add("CSeq", f"{self.request.cseq[0]} ACK")
        self.ack = ack
        self.endpoint.send(ack, self.destination)

    async def next(self):
        return await self.responses.get()

    async def final_response(self):
        while True:
            response = await self.next()
            if response.status >= 200:
                return response


class ServerTransaction:
    """One received request. `respond` may be called several times with 1xx, once with a final status; a final to an
    INVITE is retransmitted until its ACK arrives (a 2xx too, and over any transport, as the dialog asks; §13.3.1.4)."""

    def __init__(self, endpoint, request, key, destination):
        self.endpoint, self.request, self.key, self.destination = endpoint, request, key, destination
        self.to_tag = new_tag()
        self.last = None
        self.status = 0
        self.cancelled = asyncio.Event()
        self.acknowledged = asyncio.Event()
        self.ack = None
        self.copies = 1
        self._timer = self._expiry = None
        self._interval = T1

    def respond(self, response):
        """Sends the response; nothing is sent once a final one is out."""
        if self.status >= 200:
            return
        self.last, self.status = response, response.status
        self.endpoint.send(response, self.destination)
        if self.status >= 200:
            loop = asyncio.get_running_loop()
            self._expiry = loop.call_later(64 * T1, self._end)
            if self.request.method == "INVITE" and (self.status < 300 or not self.endpoint.RELIABLE):
                self._timer = loop.call_later(self._interval, self._retransmit)

    def _retransmit(self):
        self.endpoint.send(self.last, self.destination)
        self._interval = min(2 * self._interval, T2)
        self._timer = asyncio.get_running_loop().call_later(self._interval, self._retransmit)

    def received_again(self):
        self.copies += 1
        if self.last:
            self.endpoint.send(self.last, self.destination)

    def received_ack(self, ack):
        self.ack = ack
        self.cancel_timers()
        self.acknowledged.set()
        self._expiry = asyncio.get_running_loop().call_later(T4, self._end)

    def cancel_timers(self):
        for timer in (self._timer, self._expiry):
            if timer:
                timer.cancel()

    def _end(self):
        self.cancel_timers()
        self.endpoint.servers.pop(self.key, None)

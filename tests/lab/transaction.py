"""SIP transactions over UDP, client and server (RFC 3261 §17, with RFC 6026's Accepted state for INVITE)."""

import asyncio
import socket
import time

from .sip import Message, Via, host_port, new_branch, new_tag, response_to, split_outside

T1, T2, T4 = 0.5, 4.0, 5.0


def udp_socket(host, port):
    """A bound UDP socket that does not block, in the network namespace of the calling thread."""
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    return sock


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
    INVITE is retransmitted until its ACK arrives (a 2xx too, since the dialog asks the same of us)."""

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
            if self.request.method == "INVITE":
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


class Endpoint(asyncio.DatagramProtocol):
    """The transport and transaction layers of one address. The owner sets `on_request(transaction)`,
    `on_ack(message)` for the ACK to a 2xx and `on_stray(response)` for 2xx that no transaction waits for."""

    def __init__(self, host, port):
        self.host, self.port = host, port
        self.clients, self.servers = {}, {}
        self.on_request = self.on_ack = self.on_stray = None
        self.on_cancel = lambda transaction, invite: None
        self.log = []            # (time, "->" or "<-", peer, message): what was sent and received, bounded
        self.lose = None         # a test's own line noise: called with (direction, message), true loses the message
        self.line = lambda: (0.0,)   # for each datagram, sent or received: the delays of its copies; none is lost
        self._transport = None

    async def open(self):
        sock = udp_socket(self.host, self.port)
        self.port = sock.getsockname()[1]
        self._transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: self, sock=sock)

    def close(self):
        for transaction in list(self.clients.values()) + list(self.servers.values()):
            transaction.cancel_timers()
        if self._transport:
            self._transport.close()

    def _note(self, direction, peer, message):
        self.log.append((time.time(), direction, peer, message))
        if len(self.log) > 5000:
            del self.log[:1000]

    def send(self, message, destination):
        self._note("->", destination, message)
        if self._transport and not (self.lose and self.lose("->", message)):
            self._carry(self._transport.sendto, message.encode(), destination)

    def _carry(self, use, data, peer):
        for delay in self.line():
            if delay:
                asyncio.get_running_loop().call_later(delay, lambda: self._transport.is_closing() or use(data, peer))
            else:
                use(data, peer)

    def request(self, message, destination):
        """Puts our Via on top and starts a client transaction."""
        message.headers.insert(0, ("Via", self.via()))
        transaction = ClientTransaction(self, message, destination)
        transaction.start()
        return transaction

    def via(self, branch=None):
        return f"SIP/2.0/UDP {host_port(self.host, self.port)};rport;branch={branch or new_branch()}"

    def cancel(self, invite):
        """CANCEL of a client transaction: same branch, R-URI, Route (§9.1)."""
        message = Message(f"CANCEL {invite.request.uri} SIP/2.0")
        for name, value in invite.request.headers:
            if name.lower() in ("via", "from", "to", "call-id", "max-forwards", "route"):
                message.add(name, value)
        message.add("CSeq", f"{invite.request.cseq[0]} CANCEL")
        transaction = ClientTransaction(self, message, invite.destination)
        transaction.start()
        return transaction

    def error_received(self, error):
        pass      # ICMP: the transaction's own timer tells

    def datagram_received(self, data, address):
        self._carry(self._take, data, address)

    def _take(self, data, address):
        if not data.strip(b"\r\n\0"):
            return
        try:
            message = Message.parse(data)
            text = split_outside(message.get("Via", ""), ",")[0]
            via = Via(text)
            cseq_method = message.cseq[1]
        except (ValueError, IndexError):
            return
        self._note("<-", address[:2], message)
        if self.lose and self.lose("<-", message):
            return
        if message.is_response:
            transaction = self.clients.get((via.branch, cseq_method))
            if transaction:
                transaction.received(message)
            elif 200 <= message.status < 300 and cseq_method == "INVITE":
                self.on_stray(message)
            return
        if message.method == "ACK":
            transaction = self.servers.get((via.branch, via.sent_by, "INVITE"))
            if transaction and transaction.status >= 300:
                transaction.received_ack(message)
            else:
                self.on_ack(message)
            return
        key = via.branch, via.sent_by, message.method
        if key in self.servers:
            self.servers[key].received_again()
            return
        destination = self._mark_source(message, text, via, address[:2])
        transaction = self.servers[key] = ServerTransaction(self, message, key, destination)
        if message.method == "CANCEL":
            self._cancelled(transaction, via)
        else:
            self.on_request(transaction)

    def _cancelled(self, transaction, via):
        invite = self.servers.get((via.branch, via.sent_by, "INVITE"))
        owner = invite or transaction
        transaction.respond(response_to(transaction.request, 200 if invite else 481, to_tag=owner.to_tag))
        if invite:
            invite.cancelled.set()
        self.on_cancel(transaction, invite)

    def _mark_source(self, message, text, via, address):
        """Writes received and rport into the top Via (§18.2.1, RFC 3581 §4); returns where answers go (§18.2.2)."""
        shown, destination = text, (via.host, via.port)
        if via.params.get("rport") == "":
            shown, destination = f"{text};received={address[0]}".replace(";rport", f";rport={address[1]}", 1), address
        elif via.host != address[0]:
            shown, destination = f"{text};received={address[0]}", (address[0], via.port)
        index = next(i for i, (name, _) in enumerate(message.headers) if name.lower() == "via")
        name, value = message.headers[index]
        message.headers[index] = name, value.replace(text, shown, 1)
        return destination

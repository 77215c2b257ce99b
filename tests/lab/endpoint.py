"""The transport and transaction layers of one address, over UDP."""

import asyncio
import socket
import time

from .sip import Message, Via, host_port, new_branch, response_to, split_outside
from .transaction import ClientTransaction, ServerTransaction


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


class Endpoint(asyncio.DatagramProtocol):
    """UDP, and what is common to all transports. The owner sets `on_request(transaction)`,
    `on_ack(message)` for the ACK to a 2xx and `on_stray(response)` for 2xx that no transaction waits for."""

    TRANSPORT, RELIABLE = "udp", False

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
            self._carry(self._put, message.encode(), destination)

    def _put(self, data, destination):
        self._transport.sendto(data, destination)

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
        return f"SIP/2.0/{self.TRANSPORT.upper()} {host_port(self.host, self.port)};rport;branch={branch or new_branch()}"

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
        destination = self._answers_to(message, text, via, address[:2])
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

    def _answers_to(self, message, text, via, address):
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

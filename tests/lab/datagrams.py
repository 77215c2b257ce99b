"""Datagrams instead of calls: plain sockets, messages as text, and a server that knows its dialogs, for tests that send
thousands of messages or broken ones.

    with Wire(binary, servers=3) as wire:
        phone = wire.host("127.0.2.1")
        answers = wire.exchange(phone, [request("INVITE", ...), ...])
"""

import collections
import select
import socket
import time

from .sipsteer import Sipsteer, cluster_config

PROXY = ("127.0.0.1", 5060)


def request(method, uri, via, call_id, from_tag, *, cseq=1, branch=None, to_tag=None, more=(), body=""):
    """A request of a phone at `via` (host:port); `more` are header lines. The branch is made of Call-ID and CSeq."""
    lines = [f"{method} {uri} SIP/2.0",
             f"Via: SIP/2.0/UDP {via};branch={branch or f'z9hG4bK-{call_id}-{cseq}-{method[:1]}'};rport",
             "Max-Forwards: 70", f"From: <sip:phone@{via}>;tag={from_tag}",
             "To: <sip:carol@127.0.0.1>" + (f";tag={to_tag}" if to_tag else ""), f"Call-ID: {call_id}",
             f"CSeq: {cseq} {method}", f"Contact: <sip:phone@{via}>", *more, f"Content-Length: {len(body)}"]
    return "\r\n".join(lines) + "\r\n\r\n" + body


def header(text, name):
    """The value of the first header of that name, or ""."""
    values = headers(text, name)
    return values[0] if values else ""


def headers(text, name):
    start = name + ": "
    return [line[len(start):] for line in text.split("\r\n") if line.startswith(start)]


def tag(text, name):
    return header(text, name).partition(";tag=")[2]


def response(to, status, reason, to_tag=None, more=()):
    """The response to the request `to`, with its Vias and Record-Routes."""
    lines = [f"SIP/2.0 {status} {reason}"]
    for line in to.split("\r\n"):
        name = line.partition(":")[0]
        if name in ("Via", "From", "Call-ID", "CSeq", "Record-Route"):
            lines.append(line)
        elif name == "To":
            lines.append(f"{line};tag={to_tag}" if to_tag and ";tag=" not in line else line)
    return "\r\n".join([*lines, *more, "Content-Length: 0"]) + "\r\n\r\n"


class Host:
    """One UDP socket at an address of its own."""

    def __init__(self, host, port=5060):
        self.address = (host, port)
        self.via = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self.socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self.socket.bind(self.address)
        self.socket.setblocking(False)

    def send(self, data, to=PROXY):
        self.socket.sendto(data.encode("latin-1") if isinstance(data, str) else data, to)

    def waiting(self):
        """Every datagram that has arrived, as bytes."""
        found = []
        while True:
            try:
                found.append(self.socket.recv(65536))
            except BlockingIOError:
                return found
            except ConnectionRefusedError:
                continue      # what an earlier datagram met

    def receive(self, seconds=2.0):
        """The next datagram as text; None when none comes in time."""
        ready, _, _ = select.select([self.socket], [], [], seconds)
        return self.socket.recv(65536).decode("latin-1") if ready else None

    def close(self):
        self.socket.close()


class Server(Host):
    """A media server that answers each request at once and knows its dialogs: {own tag: (Call-ID, peer's tag, it called)}.
    `misroutes` lists what came here and belongs to another server; `seen` has the (Call-ID, CSeq) of all requests."""

    def __init__(self, number, host, port=5060):
        super().__init__(host, port)
        self.name, self.number = f"pbx-{number}", number
        self.dialogs, self.misroutes, self.received, self.seen = {}, [], 0, set()
        self.answers = True

    def owns(self, local, remote):
        return local in self.dialogs and self.dialogs[local][1] == remote

    def take(self, text):
        """What it answers to one datagram: a text, or None."""
        self.received += 1
        if text.startswith("SIP/2.0") or not self.answers:
            return None
        self.seen.add((header(text, "Call-ID"), header(text, "CSeq")))
        method, local, remote = text.partition(" ")[0], tag(text, "To"), tag(text, "From")
        if not local:
            return self._new(text, method, remote)
        known = self.owns(local, remote)
        if method == "OPTIONS" and header(text, "CSeq").startswith("0 "):     # the proxy asks around
            status = (481, "No") if not known else (200, "OK") if self.dialogs[local][2] else (500, "Invalid CSeq")
            return response(text, *status)
        if not known:
            self.misroutes.append(text)
        if method == "ACK":
            return None
        return response(text, 200, "OK") if known else response(text, 481, "No Such Call")

    def _new(self, text, method, remote):
        if replaces := header(text, "Replaces"):
            fields = dict(field.partition("=")[::2] for field in replaces.split(";")[1:])
            if not self.owns(fields["to-tag"], fields["from-tag"]):
                self.misroutes.append(text)
                return response(text, 481, "No Such Call", "none")
        own = f"s{self.number}-{header(text, 'Call-ID')}"
        if method == "INVITE":
            self.dialogs[own] = (header(text, "Call-ID"), remote, False)
        return response(text, 200, "OK", own, [f"Contact: <sip:{self.via}>"])


class Wire:
    """The proxy with servers 127.0.1.1 ... and no health checks, in the network namespace of the thread."""

    def __init__(self, binary, servers=2, more="", level="warning", interval=0, process=""):
        self.servers = [Server(number, f"127.0.1.{number}") for number in range(1, servers + 1)]
        self.hosts = list(self.servers)
        config = cluster_config([(server.name, f"sip:{server.via}") for server in self.servers], level=level,
                                process=process, more=f"[health]\nprobe_interval = {interval}\n{more}")
        self.sipsteer = Sipsteer(config, binary)

    def __enter__(self):
        try:
            self.sipsteer.__enter__()
        except BaseException:
            self._close_sockets()
            raise
        return self

    def __exit__(self, *failure):
        try:
            try:
                if failure[0] is None:
                    self.sipsteer.assert_counter_law()
            finally:
                self.sipsteer.__exit__(*failure)
        finally:
            self._close_sockets()

    def _close_sockets(self):
        for host in self.hosts:
            host.close()

    def host(self, address, port=5060):
        self.hosts.append(Host(address, port))
        return self.hosts[-1]

    def serve(self, seconds):
        """Lets the servers answer for that long; returns what came to other hosts, as (host, text)."""
        found, deadline = [], time.monotonic() + seconds
        by_socket = {host.socket: host for host in self.hosts}
        while (left := deadline - time.monotonic()) > 0:
            for ready in select.select(list(by_socket), [], [], left)[0]:
                host = by_socket[ready]
                for text in (data.decode("latin-1") for data in host.waiting()):
                    if not isinstance(host, Server):
                        found.append((host, text))
                    elif answer := host.take(text):
                        host.send(answer)
        return found

    def exchange(self, sender, requests, window=64, patience=30):
        """Sends requests, `window` of them open at a time, while the servers answer. Returns {(Call-ID, CSeq): final
        response}, and fails when one has none after `patience` seconds; each is sent again while it waits."""
        waiting, queue, answers = {}, collections.deque(requests), {}
        others = [host for host in self.hosts if host is not sender]
        by_socket = {host.socket: host for host in self.hosts}
        deadline = time.monotonic() + patience
        while queue or waiting:
            while queue and len(waiting) < window:
                text = queue.popleft()
                waiting[header(text, "Call-ID"), header(text, "CSeq")] = [text, time.monotonic() + 0.5]
                sender.send(text)
            ready = select.select(list(by_socket), [], [], 0.1)[0]
            for host in (by_socket[one] for one in ready):
                for text in (data.decode("latin-1") for data in host.waiting()):
                    if host is sender and text.startswith("SIP/2.0"):
                        key = header(text, "Call-ID"), header(text, "CSeq")
                        if int(text[8:11]) >= 200 and waiting.pop(key, None):
                            answers[key] = text
                            deadline = time.monotonic() + patience
                    elif answer := self._answer(host, text):
                        host.send(answer)
            now = time.monotonic()
            assert now < deadline, f"no answer to {len(waiting)} requests, the first of them {list(waiting)[0]}"
            for entry in waiting.values():
                if now > entry[1]:
                    sender.send(entry[0])
                    entry[1] = now + 1
        return answers

    def serve_until(self, condition, what, seconds=20):
        """Serves until `condition()` is true, asked every 20 ms; returns what came to other hosts meanwhile."""
        found, deadline = [], time.monotonic() + seconds
        while True:
            found += self.serve(0.02)
            if condition():
                return found
            assert time.monotonic() < deadline, f"it did not come about in {seconds} s that {what}"

    def settled(self, messages):
        """The metrics once that many messages, or more, were received."""
        self.serve_until(lambda: self.sipsteer.metrics().law()[0] >= messages, f"{messages} messages were received")
        return self.sipsteer.assert_counter_law()

    @staticmethod
    def _answer(host, text):
        """Servers know what to say; a phone says yes to everything."""
        if isinstance(host, Server):
            return host.take(text)
        if text.startswith(("SIP/2.0", "ACK")):
            return None
        return response(text, 200, "OK", f"p-{header(text, 'Call-ID')}", [f"Contact: <sip:phone@{host.via}>"])

    def misroutes(self):
        return {server.name: server.misroutes for server in self.servers if server.misroutes}

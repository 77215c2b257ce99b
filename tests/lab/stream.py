"""A SIP peer over a stream, for tests that look at connections: it connects or is connected to, and reads messages."""

import re
import socket
import ssl
import time

from .sip import Message

SECONDS = 5


class StreamPeer:
    """One connection. `read()` gives the next message; keep-alives are counted in `crlfs`."""

    def __init__(self, connection):
        self.connection = connection
        self.connection.settimeout(SECONDS)
        self.bytes = b""
        self.crlfs = 0

    @classmethod
    def connect(cls, address, source=None, tls=None, server_name=None):
        """`source` (host, port) or None; `tls` an ssl.SSLContext or None."""
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        raw = socket.socket(family, socket.SOCK_STREAM)
        raw.settimeout(SECONDS)
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if source:
            raw.bind(source)
        try:
            raw.connect(address)
            return cls(tls.wrap_socket(raw, server_hostname=server_name) if tls else raw)
        except OSError:
            raw.close()
            raise

    @property
    def source(self):
        return self.connection.getsockname()[:2]

    def send(self, data):
        self.connection.sendall(data if isinstance(data, bytes) else data.encode())

    def read(self):
        """The next message, or None when the other end closed. Raises TimeoutError after SECONDS."""
        while True:
            while self.bytes.startswith(b"\r\n"):
                self.bytes, self.crlfs = self.bytes[2:], self.crlfs + 1
            head, found, rest = self.bytes.partition(b"\r\n\r\n")
            if found:
                length = int(re.search(rb"(?im)^(?:content-length|l)[ \t]*:[ \t]*(\d+)", head)[1])
                if len(rest) >= length:
                    size = len(head) + 4 + length
                    data, self.bytes = self.bytes[:size], self.bytes[size:]
                    return Message.parse(data)
            more = self._receive()
            if not more:
                return None
            self.bytes += more

    def read_crlf(self):
        while not self.bytes.startswith(b"\r\n"):
            more = self._receive()
            assert more, "closed"
            self.bytes += more
        self.bytes = self.bytes[2:]

    def is_closed_within(self, seconds):
        """Whether the other end closes by then; what comes before is thrown away."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.connection.settimeout(max(0.01, end - time.monotonic()))
            try:
                if not self._receive():
                    return True
            except TimeoutError:
                return False
        return False

    def _receive(self):
        try:
            return self.connection.recv(65536)
        except (ConnectionResetError, ssl.SSLError):
            return b""

    def close(self):
        self.connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class StreamServer:
    """A listening socket; accept() gives the next StreamPeer."""

    def __init__(self, address, tls=None):
        self.listener = socket.create_server(address)
        self.listener.settimeout(SECONDS)
        self.tls = tls

    def accept(self):
        connection, _ = self.listener.accept()
        connection.settimeout(SECONDS)
        return StreamPeer(self.tls.wrap_socket(connection, server_side=True) if self.tls else connection)

    def close(self):
        self.listener.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def request(method, uri, via, *, call_id, branch=None, to_tag=None, cseq=1, headers=(), body="", from_user="alice"):
    """The text of a request. `via`: `TCP 127.0.2.1:5060`."""
    lines = [f"{method} {uri} SIP/2.0", f"Via: SIP/2.0/{via};branch={branch or 'z9hG4bK-' + call_id + method}",
             "Max-Forwards: 70", f"From: <sip:{from_user}@example.com>;tag=f-{call_id}",
             f"To: <{uri}>" + (f";tag={to_tag}" if to_tag else ""), f"Call-ID: {call_id}", f"CSeq: {cseq} {method}",
             *headers, f"Content-Length: {len(body)}"]
    return "\r\n".join(lines) + "\r\n\r\n" + body


def answer(message, status, reason="OK", *, to_tag="t", headers=()):
    """The text of a response to a Message."""
    lines = [f"SIP/2.0 {status} {reason}"]
    for name, value in message.headers:
        if name.lower() in ("via", "from", "call-id", "cseq", "record-route"):
            lines.append(f"{name}: {value}")
        elif name.lower() == "to":
            lines.append(f"To: {value}" + ("" if ";tag=" in value else f";tag={to_tag}"))
    return "\r\n".join([*lines, *headers, "Content-Length: 0", "", ""])

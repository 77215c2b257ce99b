"""SIP messages as a test phone needs them: parse, build, URIs and addresses (RFC 3261 §7, §19, §20)."""

import random
import re
import string
import uuid

COMPACT = {"v": "Via", "f": "From", "t": "To", "i": "Call-ID", "m": "Contact", "l": "Content-Length",
           "c": "Content-Type", "k": "Supported", "s": "Subject", "e": "Content-Encoding", "r": "Refer-To",
           "b": "Referred-By", "o": "Event", "x": "Session-Expires", "u": "Allow-Events"}

REASONS = {100: "Trying", 180: "Ringing", 183: "Session Progress", 200: "OK", 202: "Accepted", 400: "Bad Request",
           401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
           407: "Proxy Authentication Required", 408: "Request Timeout", 420: "Bad Extension",
           480: "Temporarily Unavailable", 481: "Call/Transaction Does Not Exist", 482: "Loop Detected",
           484: "Address Incomplete", 486: "Busy Here", 487: "Request Terminated", 488: "Not Acceptable Here",
           491: "Request Pending", 500: "Server Internal Error", 503: "Service Unavailable", 603: "Decline"}


class Message:
    """One request or response. Header names compare without case; order and duplicates are kept."""

    def __init__(self, start, headers=(), body=b""):
        self.start = start
        self.headers = list(headers)
        self.body = body
        words = start.split(" ", 2)
        self.is_response = words[0].upper().startswith("SIP/")
        if len(words) != 3:
            raise ValueError(f"bad start line: {start!r}")
        if self.is_response:
            self.status, self.reason = int(words[1]), words[2]
            self.method = None
        else:
            self.method, self.uri = words[0], words[1]
            self.status = None

    @classmethod
    def parse(cls, data):
        """Raises ValueError for what is no SIP message. Octets beyond Content-Length are cut off (§18.3)."""
        head, separator, body = bytes(data).lstrip(b"\r\n").partition(b"\r\n\r\n")
        if not separator:
            raise ValueError("no end of headers")
        lines = re.sub(r"\r\n[ \t]+", " ", head.decode("utf-8", "surrogateescape")).split("\r\n")
        headers = []
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            if not colon:
                raise ValueError(f"bad header line: {line!r}")
            name = name.strip()
            headers.append((COMPACT.get(name.lower(), name), value.strip()))
        message = cls(lines[0], headers)
        length = message.get("Content-Length")
        if length is not None:
            if int(length) > len(body):
                raise ValueError("body shorter than Content-Length")
            body = body[:int(length)]
        message.body = body
        return message

    def get(self, name, default=None):
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), default)

    def all(self, name):
        """Every value of a header that is a comma-separated list (Via, Route, Contact, ...), in order."""
        wanted = name.lower()
        return [part for key, value in self.headers if key.lower() == wanted for part in split_outside(value, ",")]

    def add(self, name, value):
        self.headers.append((name, str(value)))

    def remove(self, name):
        self.headers = [(key, value) for key, value in self.headers if key.lower() != name.lower()]

    def set(self, name, value):
        self.remove(name)
        self.add(name, value)

    @property
    def cseq(self):
        """(number, method)"""
        number, method = self.get("CSeq", "").split()
        return int(number), method

    @property
    def call_id(self):
        return self.get("Call-ID", "")

    def tag(self, name):
        """The tag of From or To, or None."""
        return NameAddr(self.get(name, "")).params.get("tag")

    def encode(self):
        lines = [self.start] + [f"{name}: {value}" for name, value in self.headers
                                if name.lower() != "content-length"]
        lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + self.body

    def __repr__(self):
        return f"<{self.start} {self.call_id}>"


def response_to(request, status, reason=None, to_tag=None):
    """A response with the headers of §8.2.6.2; Record-Route is copied for what makes a dialog (§12.1.1)."""
    message = Message(f"SIP/2.0 {status} {reason or REASONS.get(status, 'Unknown')}")
    for name, value in request.headers:
        if name.lower() in ("via", "from", "call-id", "cseq"):
            message.add(name, value)
        elif name.lower() == "to":
            if to_tag and status != 100 and "tag" not in NameAddr(value).params:
                value = f"{value};tag={to_tag}"
            message.add(name, value)
        elif name.lower() == "record-route" and 100 < status < 300 and request.method in ("INVITE", "SUBSCRIBE"):
            message.add(name, value)
    return message


class Uri:
    """scheme:user@host:port;params?headers. Host without brackets; everything else as written."""

    def __init__(self, text):
        self.scheme, colon, rest = text.strip().partition(":")
        if not colon:
            raise ValueError(f"no URI: {text!r}")
        rest, _, self.headers = rest.partition("?")
        userinfo, at, hostpart = rest.rpartition("@")
        self.user = userinfo if at else None
        hostport, *self.params = hostpart.split(";")
        match = re.fullmatch(r"(?:\[([^\]]*)\]|([^:\[\]]*))(?::(\d+))?", hostport)
        if not match:
            raise ValueError(f"bad host: {text!r}")
        self.host = match[1] if match[1] is not None else match[2]
        self.port = int(match[3]) if match[3] else None

    @property
    def address(self):
        """(host, port) with the default port (§19.1.2)."""
        tls = self.scheme.lower() == "sips" or "transport=tls" in (parameter.lower() for parameter in self.params)
        return self.host, self.port or (5061 if tls else 5060)

    @property
    def loose(self):
        return any(parameter.split("=")[0].lower() == "lr" for parameter in self.params)

    def header(self, name):
        """The decoded value of one of the URI's own headers (`?Replaces=...`), or None."""
        for field in self.headers.split("&"):
            key, equals, value = field.partition("=")
            if equals and key.lower() == name.lower():
                return unescape(value)
        return None

    def without_headers(self):
        return str(self).partition("?")[0]

    def __str__(self):
        text = f"{self.scheme}:" + (f"{self.user}@" if self.user is not None else "") + host_port(self.host, self.port)
        text += "".join(f";{parameter}" for parameter in self.params)
        return text + (f"?{self.headers}" if self.headers else "")


class NameAddr:
    """`"Name" <uri>;params` or `uri;params` (§20.10). Parameter names are lower case."""

    def __init__(self, text):
        self.display, self.uri, rest = "", "", ""
        start = find_outside_quotes(text, "<")
        if start >= 0:
            end = text.index(">", start)
            self.display, self.uri, rest = text[:start].strip(), text[start + 1:end], text[end + 1:]
        else:
            self.uri, _, rest = text.strip().partition(";")
        self.params = {}
        for parameter in split_outside(rest, ";"):
            name, _, value = parameter.partition("=")
            if name.strip():
                self.params[name.strip().lower()] = value.strip()


class Via:
    """One Via value (§20.42). `sent_by` is the text as written, parameters are in lower case."""

    def __init__(self, text):
        protocol, _, rest = text.strip().partition(" ")
        sent_by, _, fields = rest.strip().partition(";")
        self.transport = protocol.rpartition("/")[2]
        self.sent_by = sent_by.strip()
        self.host, self.port = Uri(f"sip:{self.sent_by}").address
        self.params = NameAddr(f"<>;{fields}").params
        self.branch = self.params.get("branch", "")


def find_outside_quotes(text, wanted):
    quoted = escaped = False
    for position, char in enumerate(text):
        if escaped:
            escaped = False
        elif quoted and char == "\\":
            escaped = True
        elif char == '"':
            quoted = not quoted
        elif char == wanted and not quoted:
            return position
    return -1


def split_outside(text, separator):
    """Splits at separators outside of quotes and of <>; blanks around the parts are dropped."""
    parts, current, quoted, escaped, depth = [], "", False, False, 0
    for char in text:
        if escaped:
            escaped = False
        elif quoted and char == "\\":
            escaped = True
        elif char == '"':
            quoted = not quoted
        elif not quoted and char in "<>":
            depth += 1 if char == "<" else -1
        elif char == separator and not quoted and depth <= 0:
            parts.append(current.strip())
            current = ""
            continue
        current += char
    return [part for part in parts + [current.strip()] if part]


def host_port(host, port=None):
    shown = f"[{host}]" if ":" in host else host
    return f"{shown}:{port}" if port else shown


def escape(text, lower=False):
    """Escapes a header value for use inside a URI (§19.1.1); `lower` writes %3b instead of %3B."""
    safe = string.ascii_letters + string.digits + "-_.!~*'()[]/?:+$"
    code = "%{:02x}" if lower else "%{:02X}"
    return "".join(char if char in safe else "".join(code.format(octet) for octet in char.encode()) for char in text)


def unescape(text):
    return re.sub(r"%([0-9A-Fa-f]{2})", lambda match: chr(int(match[1], 16)), text)


class Replaces:
    """The value of a Replaces header (RFC 3891 §6.1)."""

    def __init__(self, call_id, to_tag, from_tag, early_only=False):
        self.call_id, self.to_tag, self.from_tag, self.early_only = call_id, to_tag, from_tag, early_only

    @classmethod
    def parse(cls, text):
        """Raises ValueError unless there is exactly one to-tag and one from-tag."""
        call_id, *fields = [field.strip() for field in text.split(";")]
        pairs = [tuple(word.strip() for word in field.partition("=")[::2]) for field in fields]
        tags = {name: [value for key, value in pairs if key.lower() == name] for name in ("to-tag", "from-tag")}
        if not call_id or any(len(values) != 1 for values in tags.values()):
            raise ValueError(f"bad Replaces: {text!r}")
        return cls(call_id, tags["to-tag"][0], tags["from-tag"][0],
                   any(key.lower() == "early-only" for key, _ in pairs))

    def __str__(self):
        return (f"{self.call_id};to-tag={self.to_tag};from-tag={self.from_tag}"
                + (";early-only" if self.early_only else ""))


def new_branch():
    return f"z9hG4bK{uuid.uuid4().hex[:20]}"


def new_tag():
    """A tag in one of the shapes that real phones and servers use."""
    return random.choice((
        lambda: f"{random.getrandbits(40):010x}", lambda: str(uuid.uuid4()), lambda: word(8),
        lambda: f"{random.getrandbits(64):016X}", lambda: f"as{random.getrandbits(32):08x}",
        lambda: f"{word(4)}.{word(6)}~{random.randrange(10)}"))()


def new_call_id(host):
    """A Call-ID in one of the shapes that real phones and servers use; all are opaque to everybody else."""
    return random.choice((
        lambda: str(uuid.uuid4()), lambda: f"{random.getrandbits(64):016x}", lambda: f"{word(4)}~{word(5)}",
        lambda: f"{word(15).lower()}@vm",
        lambda: f"{random.randrange(1, 9)}-{random.getrandbits(40)}@{host_port(host)}",
        lambda: f"{uuid.uuid4().hex}@{host_port(host)}", lambda: f"{word(10)}.!%*_+`'~"))()


def word(length):
    return "".join(random.choices(string.ascii_letters + string.digits, k=length))

"""A DNS server for tests: a few records, and a switch for each way in which DNS fails."""

import os
import socket
import struct
import threading

A, SOA, AAAA, SRV, NAPTR = 1, 6, 28, 33, 35
_NUMBERS = {"A": A, "AAAA": AAAA, "SRV": SRV, "NAPTR": NAPTR}


def _name(text):
    labels = [label.encode() for label in text.rstrip(".").split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def _text(text):
    return bytes([len(text)]) + text.encode()


def _rdata(kind, value):
    if kind == "A":
        return socket.inet_aton(value)
    if kind == "AAAA":
        return socket.inet_pton(socket.AF_INET6, value)
    if kind == "SRV":
        priority, weight, port, target = value
        return struct.pack("!HHH", priority, weight, port) + _name(target)
    order, preference, service, replacement = value
    return struct.pack("!HH", order, preference) + _text("s") + _text(service) + _text("") + _name(replacement)


class DnsServer:
    """Answers on UDP, on a thread of its own, in the namespace of who starts it. `records` is {(name, kind): [value]}; kind
    is A, AAAA, SRV (priority, weight, port, target) or NAPTR (order, preference, service, replacement). `mode`: "well",
    "refuses" (SERVFAIL at once) or "silent". `asked` counts questions by (name, kind)."""

    def __init__(self, records, ttl=1, address=("127.0.0.1", 53)):
        self.records, self.ttl, self.mode, self.asked = dict(records), ttl, "well", {}
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(address)
        self.address = address
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        # A closed socket does not wake its reader: a datagram does.
        self.mode = "closed"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
            waker.sendto(b"", self.address)
        self._thread.join(5)
        self._socket.close()

    def _serve(self):
        while self.mode != "closed":
            query, peer = self._socket.recvfrom(4096)
            if len(query) < 17 or self.mode == "silent":
                continue
            self._socket.sendto(self._answer(query), peer)

    def _answer(self, query):
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode())
            at += query[at] + 1
        name, (number,) = ".".join(labels).lower(), struct.unpack("!H", query[at + 1:at + 3])
        question = query[12:at + 5]
        kind = next((kind for kind, value in _NUMBERS.items() if value == number), None)
        self.asked[name, kind] = self.asked.get((name, kind), 0) + 1
        values = self.records.get((name, kind), []) if self.mode == "well" else []
        known = any(name == other for other, _ in self.records)
        code = 2 if self.mode != "well" else 0 if known else 3
        answers = [(b"\xc0\x0c", number, _rdata(kind, value)) for value in values]
        soa = [] if answers or code == 2 else [(b"\0", SOA, _name("a") + _name("b") + struct.pack("!5I", 1, 60, 60, 60, 1))]
        answers, cut = self._that_fit(query, answers, at)
        header = query[:2] + struct.pack("!5H", 0x8580 | cut | code, 1, len(answers), len(soa), 0)
        body = b"".join(owner + struct.pack("!HHIH", kind, 1, self.ttl, len(data)) + data
                        for owner, kind, data in answers + soa)
        return header + question + body

    @staticmethod
    def _that_fit(query, answers, end_of_name):
        """The records that go into 512 bytes, or as many as EDNS says (RFC 6891), and the bit that says that some did not."""
        options = query[end_of_name + 5:]
        room = struct.unpack("!H", options[3:5])[0] if len(options) >= 11 and options[:3] == b"\0\0\x29" else 512
        room -= end_of_name + 5
        fitting = []
        for record in answers:
            room -= 12 + len(record[2])
            if room < 0:
                return fitting, 0x0200
            fitting.append(record)
        return fitting, 0


def with_resolv_conf(binary, folder, nameserver="127.0.0.1", hosts=""):
    """A program that runs `binary` with a resolv.conf and hosts of its own, in a mount namespace; the same process."""
    (folder / "resolv.conf").write_text(f"nameserver {nameserver}\n")
    (folder / "hosts").write_text("127.0.0.1 localhost\n" + hosts)
    program = folder / "sipsteer-with-dns"
    program.write_text(f"""#!/bin/sh
exec unshare -m sh -c 'mount --bind {folder}/resolv.conf /etc/resolv.conf && mount --bind {folder}/hosts /etc/hosts &&
    exec {binary} "$@"' sh "$@"
""")
    os.chmod(program, 0o755)
    return program

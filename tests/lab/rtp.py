"""RTP that names its sender, and the SDP that goes with it (RFC 3550, RFC 3264, G.711 payload type 0)."""

import asyncio
import errno
import random
import re
import struct
import time

from .endpoint import udp_socket

PACKET_SECONDS = 0.020
PACKET_SAMPLES = 160


class RtpSession(asyncio.DatagramProtocol):
    """One call's voice. Sends 20 ms packets while the peer's address is known and `sending` is true; every packet
    carries the speaker's name again and again, so that whoever hears it knows who speaks."""

    def __init__(self, name):
        self.name = name
        self.peer = None
        self.sending = False
        self.last_heard = {}      # speaker -> when (time.monotonic)
        self.packets_in = self.packets_out = self.packets_bad = 0
        self._transport = self._tick = None
        self._sequence, self._timestamp = random.getrandbits(16), random.getrandbits(32)
        self._ssrc, self._next, self._first = random.getrandbits(32), 0.0, True

    async def open(self, host):
        """Binds an even port, as RTP wants it, and starts the clock."""
        sock = None
        while sock is None:
            try:
                sock = udp_socket(host, random.randrange(20000, 30000, 2))
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
        self.port = sock.getsockname()[1]
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, sock=sock)
        self._next = loop.time()
        self._send_and_wait()

    def close(self):
        self.sending = False
        if self._tick:
            self._tick.cancel()
        if self._transport:
            self._transport.close()

    def _send_and_wait(self):
        if self.sending and self.peer:
            payload = (f"<{self.name}>".encode() * PACKET_SAMPLES)[:PACKET_SAMPLES]
            marker = 0x80 if self._first else 0
            header = struct.pack("!BBHII", 0x80, marker, self._sequence, self._timestamp, self._ssrc)
            self._transport.sendto(header + payload, self.peer)
            self._first = False
            self._sequence = (self._sequence + 1) & 0xFFFF
            self.packets_out += 1
        self._timestamp = (self._timestamp + PACKET_SAMPLES) & 0xFFFFFFFF
        loop = asyncio.get_running_loop()
        # A machine that stood still must not answer with a burst.
        self._next = max(self._next + PACKET_SECONDS, loop.time() - 5 * PACKET_SECONDS)
        self._tick = loop.call_at(self._next, self._send_and_wait)

    def datagram_received(self, data, address):
        if len(data) < 12 or data[0] >> 6 != 2 or data[1] & 0x7F != 0:
            self.packets_bad += 1
            return
        self.packets_in += 1
        spoken = re.search(rb"<([^<>]+)>", data[12 + 4 * (data[0] & 0x0F):])
        if spoken:
            self.last_heard[spoken[1].decode("ascii", "replace")] = time.monotonic()

    def error_received(self, error):
        pass      # the peer's port may be closed already; the tests look at who is heard


class Sdp:
    """What a phone needs of a session description: where to send, and in which direction."""

    def __init__(self, body):
        text = body.decode("utf-8", "replace")
        connections = re.findall(r"^c=IN IP[46] (\S+)", text, re.M)
        media = re.search(r"^m=audio (\d+) (\S+) (.*?)\r?$(.*?)(?=^m=|\Z)", text, re.M | re.S)
        if not media:
            raise ValueError("no audio in SDP")
        own = re.search(r"^c=IN IP[46] (\S+)", media[4], re.M)
        self.host = own[1] if own else connections[0] if connections else ""
        self.port = int(media[1])
        self.profile = media[2]
        self.formats = media[3].split()
        found = re.findall(r"^a=(sendrecv|sendonly|recvonly|inactive)\s*$", text, re.M)
        self.direction = found[-1] if found else "sendrecv"
        if self.host in ("0.0.0.0", "::"):      # hold as RFC 2543 wrote it
            self.direction = "inactive" if self.direction in ("recvonly", "inactive") else "sendonly"
            self.host = ""

    @property
    def peer(self):
        return (self.host, self.port) if self.host and self.port else None


def describe(host, port, direction, session, version):
    family = "IP6" if ":" in host else "IP4"
    return (f"v=0\r\no=- {session} {version} IN {family} {host}\r\ns=-\r\nc=IN {family} {host}\r\nt=0 0\r\n"
            f"m=audio {port} RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=ptime:20\r\na={direction}\r\n").encode()


def answer_direction(offered, wanted):
    """The direction of an answer, from the answerer's side (RFC 3264 §6.1)."""
    send = offered in ("sendrecv", "recvonly") and wanted in ("sendrecv", "sendonly")
    receive = offered in ("sendrecv", "sendonly") and wanted in ("sendrecv", "recvonly")
    return {(True, True): "sendrecv", (True, False): "sendonly", (False, True): "recvonly"}.get(
        (send, receive), "inactive")

"""The voice of one call: offer and answer (RFC 3264), and the RTP that they agree on."""

import random

from .rtp import RtpSession, Sdp, answer_direction, describe


class Media:
    """`rtp` is None until open() and in a call without voice. `held` is the direction that we want."""

    def __init__(self, phone):
        self.phone, self.rtp, self.held = phone, None, "sendrecv"
        self._remote = None
        self._session, self._version = random.getrandbits(31), 0

    async def open(self):
        if self.phone.rtp and not self.rtp:
            self.rtp = RtpSession(self.phone.name)
            await self.rtp.open(self.phone.host)
            self._apply()

    def close(self):
        if self.rtp:
            self.rtp.close()

    def offer(self):
        return self._describe(self.held)

    def answer(self):
        """To what take() got last."""
        return self._describe(answer_direction(self._remote.direction, self.held))

    def take(self, body):
        """An offer or answer of the other end. Raises ValueError for what is no SDP."""
        self._remote = Sdp(body)
        self._apply()

    def _describe(self, direction):
        self._version += 1
        return describe(self.phone.host, self.rtp.port if self.rtp else 9, direction, self._session, self._version)

    def _apply(self):
        if self.rtp and self._remote:
            self.rtp.peer = self._remote.peer
            self.rtp.sending = self.held == "sendrecv" and self._remote.direction in ("sendrecv", "recvonly")


def attach(message, body):
    """Puts SDP into a message; empty: none."""
    message.body = body
    if body:
        message.add("Content-Type", "application/sdp")

"""The transport and transaction layers of a phone that has one connection to its proxy, by TCP or TLS."""

import asyncio
import re
import socket
import struct

from .endpoint import Endpoint

_LENGTH = re.compile(rb"(?im)^(?:content-length|l)[ \t]*:[ \t]*(\d+)")


class StreamEndpoint(Endpoint):
    """It listens nowhere: everything comes and goes by that connection, which starts at its address and port (0: any).
    What is to go anywhere else is an error of whoever wrote the Record-Route or Contact."""

    RELIABLE = True

    def __init__(self, host, port, proxy, tls=None):
        super().__init__(host, port)
        self.TRANSPORT = "tls" if tls else "tcp"
        self._proxy, self._tls = tuple(proxy), tls
        self._reader = self._reading = None

    async def open(self):
        sock = socket.socket(socket.AF_INET6 if ":" in self.host else socket.AF_INET, socket.SOCK_STREAM)
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            # No TIME_WAIT: the next test's phone has the same address, port and proxy.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            sock.bind((self.host, self.port))
            await asyncio.get_running_loop().sock_connect(sock, self._proxy)
        except OSError:
            sock.close()
            raise
        self.port = sock.getsockname()[1]
        name = {"server_hostname": self._proxy[0]} if self._tls else {}
        self._reader, writer = await asyncio.open_connection(sock=sock, ssl=self._tls, **name)
        self._transport = writer.transport
        self._reading = asyncio.create_task(self._read())

    def close(self):
        if self._reading:
            self._reading.cancel()
        if self._transport:
            self._transport.abort()
            self._transport = None
        super().close()

    def _put(self, data, destination):
        if tuple(destination) != self._proxy:
            raise ConnectionError(f"no connection to {destination}, only to {self._proxy}")
        self._transport.write(data)

    async def _read(self):
        """Cuts the stream into messages (§18.3) until it ends."""
        data = b""
        while more := await self._reader.read(65536):
            data = (data + more).lstrip(b"\r\n")
            while (end := data.find(b"\r\n\r\n")) >= 0:
                length = _LENGTH.search(data, 0, end + 2)
                size = end + 4 + int(length[1])
                if len(data) < size:
                    break
                self._carry(self._take, data[:size], self._proxy)
                data = data[size:].lstrip(b"\r\n")

    def _answers_to(self, message, text, via, address):
        super()._answers_to(message, text, via, address)
        return address      # by the connection that it came by, whatever its Via says (§18.2.2)

"""Homes behind address translation: a network namespace each, a router that masquerades, and phones inside."""

import asyncio
import os
import shutil
import subprocess
import threading

from .namespace import NetworkNamespace
from .phone import Phone
from .endpoint import Endpoint, udp_socket

PUBLIC_HOST = "10.99.0.1"       # where everybody behind a router reaches this process's own namespace
INSIDE = "192.168.77"           # the same in every home, as in life

NFT = """table ip nat {
  chain out {
    type nat hook postrouting priority 100
    oifname "outside" masquerade random
  }
}
"""


class HomeNetwork:
    """A private network whose packets reach PUBLIC_HOST as coming from `address`, from ports that the router picks. Only
    who has been sent to gets through to it, which is what a phone behind NAT is like. Raises OSError where the kernel or
    nft cannot do that. Everything goes away with the object."""

    def __init__(self, number):
        self.address = f"10.99.0.{10 + number}"
        self.outside = f"home{number}"
        if not shutil.which("nft"):
            raise OSError("nft is not installed")
        self.router, self.inside = NetworkNamespace(), NetworkNamespace()
        try:
            self._join()
        except subprocess.CalledProcessError as error:
            self.close()
            raise OSError(f"{error.cmd}: {error.stderr}") from error

    def _join(self):
        here = f"/proc/{os.getpid()}/task/{threading.get_native_id()}/ns/net"
        self._ip(self.router, "route", "del", "default")
        self._ip(self.inside, "route", "del", "default")
        self._ip(self.router, "link", "add", "outside", "type", "veth", "peer", "name", self.outside, "netns", here)
        self._ip(self.router, "link", "add", "inside", "type", "veth", "peer", "name", "eth0", "netns", self.inside.path)
        self._ip(None, "addr", "add", PUBLIC_HOST, "peer", self.address, "dev", self.outside)
        self._ip(None, "link", "set", self.outside, "up")
        self._ip(self.router, "addr", "add", self.address, "peer", PUBLIC_HOST, "dev", "outside")
        self._ip(self.router, "addr", "add", f"{INSIDE}.1/24", "dev", "inside")
        self._ip(self.inside, "addr", "add", f"{INSIDE}.2/24", "dev", "eth0")
        for space, device in ((self.router, "outside"), (self.router, "inside"), (self.inside, "eth0")):
            self._ip(space, "link", "set", device, "up")
        self._ip(self.inside, "route", "add", "default", "via", f"{INSIDE}.1")
        self._run(self.router, ["sysctl", "-qw", "net.ipv4.ip_forward=1"])
        self._run(self.router, ["nft", "-f", "-"], NFT)

    @staticmethod
    def _run(space, words, text=""):
        subprocess.run((space.prefix if space else []) + words, input=text, check=True, capture_output=True, text=True)

    def _ip(self, space, *words):
        self._run(space, ["ip", *words])

    def close(self):
        if self.outside:
            subprocess.run(["ip", "link", "del", self.outside], check=False, capture_output=True)
        self.router.close()
        self.inside.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class _HomeEndpoint(Endpoint):
    def __init__(self, network, host, port):
        super().__init__(host, port)
        self._network = network

    async def open(self):
        # A socket stays in the namespace where it was made, whoever uses it.
        sock = await asyncio.to_thread(self._network.inside.run, lambda: udp_socket(self.host, self.port))
        self._transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: self, sock=sock)


class HomePhone(Phone):
    """A phone in a home. It knows nothing but its private address, and writes that everywhere."""

    def __init__(self, name, network, proxy, **options):
        super().__init__(name, f"{INSIDE}.2", 5060, proxy, **{"rtp": False, **options})
        self.network = network

    def make_endpoint(self):
        return _HomeEndpoint(self.network, self.host, self.port)

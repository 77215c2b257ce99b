"""What a service manager hears that starts the proxy as `Type=notify` (sd_notify(3)): this test plays systemd's socket."""

import os
import signal
import socket

import pytest

from lab.sipsteer import Sipsteer, cluster_config
from test_control import SERVERS

HEALTH = '[health]\nprobe_interval = "0"\n'


class NotifySocket:
    def __init__(self, address):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)
        self.socket.settimeout(8)

    def next(self, without=("WATCHDOG",)):
        """The words of the next datagram that does not begin with one of `without`."""
        while True:
            words = dict(line.split("=", 1) for line in self.socket.recv(4096).decode().splitlines())
            if next(iter(words)) not in without:
                return words


@pytest.fixture(params=["file", "abstract"])
def manager(request, tmp_path, monkeypatch):
    address = str(tmp_path / "notify") if request.param == "file" else f"\0sipsteer-test-{os.getpid()}"
    monkeypatch.setenv("NOTIFY_SOCKET", address.replace("\0", "@"))
    monkeypatch.setenv("WATCHDOG_USEC", "1000000")
    manager = NotifySocket(address)
    yield manager
    manager.socket.close()


def test_what_the_service_manager_hears(binary, ctl, manager):
    with Sipsteer(cluster_config(SERVERS, more=HEALTH), binary) as sipsteer:
        total = len(SERVERS)
        assert manager.next(without=()) == {"READY": "1", "STATUS": f"{total} of {total} servers up, 0 calls"}
        for _ in range(3):
            assert manager.next(without=()) == {"WATCHDOG": "1"}
        os.kill(sipsteer.pid, signal.SIGHUP)
        reloading = manager.next()
        assert reloading["RELOADING"] == "1" and int(reloading["MONOTONIC_USEC"]) > 0
        assert manager.next()["READY"] == "1"
        ctl("-s", sipsteer.admin_socket, "maint", SERVERS[0][0])
        assert manager.next() == {"STATUS": f"{total - 1} of {total} servers up, 0 calls"}
        os.kill(sipsteer.pid, signal.SIGTERM)
        assert manager.next()["STOPPING"] == "1"
        sipsteer.wait_ended(5)

"""Abuse of streams: what others do with their connections costs nobody else anything (faults.md §2, 18 to 22)."""

import contextlib
import multiprocessing
import os
import pathlib
import re
import socket
import ssl
import subprocess
import time

import pytest

from lab.certificates import Authority
from lab.descriptors import descriptors, source_of
from lab.sipsteer import STREAMS_ALONE, Sipsteer, cluster_config
from lab.stream import StreamPeer, request

UDP, TCP, TLS = ("127.0.0.1", 5060), ("127.0.0.1", 5060), ("127.0.0.1", 5061)
MOST_HANDSHAKES = 1024


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    made = Authority(tmp_path_factory.mktemp("certificates"))
    made.make("proxy", "IP:127.0.0.1")
    return made


def proxy_for(binary, authority):
    config = cluster_config([("pbx-1", "sip:127.0.1.1:5060")], more=STREAMS_ALONE.format(folder=authority.folder), level="info")
    return Sipsteer(config, binary)


def options(call_id, via="TCP 127.0.0.9"):
    """A request that the proxy answers itself: 483."""
    return request("OPTIONS", "sip:carol@example.com", via, call_id=call_id).replace("Forwards: 70", "Forwards: 0")


def is_served(peer, call_id="served"):
    peer.send(options(call_id))
    return peer.read().status == 483


def eventually(condition, what, seconds=10):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"it did not come about in {seconds} s that {what}"
        time.sleep(0.05)


def closed(proxy, reason):
    return proxy.metrics().sum("sipsteer_connections_closed_total", reason=reason)


def is_open(proxy, transport):
    return proxy.metrics().sum("sipsteer_connections", transport=transport)


class Caller:
    """Somebody who uses UDP and notices how long his answers take."""

    def __enter__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect(UDP)
        self.socket.settimeout(5)
        return self

    def __exit__(self, *_):
        self.socket.close()

    def p99(self, count=300, pause=0.003):
        """Seconds that the slowest but one percent took; none may be lost."""
        took = []
        for number in range(count):
            begin = time.monotonic()
            self.socket.send(options(f"udp{number}", f"UDP 127.0.0.1:{self.socket.getsockname()[1]}").encode())
            assert b" 483 " in self.socket.recv(65535)
            took.append(time.monotonic() - begin)
            time.sleep(pause)
        return sorted(took)[int(0.99 * count) - 1]


def bearable(calm):
    """Three times as long; a busy machine takes what it takes."""
    return max(3 * calm, 0.05)


@contextlib.contextmanager
def silent(count, to):
    """So many connections that say nothing."""
    peers = []
    try:
        for number in range(count):
            peers.append(socket.create_connection(to, 5, (source_of(number), 0)))
        yield peers
    finally:
        for peer in peers:
            peer.close()


def test_tls_flood_of_clients_that_never_begin(binary, authority):
    """1,400 of them: 1,024 are waited for, the others closed at once, and all after 5 s. UDP and connections that are there
    do not notice; then the next client is welcome."""
    with descriptors(1500), proxy_for(binary, authority) as proxy, Caller() as caller, \
            StreamPeer.connect(TLS, ("127.0.2.1", 0), authority.client(), "127.0.0.1") as phone:
        calm = caller.p99()
        with silent(MOST_HANDSHAKES + 376, TLS):
            eventually(lambda: closed(proxy, "handshake") >= 376, "those above the limit are closed")
            assert is_open(proxy, "tls") <= MOST_HANDSHAKES + 1
            assert caller.p99() < bearable(calm)
            assert is_served(phone)
            eventually(lambda: is_open(proxy, "tls") == 1, "all of them are closed", 15)
        assert closed(proxy, "handshake") == MOST_HANDSHAKES + 376
        with StreamPeer.connect(TLS, ("127.0.2.2", 0), authority.client(), "127.0.0.1") as late:
            assert is_served(late)
        proxy.assert_counter_law()


def client_hello(context):
    """What a client says first."""
    said = ssl.MemoryBIO()
    with contextlib.suppress(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), said, server_hostname="127.0.0.1").do_handshake()
    return said.read()


def greet(hello, pace, seconds, done):
    """As many handshakes a second as far as the answer, which is what costs the server."""
    os.nice(5)
    begin, count = time.monotonic(), 0
    while (passed := time.monotonic() - begin) < seconds:
        if count > passed * pace:
            time.sleep(0.001)
            continue
        count += 1
        with contextlib.suppress(OSError), socket.create_connection(TLS, 5, (source_of(count % 1200), 0)) as client:
            client.sendall(hello)
            done.value += len(client.recv(1))


def test_tls_flood_of_handshakes(binary, authority):
    """500 a second, as far as the machine makes them. Callers by UDP and on connections that are there do not notice."""
    with proxy_for(binary, authority) as proxy, Caller() as caller, \
            StreamPeer.connect(TLS, ("127.0.2.1", 0), authority.client(), "127.0.0.1") as phone:
        calm = caller.p99()
        fork = multiprocessing.get_context("fork")
        done = fork.Value("i", 0)
        flood = fork.Process(target=greet, args=(client_hello(authority.client()), 500, 4, done))
        flood.start()
        try:
            eventually(lambda: done.value > 20, "the flood has begun")
            busy = caller.p99(600)
            assert is_served(phone)
        finally:
            flood.join()
        print(f"{done.value} handshakes in 4 s; the slowest percent {1000 * calm:.1f} ms before, {1000 * busy:.1f} ms meanwhile")
        assert busy < bearable(calm)
        assert done.value > 100
        eventually(lambda: closed(proxy, "handshake") >= done.value, "all are closed")
        eventually(lambda: is_open(proxy, "tls") == 1, "their connections are gone")
        proxy.assert_counter_law()


def test_slow(binary, authority):
    """5,000 connections with a message that never ends, a byte now and then: closed after 10 s, and 99.9 % of the good
    connections beside them are served."""
    count = 5000
    with descriptors(count + 100), proxy_for(binary, authority) as proxy, silent(count, TCP) as peers:
        for peer in peers:
            peer.send(b"OPTIONS sip:carol@example.com SIP/2.0\r\nVia: SIP/2.0/TCP 127")
        served, begin = 0, time.monotonic()
        while closed(proxy, "partial") < count:
            assert time.monotonic() - begin < 25, closed(proxy, "partial")
            for number in range(20):
                with StreamPeer.connect(TCP, ("127.0.2.1", 0)) as good:
                    assert is_served(good, f"good{served}")
                    served += 1
            for peer in peers[served % 50::50]:
                with contextlib.suppress(OSError):
                    peer.send(b".")
            time.sleep(0.1)
        assert served >= 100
        assert is_open(proxy, "tcp") <= 1
        proxy.assert_counter_law()


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_descriptors_run_out(binary, authority, tmp_path):
    """With 64 in all: no crash, no spin, UDP and the connections that are there go on; once some are free, who waits is
    taken in."""
    few = tmp_path / "few"
    few.write_text(f'#!/bin/sh\nulimit -n 64\nexec {binary} "$@"\n')
    few.chmod(0o755)
    with proxy_for(few, authority) as proxy, Caller() as caller, StreamPeer.connect(TCP, ("127.0.2.1", 0)) as phone:
        assert is_served(phone)
        with silent(100, TCP) as waiting, socket.create_connection(("127.0.0.1", 8060)):
            # Nothing can be asked by HTTP now.
            folder = f"/proc/{proxy.pid}/fd"
            eventually(lambda: len(os.listdir(folder)) >= 64, "all are used")
            before, begin = cpu_seconds(proxy.pid), time.monotonic()
            caller.p99(100, 0.02)
            assert is_served(phone)
            used = (cpu_seconds(proxy.pid) - before) / (time.monotonic() - begin)
            assert used < 0.1, f"{used:.0%} of a processor for nothing"
            for peer in waiting[:80]:
                peer.close()
            with StreamPeer.connect(TCP, ("127.0.2.2", 0)) as late:
                assert is_served(late)
        eventually(lambda: is_open(proxy, "tcp") == 1, "the others are gone")
        proxy.assert_counter_law()


def test_halfopen(binary, authority):
    """A peer that vanishes without a word: the kernel asks for it soon enough to give it up within 90 s."""
    with proxy_for(binary, authority) as proxy, StreamPeer.connect(TCP, ("127.0.2.1", 0)) as phone:
        assert is_served(phone)
        eventually(lambda: is_open(proxy, "tcp") == 1, "it is there")
        def timers():
            lines = subprocess.run(["ss", "-tnoH", "state", "established", "sport = :5060"], check=True, capture_output=True,
                                   text=True).stdout
            return [int(seconds) for seconds in re.findall(r"timer:\(keepalive,(\d+)sec,0\)", lines)]
        eventually(lambda: len(timers()) == 1, "its keep-alive timer runs")
        assert 0 < timers()[0] <= 45, timers()      # and three more, 15 s apart
        proxy.assert_counter_law()


def test_cert_rotate(binary, authority, tmp_path):
    """100 reloads, each with the other certificate, while clients connect: no handshake fails, each shows one of the two, and
    the connection that was there first lives through all."""
    other = Authority(tmp_path)
    other.make("proxy", "IP:127.0.0.1")
    trusting = ssl.create_default_context(cafile=authority.ca)
    trusting.load_verify_locations(other.ca)
    with proxy_for(binary, authority) as proxy, StreamPeer.connect(TLS, ("127.0.2.1", 0), trusting, "127.0.0.1") as phone:
        text, folders, shown = proxy.config_file.read_text(), (tmp_path, authority.folder), set()
        for number in range(100):
            proxy.config_file.write_text(text.replace(str(authority.folder), str(folders[number % 2])))
            reload = subprocess.Popen([binary.parent / "sipsteerctl", "-s", proxy.admin_socket, "reload"],
                                      stdout=subprocess.DEVNULL)
            while reload.poll() is None:
                with StreamPeer.connect(TLS, (source_of(60 * number), 0), trusting, "127.0.0.1") as client:
                    assert is_served(client)
                    shown.add(client.connection.getpeercert(binary_form=True))
            assert reload.returncode == 0
            with StreamPeer.connect(TLS, (source_of(60 * number), 0), trusting, "127.0.0.1") as client:
                now = client.connection.getpeercert(binary_form=True)
                assert now == ssl.PEM_cert_to_DER_cert((folders[number % 2] / "proxy.pem").read_text())
            assert is_served(phone, f"phone{number}")
        assert len(shown) == 2
        assert closed(proxy, "handshake") == 0
        proxy.assert_counter_law()

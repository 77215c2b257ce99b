"""SIP over TLS through the running proxy: certificates, names, versions, reload."""

import os
import signal
import socket
import ssl
import time

import pytest

from lab.certificates import Authority
from lab.dns_server import DnsServer, with_resolv_conf
from lab.sip import Message
from lab.sipsteer import Sipsteer, cluster_config
from lab.stream import StreamPeer, StreamServer, answer, request

PROXY = ("127.0.0.1", 5061)
TLS_SERVER = ("127.0.1.2", 5061)
PHONE = "127.0.2.1"

CONFIG = """
[[listener]]
bind = "tls:127.0.0.1:5061"

[tls]
certificate = "{folder}/proxy.pem"
private_key = "{folder}/proxy.key"
ca = "{folder}/ca.pem"
{tls}

[[tls.certificates]]
certificate = "{folder}/other.pem"
private_key = "{folder}/other.key"

[health]
probe_interval = "0"

[transfer]
unmatched = "reject"
probe = false
"""


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    made = Authority(tmp_path_factory.mktemp("certificates"))
    made.make("proxy", "DNS:proxy.example.com", "IP:127.0.0.1")
    made.make("other", "DNS:other.example.com")
    made.make("pbx", "IP:127.0.1.2")
    made.make("stranger", "DNS:phone.example.com")
    made.make("named", "DNS:pbx.lab.test")
    made.make("host", "DNS:host.lab.test")
    return made


def proxy_for(servers, binary, authority, tls=""):
    return Sipsteer(cluster_config(servers, more=CONFIG.format(folder=authority.folder, tls=tls)), binary)


def phone(authority, name="proxy.example.com", certificate=None, context=None):
    context = context or authority.client(certificate)
    return StreamPeer.connect(PROXY, (PHONE, 0), context, name)


def options(call_id, uri="sip:carol@example.com"):
    return request("OPTIONS", uri, f"TLS {PHONE}:5061", call_id=call_id)


def ask(peer, server, call_id="t"):
    peer.send(options(call_id))
    data, source = server.recvfrom(65535)
    message = Message.parse(data)
    server.sendto(answer(message, 200).encode(), source)
    assert peer.read().status == 200
    return message


SERVERS = [("pbx-1", "sip:127.0.1.1:5060")]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_phone_by_tls_and_a_server_by_udp(binary, authority, udp_server, version):
    context = authority.client()
    context.minimum_version = context.maximum_version = version
    with proxy_for(SERVERS, binary, authority) as proxy:
        with phone(authority, context=context) as peer:
            for i in range(3):
                ask(peer, udp_server, f"v{i}")
            peer.send("\r\n\r\n")
            peer.read_crlf()
        metrics = proxy.assert_counter_law()
        assert metrics.sum("sipsteer_messages_received_total", transport="tls", kind="request") == 3


class RecordPeer:
    """A TLS client that says itself when its records leave."""

    def __init__(self, authority, version):
        context = authority.client()
        context.minimum_version = context.maximum_version = version
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._session = context.wrap_bio(self._incoming, self._outgoing, server_hostname="proxy.example.com")
        self.connection = socket.create_connection(PROXY, 5, (PHONE, 0))
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def shake_hands(self):
        """What ends the handshake is not sent yet: by TLS 1.3 the client has the last word."""
        while True:
            try:
                return self._session.do_handshake()
            except ssl.SSLWantReadError:
                self.connection.sendall(self.records())
                self._incoming.write(self.connection.recv(65536))

    def write(self, text):
        """A record of its own."""
        self._session.write(text.encode())

    def records(self):
        """All that has not left yet."""
        return self._outgoing.read()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_records_are_taken_however_they_come(binary, authority, udp_server, version):
    with proxy_for(SERVERS, binary, authority) as proxy, RecordPeer(authority, version) as peer:
        def assert_seen(calls):
            for call in calls:
                assert Message.parse(udp_server.recvfrom(65535)[0]).call_id == call
        peer.shake_hands()
        # Many behind the end of the handshake, more than one read takes.
        many = [f"many{i}" for i in range(60)]
        for call in many:
            peer.write(options(call))
        peer.connection.sendall(peer.records())
        assert_seen(many)
        # Whole ones and half of one, then the other half.
        few = [f"few{i}" for i in range(5)]
        for call in few:
            peer.write(options(call))
        bytes_ = peer.records()
        peer.connection.sendall(bytes_[:-100])
        assert_seen(few[:-1])
        peer.connection.sendall(bytes_[-100:])
        assert_seen(few[-1:])
        # Byte by byte.
        peer.write(options("slow"))
        for byte in peer.records():
            peer.connection.sendall(bytes([byte]))
        assert_seen(["slow"])
        assert proxy.metrics().sum("sipsteer_messages_received_total", transport="tls", kind="request") == 66


def test_old_versions_and_weak_ciphers_are_refused(binary, authority):
    with proxy_for(SERVERS, binary, authority) as proxy:
        for ciphers in ("AES256-GCM-SHA384", "ECDHE-ECDSA-AES256-SHA384"):
            context = authority.client()
            context.maximum_version = ssl.TLSVersion.TLSv1_2
            context.set_ciphers(ciphers + ":@SECLEVEL=0")
            with pytest.raises(OSError):
                phone(authority, context=context)
        # The client hears of the refusal before the connection is counted as closed.
        deadline = time.monotonic() + 3
        while proxy.metrics().sum("sipsteer_connections_closed_total", reason="handshake") < 2:
            assert time.monotonic() < deadline, proxy.metrics()
            time.sleep(0.02)


def test_the_certificate_goes_by_the_name_that_is_asked_for(binary, authority):
    with proxy_for(SERVERS, binary, authority):
        for name in ("proxy.example.com", "other.example.com"):
            with phone(authority, name) as peer:
                assert ("DNS", name) in peer.connection.getpeercert()["subjectAltName"]


def test_client_certificates_are_required(binary, authority, udp_server):
    with proxy_for(SERVERS, binary, authority, 'verify_client = "required"') as proxy:
        with phone(authority) as peer:
            assert peer.is_closed_within(3)
        with phone(authority, certificate="stranger") as peer:
            ask(peer, udp_server)
        proxy.assert_counter_law()


@pytest.mark.parametrize("shows", ["pbx", "stranger", None])
def test_a_client_certificate_makes_its_sender_a_server(binary, authority, shows):
    """From an address that is no server's: who shows the server's certificate may call anybody, and owns the call; anybody
    else's call goes to a server or nowhere."""
    servers = [("pbx-2", "sip:127.0.1.2:5061;transport=tls")]
    with proxy_for(servers, binary, authority, 'verify_client = "optional"') as proxy, \
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as alice, \
            StreamPeer.connect(PROXY, ("127.0.8.8", 0), authority.client(shows), "proxy.example.com") as peer:
        alice.bind((PHONE, 5070))
        alice.settimeout(5)
        peer.send(request("INVITE", f"sip:alice@{PHONE}:5070", "TLS 127.0.8.8:5061", call_id="own"))
        if shows == "pbx":
            data, source = alice.recvfrom(65535)
            invite = Message.parse(data)
            alice.sendto(answer(invite, 200, headers=[f"Contact: <sip:alice@{PHONE}:5070>"]).encode(), source)
            assert peer.read().status == 200
            assert proxy.owner("own") == "pbx-2"
        else:
            deadline = time.monotonic() + 5
            while not proxy.metrics().law()[0]:
                assert time.monotonic() < deadline, "the INVITE was not received"
            proxy.assert_counter_law()      # what becomes of it is settled
            alice.setblocking(False)
            with pytest.raises(BlockingIOError):
                alice.recvfrom(65535)
            assert not proxy.owners("own")
        proxy.assert_counter_law()


def test_a_server_by_tls_is_checked_by_its_name(binary, authority):
    servers = [("pbx-2", "sip:127.0.1.2:5061;transport=tls")]
    with proxy_for(servers, binary, authority) as proxy:
        with StreamServer(TLS_SERVER, authority.server("stranger")) as impostor, phone(authority) as peer:
            peer.send(options("impostor"))
            with pytest.raises(OSError):
                impostor.accept().connection.recv(1)
            assert peer.read().status == 503
        with StreamServer(TLS_SERVER, authority.server("pbx", ask=True)) as server, phone(authority) as peer:
            peer.send(options("right"))
            with server.accept() as connection:
                assert ("DNS", "proxy.example.com") in connection.connection.getpeercert()["subjectAltName"]
                message = connection.read()
                assert message.all("Via")[0].startswith("SIP/2.0/TLS")
                connection.send(answer(message, 200))
                assert peer.read().status == 200
        metrics = proxy.assert_counter_law()
        assert metrics.sum("sipsteer_messages_answered_total") == 1


def test_a_server_by_name_is_checked_by_the_name_that_was_asked_for(binary, authority, namespace, tmp_path):
    """RFC 5922 §7.2: DNS says where it is, and must not say who it is: the host that SRV names is a stranger."""
    if namespace is None:
        pytest.skip("port 53 and a mount namespace need root")
    records = {("_sips._tcp.pbx.lab.test", "SRV"): [(1, 1, TLS_SERVER[1], "host.lab.test")],
               ("host.lab.test", "A"): [TLS_SERVER[0]]}
    servers = [("pbx-2", "sip:pbx.lab.test;transport=tls")]
    with DnsServer(records), proxy_for(servers, with_resolv_conf(binary, tmp_path), authority) as proxy:
        with StreamServer(TLS_SERVER, authority.server("host")) as impostor, phone(authority) as peer:
            peer.send(options("host"))
            with pytest.raises(OSError):
                impostor.accept().connection.recv(1)
            assert peer.read().status == 503
        named, asked = authority.server("named"), []
        named.sni_callback = lambda connection, name, context: asked.append(name)
        with StreamServer(TLS_SERVER, named) as server, phone(authority) as peer:
            peer.send(options("named"))
            with server.accept() as connection:
                assert asked == ["pbx.lab.test"]
                connection.send(answer(connection.read(), 200))
                assert peer.read().status == 200
        proxy.assert_counter_law()


def test_sips_is_never_downgraded_unless_we_are_the_edge(binary, authority, udp_server):
    with proxy_for(SERVERS, binary, authority), phone(authority) as peer:
        peer.send(options("strict", "sips:carol@example.com"))
        assert peer.read().status == 480
    with proxy_for(SERVERS, binary, authority, 'sips = "terminate"'), phone(authority) as peer:
        peer.send(request("INVITE", "sips:carol@example.com", f"TLS {PHONE}:5061", call_id="edge"))
        message = Message.parse(udp_server.recvfrom(65535)[0])
        inside, outside = message.all("Record-Route")
        assert inside.startswith("<sip:") and outside.startswith("<sips:127.0.0.1:5061;lr")


def test_reload_of_certificates_keeps_connections(binary, authority, udp_server, tmp_path):
    with proxy_for(SERVERS, binary, authority) as proxy, phone(authority) as peer:
        ask(peer, udp_server, "before")
        text = proxy.config_file.read_text()
        fresh = Authority(tmp_path)
        for name, alternative in (("proxy", "DNS:proxy.example.com"), ("other", "DNS:other.example.com")):
            fresh.make(name, alternative)
        proxy.config_file.write_text(text.replace(str(authority.folder), str(tmp_path)))
        os.kill(proxy.pid, signal.SIGHUP)
        end = time.monotonic() + 5
        while "event=reloaded" not in proxy.log():
            assert time.monotonic() < end
            time.sleep(0.02)
        ask(peer, udp_server, "after")
        with phone(fresh) as new:
            ask(new, udp_server, "new")
        # A pair that does not belong together: the one before stays, and it is said.
        (tmp_path / "proxy.key").write_text((tmp_path / "other.key").read_text())
        os.kill(proxy.pid, signal.SIGHUP)
        end = time.monotonic() + 5
        while "is not the key of" not in proxy.log() and "key values mismatch" not in proxy.log():
            assert time.monotonic() < end, proxy.log()
            time.sleep(0.02)
        ask(peer, udp_server, "still")
        with phone(fresh) as new:
            ask(new, udp_server, "again")


def test_a_client_that_only_connects_is_cut_off(binary, authority):
    with proxy_for(SERVERS, binary, authority) as proxy:
        with StreamPeer.connect(PROXY, (PHONE, 0)) as silent:
            assert silent.is_closed_within(8)
        assert proxy.metrics().sum("sipsteer_connections_closed_total", reason="handshake") == 1

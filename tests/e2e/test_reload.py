"""SIGHUP: a good file is taken over at once and the changes are said; a wrong one changes nothing."""

import json
import os
import re
import signal
import subprocess
import time

import pytest

from lab import stream
from lab.datagrams import PROXY, Host, Wire, header, request, response, tag
from lab.sipsteer import STREAMS_ALONE, Sipsteer, cluster_config


def unpadded(message):
    """Without the blanks that pad a segmented send, which a copy need not have alike."""
    return re.sub(r"(Max-Forwards|Content-Length): +", r"\1: ", message)


def servers_of(sipsteer):
    return {server["name"]: server for server in json.loads(sipsteer.get("/api/v1/servers")[1])["servers"]}


def wait_for_log(sipsteer, text, seconds=5):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if any(text in line for line in sipsteer.log().splitlines()):
            return
        time.sleep(0.02)
    raise AssertionError(f"no log line with {text!r}: {sipsteer.log().splitlines()}")


def test_reload(binary):
    before = cluster_config([("pbx-1", "sip:127.0.1.1:5060"), ("pbx-2", "sip:127.0.1.2:5060")])
    with Sipsteer(before, binary) as sipsteer:
        assert set(servers_of(sipsteer)) == {"pbx-1", "pbx-2"}
        sipsteer.config_file.write_text(before.replace("pbx-2", "pbx-3"))
        os.kill(sipsteer.pid, signal.SIGHUP)
        wait_for_log(sipsteer, 'change="+ pbx-3"')
        wait_for_log(sipsteer, "event=reloaded")
        assert set(servers_of(sipsteer)) == {"pbx-1", "pbx-3"}

        sipsteer.config_file.write_text(before + "\n[transfer]\nunmatched = \"falback\"\n")
        os.kill(sipsteer.pid, signal.SIGHUP)
        wait_for_log(sipsteer, "transfer.unmatched")
        assert set(servers_of(sipsteer)) == {"pbx-1", "pbx-3"}

        sipsteer.config_file.write_text(before.replace(":5060\"]", ":5099\"]", 1))
        os.kill(sipsteer.pid, signal.SIGHUP)
        wait_for_log(sipsteer, "needs a restart")
        assert set(servers_of(sipsteer)) == {"pbx-1", "pbx-3"}


def test_reload_by_sipsteerctl(binary, ctl):
    """The same by the admin socket: the changes on standard output, or each mistake with its place and exit status 1."""
    before = cluster_config([("pbx-1", "sip:127.0.1.1:5060"), ("pbx-2", "sip:127.0.1.2:5060")])
    with Sipsteer(before, binary) as sipsteer:
        socket = ("-s", sipsteer.admin_socket)
        assert ctl(*socket, "reload").stdout == "reloaded; nothing has changed\n"
        sipsteer.config_file.write_text(before.replace('name = "pbx-2"', 'name = "pbx-3"\nweight = 7'))
        answer = ctl(*socket, "reload")
        assert (answer.returncode, answer.stdout) == (0, "+ pbx-3\n- pbx-2\n"), answer.stderr
        sipsteer.config_file.write_text(before.replace('name = "pbx-2"', 'name = "pbx-3"\nweight = 5'))
        assert json.loads(ctl(*socket, "-o", "json", "reload").stdout) == {"changes": ["pbx-3 weight 7 -> 5"]}

        for number in range(20):        # bad files, one mistake more each time
            bad = before + "\n[routing]\n" + "\n".join(f"wrong{at} = 1" for at in range(number + 1)) + "\n"
            sipsteer.config_file.write_text(bad)
            answer = ctl(*socket, "reload")
            assert answer.returncode == 1 and answer.stdout == ""
            places = [line for line in answer.stderr.splitlines() if "unknown key" in line]
            assert len(places) == number + 1
            line = 1 + bad.splitlines().index("wrong0 = 1")
            assert places[0].startswith(f"{sipsteer.config_file}:{line}:1: routing.wrong0: "), places
        assert servers_of(sipsteer)["pbx-3"]["weight"] == 5
        assert sipsteer.get("/api/v1/reload")[0] == 404, "not over TCP"


def test_reload_says_which_keys_have_changed(binary, ctl):
    """In its answer and in the log: what takes effect, and what waits for a restart. And what check would warn of."""
    before = cluster_config([("pbx-1", "sip:127.0.1.1:5060")], more='[transfer]\nunmatched = "reject"\n')
    with Sipsteer(before, binary) as sipsteer:
        after = before.replace('unmatched = "reject"', 'unmatched = "fallback"').replace('drain = "2s"', 'drain = "3s"')
        sipsteer.config_file.write_text(after + '\n[[route]]\ngroup = "default"\ndomain = "example.com"\n')
        drain = "process.drain 2s -> 3s (needs a restart)"
        lines = [drain, '+ [[route]] group = "default", domain = "example.com"', 'transfer.unmatched "reject" -> "fallback"']
        answer = ctl("-s", sipsteer.admin_socket, "reload")
        assert (answer.returncode, answer.stdout.splitlines()) == (0, lines), answer.stderr
        sipsteer.wait_log("reloaded")
        assert [event["change"].replace("\\", "") for event in sipsteer.log_events("reload")] == lines
        assert any(" transfer.unmatched: " in event["message"] for event in sipsteer.log_events("config"))
        sipsteer.config_file.write_text(after)
        answer = json.loads(ctl("-s", sipsteer.admin_socket, "-o", "json", "reload").stdout)
        assert answer == {"changes": [drain, '- [[route]] group = "default", domain = "example.com"']}


def test_started_without_a_file_there_is_nothing_to_reload(binary, ctl, tmp_path, monkeypatch):
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    command = [binary, "run", "--listen", "udp:127.0.0.1:5060", "--server", "sip:127.0.1.1:5060"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            end = time.monotonic() + 10
            while not (tmp_path / "admin.sock").is_socket() and time.monotonic() < end:
                time.sleep(0.02)
            answer = ctl("reload")
            assert answer.returncode == 1 and "without a file" in answer.stderr
        finally:
            process.terminate()
            assert process.wait(10) == 0


def test_a_dispatcher_list_is_watched(binary, ctl):
    """Servers beside [[server]], from Kamailio's file: written anew it is taken over, a broken one changes nothing."""
    text = cluster_config([("pbx-1", "sip:127.0.1.1:5060")], more='[dispatcher]\nlist = "dispatcher.list"\nset = 2\n')
    sipsteer = Sipsteer(text, binary)
    sipsteer.make_home()
    list_file = sipsteer.home / "dispatcher.list"
    list_file.write_text("1 sip:127.0.9.1:5060\n2 sip:127.0.1.2:5060 0 0 duid=pbx-2;weight=3\n")
    with sipsteer:
        assert {name: server["weight"] for name, server in servers_of(sipsteer).items()} == {"pbx-1": 1, "pbx-2": 3}
        list_file.write_text("2 sip:127.0.1.2:5060 0 0 duid=pbx-2;weight=5\n2 sip:127.0.1.3:5060 0 0 duid=pbx-3\n")
        wait_for_log(sipsteer, 'change="+ pbx-3"')
        wait_for_log(sipsteer, 'change="pbx-2 weight 3 -> 5"')
        assert set(servers_of(sipsteer)) == {"pbx-1", "pbx-2", "pbx-3"}
        list_file.write_text("2 sip:127.0.1.1:5060 0 0 duid=pbx-4\n")      # the address of pbx-1
        wait_for_log(sipsteer, "is the address of")
        assert set(servers_of(sipsteer)) == {"pbx-1", "pbx-2", "pbx-3"}
        for typo, said in (("2 sip127.0.1.3:5060", "the scheme is not sip"), ("2 127.0.1.3", "not a SIP URI"),
                           ("2x sip:127.0.1.3:5060", "is not \\\"setid uri"), ("2 sip:127.0.1.3:5060 o", "flags")):
            list_file.write_text(f"2 sip:127.0.1.2:5060 0 0 duid=pbx-2;weight=5\n{typo}\n")
            wait_for_log(sipsteer, said)
            line = next(line for line in sipsteer.log().splitlines() if said in line)
            assert " error event=reload " in line and f" dispatcher.list: {list_file}:2: " in line, line
            assert set(servers_of(sipsteer)) == {"pbx-1", "pbx-2", "pbx-3"}, typo
        list_file.unlink()
        wait_for_log(sipsteer, "cannot be read")
        assert set(servers_of(sipsteer)) == {"pbx-1", "pbx-2", "pbx-3"}
        new = sipsteer.home / "dispatcher.new"
        new.write_text("2 sip:127.0.1.3:5060 0 0 duid=pbx-3\n")
        new.rename(list_file)
        wait_for_log(sipsteer, 'change="- pbx-2"')
        assert set(servers_of(sipsteer)) == {"pbx-1", "pbx-3"}


def test_a_server_that_is_taken_out_keeps_its_calls(binary):
    """Requirement 7: while a call rings at a server and another is up there, the server leaves the configuration. Copies of the
    INVITE, CANCEL, answers, ACK, what comes within the call, and a transfer of it still meet that server; new calls do not."""
    with Wire(binary, servers=2, level="info", more='[transfer]\nunmatched = "reject"\nprobe = false\n') as wire:
        phone, leaver = wire.host("127.0.2.1"), wire.servers[1]

        def invite(call_id, more=()):
            return request("INVITE", "sip:carol@127.0.0.1", phone.via, call_id, "t", more=more)

        up = next(answer for answer in wire.exchange(phone, [invite(f"up{number}") for number in range(30)]).values()
                  if tag(answer, "To") in leaver.dialogs)
        for number in range(30):
            phone.send(invite(f"rings{number}"))
        asked = leaver.receive()
        time.sleep(0.2)
        for host in wire.hosts:
            host.waiting()
        call_id = header(asked, "Call-ID")

        sipsteer = wire.sipsteer
        text = sipsteer.config_file.read_text()
        begin = text.index('\n[[server]]\nname = "pbx-2"')
        sipsteer.config_file.write_text(text[:begin] + text[text.index("\n[health]"):])
        os.kill(sipsteer.pid, signal.SIGHUP)
        wait_for_log(sipsteer, 'change="- pbx-2"')
        assert set(servers_of(sipsteer)) == {"pbx-1"}

        def at_leaver(text):
            phone.send(text)
            got = leaver.receive()
            assert got, text
            return got

        assert unpadded(at_leaver(invite(call_id))) == unpadded(asked)
        assert at_leaver(invite(call_id).replace("INVITE", "CANCEL")).startswith("CANCEL")
        leaver.send(response(asked, 487, "Request Terminated", "s"))
        assert phone.receive().startswith("SIP/2.0 487")
        ack = request("ACK", "sip:carol@127.0.0.1", phone.via, call_id, "t", to_tag="s", branch=f"z9hG4bK-{call_id}-1-I")
        assert at_leaver(ack).startswith("ACK")
        assert at_leaver(request("INFO", "sip:127.0.1.2:5060", phone.via, header(up, "Call-ID"), "t", cseq=2,
                                 to_tag=tag(up, "To")))
        replaces = f"Replaces: {header(up, 'Call-ID')};to-tag={tag(up, 'To')};from-tag=t"
        assert "Replaces" in at_leaver(invite("transfer", [replaces]))
        count = leaver.received
        wire.exchange(phone, [invite(f"new{number}") for number in range(30)])
        assert leaver.received == count and not leaver.waiting()


def reload_flags(binary):
    """{key: what `config --schema` says of its reload}"""
    def keys(name, schema):
        if "x-reloads" in schema:
            yield name.lstrip("."), schema["x-reloads"]
        for key, inner in schema.get("items", schema).get("properties", {}).items():
            yield from keys(f"{name}.{key}", inner)

    return dict(keys("", json.loads(subprocess.run([binary, "config", "--schema"], capture_output=True, check=True).stdout)))


def decided(sipsteer, send):
    """Reason of the one message that send() sends."""
    before = sipsteer.decisions()
    send()
    end = time.monotonic() + 5
    while (after := sipsteer.decisions()) == before:
        assert time.monotonic() < end, "no message came"
        time.sleep(0.02)
    reason, = [reason for reason in after if after[reason] != before.get(reason, 0)]
    return reason


def by_udp(**more):
    """Sends an OPTIONS; what is decided about it, and the first line of the answer if we give one."""
    def look(sipsteer, _):
        phone = Host("127.0.2.1")
        with phone.socket:
            reason = decided(sipsteer, lambda: phone.send(
                request("OPTIONS", "sip:carol@example.com", phone.via, f"look-{time.monotonic()}", "t", **more)))
            return reason, [answer.split(b"\r\n")[0] for answer in phone.waiting()]
    return look


def tls_peer(authority, name="proxy.example.com"):
    context = authority.client()
    context.check_hostname = False
    return stream.StreamPeer.connect(("127.0.0.1", 5061), tls=context, server_name=name)


def certificate(name):
    """The certificate that is shown to who asks for `name`."""
    def look(_, authority):
        with tls_peer(authority, name) as peer:
            return peer.connection.getpeercert()["subjectAltName"]
    return look


def serves_without_a_certificate(_, authority):
    with tls_peer(authority) as peer:
        return not peer.is_closed_within(0.3)


def sips_by_tls(sipsteer, authority):
    with tls_peer(authority) as peer:
        text = stream.request("OPTIONS", "sips:carol@example.com", "TLS 127.0.2.1:5061", call_id=f"look-{time.monotonic()}")
        return decided(sipsteer, lambda: peer.send(text))


def connections_at_a_time(*_):
    peers = [stream.StreamPeer.connect(PROXY) for _ in range(3)]
    try:
        return sum(not peer.is_closed_within(0.2) for peer in peers)
    finally:
        for peer in peers:
            peer.close()


def calls_that_fit(sipsteer, _):
    return sipsteer.metrics().sum("sipsteer_call_table_capacity")


def log_is_json(sipsteer, _):
    return sipsteer.log().splitlines()[-1].startswith("{")


OTHER_PAIR = 'certificate = "{folder}/reloaded.pem"\nprivate_key = "{folder}/reloaded.key"\n'
WHAT_RELOADS = [        # keys, what is replaced by what in the file, and where it is seen
    ("tls.certificate tls.private_key", "/proxy.", "/reloaded.", certificate("proxy.example.com")),
    ("tls.certificates.certificate tls.certificates.private_key", "[calls]", "[[tls.certificates]]\n" + OTHER_PAIR + "[calls]",
     certificate("reloaded.example.com")),
    ("tls.verify_client tls.ca", "[calls]", 'verify_client = "required"\nca = "{folder}/ca.pem"\n[calls]',
     serves_without_a_certificate),
    ("tls.sips", "[calls]", 'sips = "terminate"\n[calls]', sips_by_tls),
    ("limits.message_bytes", "[calls]", "[limits]\nmessage_bytes = 1024\n[calls]", by_udp(body="x" * 1500)),
    ("limits.headers", "[calls]", "[limits]\nheaders = 8\n[calls]", by_udp(more=["X: 1"] * 9)),
    ("listen.aliases", "[listen]\n", '[listen]\naliases = ["sip.example.com"]\n', by_udp(more=["Route: <sip:sip.example.com;lr>"])),
    ("limits.connections", "[calls]", "[limits]\nconnections = 1\n[calls]", connections_at_a_time),
    ("calls.max", "max = 1000", "max = 2000", calls_that_fit),
    ("log.format", "[log]\n", '[log]\nformat = "json"\n', log_is_json),
]


@pytest.mark.parametrize("keys, old, new, look", WHAT_RELOADS, ids=[keys.split()[0] for keys, *_ in WHAT_RELOADS])
def test_what_the_schema_says_reloads_does(binary, ctl, authority, keys, old, new, look):
    """And what it says needs a restart does not."""
    flags = {reload_flags(binary)[key] for key in keys.split()}
    authority.make("reloaded", "DNS:reloaded.example.com")
    before = cluster_config([("pbx-1", "sip:127.0.1.1:5060")], more=STREAMS_ALONE.format(folder=authority.folder))
    assert old in before
    with Sipsteer(before, binary) as sipsteer:
        first = look(sipsteer, authority)
        sipsteer.config_file.write_text(before.replace(old, new.replace("{folder}", str(authority.folder))))
        ctl("-s", sipsteer.admin_socket, "reload")
        assert {look(sipsteer, authority) != first} == flags

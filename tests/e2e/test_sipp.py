"""SIPp plays phones and media servers around the proxy. Each server refuses what is not its own, so a misroute fails a
call, and a call that fails is the exit status of its SIPp."""

import pytest

from lab.sipp import Sipp
from lab.sipsteer import Sipsteer, cluster_config

PROXY = ("127.0.0.1", 5060)
SERVERS = {"pbx-1": "127.0.1.1", "pbx-2": "127.0.1.2"}
TRANSFERER = "127.0.1.3"      # a third server: takes no calls here, but sends the INVITE with Replaces
PHONE, OTHER_PHONE = "127.0.2.2", "127.0.2.7"
FALLBACK = "127.0.1.9"
THROUGH_PROXY = {"outbound": "Route: <sip:127.0.0.1:5060;lr>"}      # what Asterisk's outbound_proxy adds
CALLS = 16      # one in 2^16 that chance alone finds the right server for all of them
TABLES = {"dialogs.csv": [], "replaced.csv": [], "ended.csv": []}

# SIPp answers no OPTIONS, so health checks and probes are off; test_stub_cluster.py has both.
CONFIG = """
[[server]]
name = "transferer"
uri = "sip:127.0.1.3:5060"
state = "drain"

[health]
probe_interval = "0"

[routing]
{routing}

[transfer]
probe = false
{transfer}
"""


class Lab:
    """The proxy and whatever SIPp processes a test starts; all end with the test."""

    def __init__(self, proxy):
        self.proxy = proxy
        self.servers, self._all = {}, []

    def start(self, scenario, host, remote=None, **options):
        run = Sipp(scenario, host, remote=remote, **options)
        self._all.append(run)
        return run.start()

    def start_servers(self, scenario="server-uas", **options):
        for name, host in SERVERS.items():
            keys = {"name": name}
            self.servers[name] = self.start(scenario, host, keys=keys, **options)
        return self.servers

    def run(self, scenario, host=PHONE, **options):
        """Calls through the proxy until all are done well."""
        return self.start(scenario, host, PROXY, **{"calls": CALLS, **options}).wait()

    def consult(self, **options):
        """Calls that stay up until they are replaced: (the run, its dialogs). Both servers have some of them."""
        run = self.start("call-uac", PHONE, PROXY, calls=CALLS, variables=["held"], **options)
        dialogs = run.wait_dialogs(CALLS)
        assert {to_tag.rpartition("-")[0] for _, to_tag, _ in dialogs} == set(SERVERS)
        return run, dialogs

    def finish(self):
        """Ends the servers, whose calls must all have ended well, and checks the proxy's counters."""
        for server in self.servers.values():
            server.stop()
        return self.proxy.assert_counter_law()

    def unknown_at_servers(self):
        """How often a server was asked to replace what it does not have."""
        return sum("does not know" in line for server in self.servers.values() for line in server.log())

    def invites_per_server(self):
        return {name: len({m.call_id for m in server.received_requests("INVITE")})
                for name, server in self.servers.items()}

    def close(self):
        for run in self._all:
            run.close()


@pytest.fixture
def lab(request, binary):
    """`configured` gives it lines for the configuration."""
    extra = {"routing": "", "transfer": "", **getattr(request, "param", {})}
    text = cluster_config([(name, f"sip:{host}:5060") for name, host in SERVERS.items()], more=CONFIG.format(**extra))
    with Sipsteer(text, binary) as proxy:
        lab = Lab(proxy)
        try:
            yield lab
        finally:
            lab.close()


def configured(**lines):
    return pytest.mark.parametrize("lab", [lines], indirect=True, ids=[""])


placements = pytest.mark.parametrize("lab", [{"routing": f'placement = "{how}"'} for how in ("hash", "round-robin")],
                                     indirect=True, ids=["hash", "round-robin"])


def transfers(dialogs):
    return {"transfers.csv": dialogs}


# ---- RFC 3261: calls

def test_invite_from_phone_to_server(lab):
    lab.start_servers(injected=TABLES)
    lab.run("call-uac")
    metrics = lab.finish()
    assert all(lab.invites_per_server().values()) and sum(lab.invites_per_server().values()) == CALLS
    reasons = metrics.by("sipsteer_decisions_total", "reason")
    assert reasons["new_call"] >= CALLS and reasons["in_dialog"] >= 2 * CALLS and reasons["response"] >= 3 * CALLS
    assert metrics.sum("sipsteer_messages_dropped_total") == 0


def test_invite_from_server_to_phone(lab):
    phone = lab.start("call-uas", PHONE, keys={"name": "bob"})
    keys = {"target": f"bob@{PHONE}:5060", "name": "asterisk", **THROUGH_PROXY}
    run = lab.run("call-uac", SERVERS["pbx-1"], keys=keys)
    assert {lab.proxy.owner(call_id) for call_id, _, _ in run.dialogs()} == {"pbx-1"}
    phone.stop()
    metrics = lab.finish()
    assert len({m.call_id for m in phone.received_requests("INVITE")}) == CALLS
    assert metrics.sum("sipsteer_messages_dropped_total") == 0


@placements
def test_cancel_of_a_ringing_call(lab):
    lab.start_servers(injected=TABLES, variables=["ringing"])
    lab.run("cancel-uac", extra=["-d", "100"])
    lab.finish()
    counts = lab.invites_per_server()
    assert all(counts.values()) and sum(counts.values()) == CALLS


@placements
def test_invite_retransmissions_meet_one_server_unchanged(lab):
    lab.start_servers("silent-uas")
    lab.run("call-uac", calls=6)
    metrics = lab.finish()
    copies = {}
    for name, server in lab.servers.items():
        for message in server.received():
            if message.startswith(b"INVITE "):
                call_id = message.split(b"\r\nCall-ID: ")[1].split(b"\r\n")[0]
                copies.setdefault(call_id, []).append((name, message))
    assert len(copies) == 6
    for same in copies.values():
        assert len(same) >= 3 and len(set(same)) == 1, same
    assert metrics.sum("sipsteer_messages_answered_total") == 0


@placements
def test_invite_with_credentials_reaches_the_server_that_asked(lab):
    lab.start_servers("digest-uas")
    lab.run("digest-uac")
    lab.finish()
    assert all(lab.invites_per_server().values())


@placements
def test_requests_within_a_dialog(lab):
    lab.start_servers("in-dialog-uas")
    lab.run("in-dialog-uac")
    metrics = lab.finish()
    assert all(lab.invites_per_server().values())
    # The caller's ACK, re-INVITE, ACK, UPDATE, INFO, BYE and the callee's INFO, INVITE, ACK.
    assert metrics.sum("sipsteer_decisions_total", reason="in_dialog") >= 9 * CALLS


def test_register_of_one_user_stays_on_one_server(lab):
    lab.start_servers("register-uas")
    users = [(f"user{number}",) for number in range(CALLS)]
    for _ in range(2):
        lab.run("register-uac", injected={"users.csv": users})
    metrics = lab.finish()
    seen = {name: [line.split()[1] for line in server.log()] for name, server in lab.servers.items()}
    assert sorted(sum(seen.values(), [])) == sorted([name for name, in users] * 2)
    assert not set(seen["pbx-1"]) & set(seen["pbx-2"]) and all(seen.values())
    assert metrics.sum("sipsteer_decisions_total", reason="registration") >= 2 * CALLS


# ---- RFC 3891: transfers

@pytest.mark.parametrize("source", ["server", "phone"])
def test_replaces_reaches_the_owner(lab, source):
    lab.start_servers(injected=TABLES)
    consultation, dialogs = lab.consult()
    host, keys = (TRANSFERER, THROUGH_PROXY) if source == "server" else (OTHER_PHONE, {})
    lab.run("transfer-uac", host, keys=keys, injected=transfers(dialogs))
    consultation.wait()      # every replaced call got its server's BYE
    metrics = lab.finish()
    assert lab.unknown_at_servers() == 0
    assert metrics.sum("sipsteer_decisions_total", reason="transfer_owner") >= CALLS


def test_replaces_three_times_in_a_row(lab):
    """The transferred call is transferred again: each new dialog is learned like any other."""
    lab.start_servers(injected=TABLES)
    consultation, dialogs = lab.consult()
    first = lab.start("transfer-uac", TRANSFERER, PROXY, calls=CALLS, variables=["held"], keys=THROUGH_PROXY,
                      injected=transfers(dialogs))
    second = lab.start("transfer-uac", OTHER_PHONE, PROXY, calls=CALLS, variables=["held"],
                       injected=transfers(first.wait_dialogs(CALLS)))
    lab.run("transfer-uac", "127.0.2.8", injected=transfers(second.wait_dialogs(CALLS)))
    for run in (consultation, first, second):
        run.wait()
    metrics = lab.finish()
    assert lab.unknown_at_servers() == 0
    assert metrics.sum("sipsteer_decisions_total", reason="transfer_owner") >= 3 * CALLS


NOBODYS = [(f"nobody-{number}@127.0.2.2", f"to{number}", f"from{number}") for number in range(CALLS)]


@configured(transfer=f'unmatched = "fallback"\nfallback = "sip:replaces@{FALLBACK}:5060"')
def test_unknown_replaces_goes_to_the_fallback(lab):
    lab.start_servers(injected=TABLES)
    fallback = lab.start("fallback-uas", FALLBACK)
    lab.run("transfer-uac", TRANSFERER, keys=THROUGH_PROXY, injected=transfers(NOBODYS))
    fallback.stop()
    metrics = lab.finish()
    assert lab.invites_per_server() == {"pbx-1": 0, "pbx-2": 0}
    assert metrics.sum("sipsteer_decisions_total", reason="transfer_fallback") >= CALLS


@configured(transfer='unmatched = "reject"')
def test_unknown_replaces_is_rejected(lab):
    lab.start_servers(injected=TABLES)
    run = lab.run("transfer-refused-uac", TRANSFERER, keys=THROUGH_PROXY, injected=transfers(NOBODYS))
    metrics = lab.finish()
    assert run.log() == ["481"] * CALLS and lab.invites_per_server() == {"pbx-1": 0, "pbx-2": 0}
    assert metrics.sum("sipsteer_decisions_total", reason="transfer_rejected") >= CALLS
    # Each is answered here, and the ACK to that goes nowhere.
    assert metrics.sum("sipsteer_messages_answered_total") >= CALLS


def test_unknown_replaces_without_a_fallback_destination_is_rejected(lab):
    lab.start_servers(injected=TABLES)
    run = lab.run("transfer-refused-uac", OTHER_PHONE, injected=transfers(NOBODYS))
    lab.finish()
    assert run.log() == ["481"] * CALLS and lab.invites_per_server() == {"pbx-1": 0, "pbx-2": 0}


@configured(transfer='unmatched = "forward"')
def test_unknown_replaces_is_forwarded_unchanged(lab):
    lab.start_servers(injected=TABLES)
    run = lab.run("transfer-refused-uac", TRANSFERER, keys=THROUGH_PROXY, injected=transfers(NOBODYS))
    metrics = lab.finish()
    assert run.log() == ["481"] * CALLS
    seen = {m.get("Replaces") for server in lab.servers.values() for m in server.received_requests("INVITE")}
    assert seen == {f"{call_id};to-tag={to_tag};from-tag={from_tag}" for call_id, to_tag, from_tag in NOBODYS}
    assert lab.unknown_at_servers() == CALLS      # one server each, not one after the other
    assert metrics.sum("sipsteer_decisions_total", reason="transfer_forwarded") >= CALLS


@configured(transfer='unmatched = "strip"')
def test_unknown_replaces_is_stripped(lab):
    lab.start_servers(injected=TABLES)
    lab.run("transfer-uac", TRANSFERER, keys=THROUGH_PROXY, injected=transfers(NOBODYS))
    metrics = lab.finish()
    assert sum(lab.invites_per_server().values()) == CALLS
    assert not [m for server in lab.servers.values() for m in server.received_requests("INVITE") if m.get("Replaces")]
    assert metrics.sum("sipsteer_decisions_total", reason="transfer_stripped") >= CALLS


@configured(transfer='unmatched = "reject"')
def test_replaces_with_swapped_tags_is_no_match(lab):
    """Swapped tags name the phone's end of the dialog (RFC 3891 §3), and no server is that."""
    lab.start_servers(injected=TABLES)
    consultation, dialogs = lab.consult()
    swapped = [(call_id, from_tag, to_tag) for call_id, to_tag, from_tag in dialogs]
    run = lab.run("transfer-refused-uac", TRANSFERER, keys=THROUGH_PROXY, injected=transfers(swapped))
    assert run.log() == ["481"] * CALLS and sum(lab.invites_per_server().values()) == CALLS
    lab.run("transfer-uac", TRANSFERER, keys=THROUGH_PROXY, injected=transfers(dialogs))      # nothing was harmed
    consultation.wait()
    lab.finish()


def test_cancel_of_a_transfer_follows_it_to_the_owner(lab):
    lab.start_servers(injected=TABLES, variables=["slow"])
    consultation, dialogs = lab.consult()
    lab.run("transfer-cancel-uac", OTHER_PHONE, injected=transfers(dialogs))
    consultation.wait()
    lab.finish()
    assert lab.unknown_at_servers() == 0


def test_ack_of_a_refused_transfer_follows_it_to_the_owner(lab):
    """early-only for a call that is answered: 486 from the owner, its ACK without Replaces, and the call goes on."""
    lab.start_servers(injected=TABLES)
    consultation, dialogs = lab.consult()
    run = lab.run("transfer-refused-uac", OTHER_PHONE, keys={"flags": ";early-only"}, injected=transfers(dialogs))
    assert run.log() == ["486"] * CALLS
    lab.run("transfer-uac", OTHER_PHONE, injected=transfers(dialogs))
    consultation.wait()
    lab.finish()
    assert lab.unknown_at_servers() == 0


def test_replaces_for_an_early_dialog_reaches_the_owner(lab):
    """The consultation call still rings at its server, which is the callee there and so has to refuse (RFC 3891 §3). A
    server's own call that is picked up needs a SIPp that calls and is called, so see test_stub_cluster.py."""
    lab.start_servers(injected=TABLES, variables=["ringing"])
    ringing = lab.start("cancel-uac", PHONE, PROXY, calls=CALLS, extra=["-d", "3000"])
    dialogs = ringing.wait_dialogs(CALLS)
    run = lab.run("transfer-refused-uac", OTHER_PHONE, keys={"flags": ";early-only"}, injected=transfers(dialogs))
    ringing.wait()
    lab.finish()
    owned = [line for server in lab.servers.values() for line in server.log() if line.startswith("owns ")]
    assert run.log() == ["481"] * CALLS and len(owned) == CALLS and lab.unknown_at_servers() == 0


def test_replaces_just_after_the_bye_gets_the_owners_answer(lab):
    """The BYE overtakes the transfer: the dialog is remembered for a while, and its server says 603, no other 481."""
    lab.start_servers(injected=TABLES)
    dialogs = lab.run("call-uac").dialogs()
    run = lab.run("transfer-refused-uac", TRANSFERER, keys=THROUGH_PROXY, injected=transfers(dialogs))
    metrics = lab.finish()
    assert run.log() == ["603"] * CALLS and lab.unknown_at_servers() == 0
    assert metrics.sum("sipsteer_decisions_total", reason="transfer_owner") >= CALLS

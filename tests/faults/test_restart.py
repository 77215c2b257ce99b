"""The proxy is killed while calls are up (faults.md §2, 1 and 2). Nobody but the servers knows then where they are."""

import time

from lab.datagrams import Wire, header, headers, request, tag

DIALOGS = 10000


def establish(wire, phone, count, name="k"):
    """Calls of `phone`, answered and acknowledged: [(Call-ID, our tag, its tag, Contact, Route lines)]."""
    answers = wire.exchange(phone, (request("INVITE", "sip:carol@127.0.0.1", phone.via, f"{name}{number}", f"p{number}")
                                    for number in range(count)))
    calls = []
    for (call_id, _), answer in answers.items():
        routes = [f"Route: {value}" for value in reversed(headers(answer, "Record-Route"))]
        calls.append((call_id, tag(answer, "From"), tag(answer, "To"), header(answer, "Contact").strip("<>"), routes))
        phone.send(within(phone, calls[-1], "ACK", 1))
    return calls


def within(phone, call, method, cseq, routed=True):
    """An in-dialog request; not routed: of a phone that lost its route set."""
    call_id, ours, theirs, contact, routes = call
    return request(method, contact, phone.via, call_id, ours, to_tag=theirs, cseq=cseq, more=routes if routed else ())


def restart(wire):
    """Kills it and starts it again; returns the seconds until it is ready."""
    wire.sipsteer.kill()
    begun = time.monotonic()
    wire.sipsteer.start()
    return time.monotonic() - begun


def test_kill9(binary):
    """10,000 calls are up. After the kill each is held and ended: 20,000 requests, each at the server of its call, one in
    four without a Route."""
    with Wire(binary, servers=3, more='[transfer]\nprobe = false\nunmatched = "reject"\n') as wire:
        phone = wire.host("127.0.2.1")
        calls = establish(wire, phone, DIALOGS)
        assert wire.sipsteer.metrics().sum("sipsteer_call_table_entries") == DIALOGS
        assert restart(wire) < 5
        for method, cseq in (("INVITE", 2), ("BYE", 3)):
            answers = wire.exchange(phone, (within(phone, call, method, cseq, number % 4 != 0)
                                            for number, call in enumerate(calls)))
            assert {answer[8:11] for answer in answers.values()} == {"200"}
        assert wire.misroutes() == {}
        reasons = wire.sipsteer.decisions()
        assert set(reasons) == {"in_dialog", "response"} and reasons["in_dialog"] >= 2 * DIALOGS
        assert min(server.received for server in wire.servers) > DIALOGS / 2


def test_kill9_replaces(binary):
    """Then a transfer names each of 600 calls, half of them made by a server: the servers say whose it is."""
    with Wire(binary, servers=4, more='[transfer]\nunmatched = "reject"\n') as wire:
        phone = wire.host("127.0.2.1")
        named = [(call_id, theirs, ours) for call_id, ours, theirs, *_ in establish(wire, phone, 300)]
        for server in wire.servers:
            invites = [request("INVITE", f"sip:phone@{phone.via}", server.via, f"{server.name}-{number}", f"own{number}")
                       for number in range(75)]
            for (call_id, _), answer in wire.exchange(server, invites).items():
                server.dialogs[tag(answer, "From")] = (call_id, tag(answer, "To"), True)
                named.append((call_id, tag(answer, "From"), tag(answer, "To")))
        assert len(named) == 600
        restart(wire)
        # One worker asks for one stranger five times a second in vain, but as often as it likes with success.
        transfers = [request("INVITE", "sip:carol@127.0.0.1", phone.via, f"t{number}", f"t{number}",
                             more=[f"Replaces: {call_id};to-tag={local};from-tag={remote}"])
                     for number, (call_id, local, remote) in enumerate(named)]
        answers = wire.exchange(phone, transfers, window=16)
        assert {answer[:11] for answer in answers.values()} == {"SIP/2.0 200"}
        assert wire.misroutes() == {}
        assert wire.sipsteer.decisions()["transfer_probe"] >= 600

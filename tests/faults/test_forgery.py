"""What somebody forges who is no server (faults.md §2, 26 to 28): nothing of it steers a message or stays behind."""

import random

from lab.datagrams import Wire, header, headers, request, response, tag
from test_restart import establish, restart, within

REJECT = '[transfer]\nprobe = false\nunmatched = "reject"\n'


def flips(text):
    """`text` with each of its bits flipped, one at a time; what ends a header or parameter is left out."""
    for at, char in enumerate(text):
        for bit in range(8):
            changed = chr(ord(char) ^ 1 << bit)
            if changed not in "\r\n\0;>,":
                yield text[:at] + changed + text[at + 1:]


def test_via_spoof(binary):
    """10,000 forged responses from outside: made-up branches, every bit of a real one flipped, real ones for another call,
    and real ones with another Via below. One real answer to a server's own request passes, to that server alone."""
    with Wire(binary, servers=2, more=REJECT) as wire:
        phone, mallory = wire.host("127.0.2.1"), wire.host("127.0.2.66")
        server, other = wire.servers
        phone.send(request("INVITE", "sip:carol@127.0.0.1", phone.via, "call", "t"))
        server.send(request("INVITE", f"sip:phone@{phone.via}", server.via, "out", "s"))
        server.answers = other.answers = False
        asked = phone.receive(10)                # the server's INVITE, as the phone got it
        assert asked.startswith("INVITE")
        real = header(asked, "Via")
        branch = real.partition("branch=")[2][:34]
        noise, forged = random.Random(26), []
        answer = response(asked, 200, "OK", "evil")
        forged += [answer.replace(branch, flipped) for flipped in flips(branch)]
        forged += [answer.replace("Call-ID: out", "Call-ID: other"), answer.replace("CSeq: 1 ", "CSeq: 2 "),
                   answer.replace(f"UDP {server.via}", f"UDP {other.via}", 1),
                   answer.replace(f"received={server.address[0]}", f"received={mallory.address[0]}", 1)]
        while len(forged) < 10000:
            kind = len(forged) % 3
            made_up = "z9hG4bKss-" + "".join(noise.choice("0123456789abcdef") for _ in range(24))
            if kind == 0:
                made_up = "z9hG4bKss-00000000" + made_up[18:]
            text = answer.replace(branch, made_up if kind < 2 else noise.choice(["z9hG4bK", "", "x"]) + made_up)
            forged.append(text.replace(f"UDP {server.via}", f"UDP {mallory.via}", 1) if kind == 1 else text)
        before = wire.settled(2)
        for begin in range(0, len(forged), 200):
            for text in forged[begin:begin + 200]:
                mallory.send(text)
            wire.settled(2 + min(begin + 200, len(forged)))
        after = wire.settled(2 + len(forged))
        came = [text for host in wire.hosts for text in host.waiting()]
        assert came == [] and server.received <= 2 and other.received <= 2
        dropped = after.by("sipsteer_messages_dropped_total", "reason")
        assert dropped.pop("malformed", 0) < 100      # a flipped bit that makes a bad Via
        assert set(dropped) == {"forged_response"} and after.sum("sipsteer_messages_dropped_total") == len(forged)
        assert after.sum("sipsteer_messages_forwarded_total") == before.sum("sipsteer_messages_forwarded_total")
        assert after.sum("sipsteer_call_table_entries") == 0

        phone.send(answer)
        passed = server.receive()
        assert passed and passed.startswith("SIP/2.0 200") and headers(passed, "Via")[0].startswith(f"SIP/2.0/UDP {server.via}")
        assert not other.waiting()


def test_rr_tamper(binary):
    """The signed owner in our Record-Route: as it was it leads to the owner also when nothing else does; with any bit flipped,
    or in another call, it has no effect and is counted."""
    with Wire(binary, servers=4, more=REJECT) as wire:
        phone = wire.host("127.0.2.1")
        calls = [call[:3] + ("sip:carol@127.0.0.1", call[4]) for call in establish(wire, phone, 40)]
        restart(wire)
        others = 0
        random.Random(27).shuffle(calls)
        for call, other in zip(calls, calls[1:]):
            owner = owner_of(wire, phone, within(phone, call, "INFO", 2))
            assert call[2] in owner.dialogs
            signature, foreign = signature_of(call), signature_of(other)
            others += signature[:8] != foreign[:8]      # another server
            assert owner_of(wire, phone, within(phone, call, "INFO", 3).replace(signature, foreign)) is owner
        assert others > 10
        assert wire.sipsteer.metrics().sum("sipsteer_record_routes_invalid_total") >= len(calls) - 1
        before = wire.sipsteer.metrics()
        call, count = calls[0], 0
        for flipped in flips(signature_of(call)):
            count += 1
            phone.send(within(phone, call, "INFO", 10 + count).replace(signature_of(call), flipped))
            if count % 50 == 0:
                wire.serve(0.05)

        def refused():
            after = wire.sipsteer.metrics()
            return sum(after.sum(name, **labels) - before.sum(name, **labels) for name, labels in (
                ("sipsteer_record_routes_invalid_total", {}), ("sipsteer_decisions_total", {"reason": "rejected_malformed"})))

        wire.serve_until(lambda: refused() >= count, f"{count} changed signatures are counted")
        assert refused() == count > 150
        assert wire.misroutes() == {}


def signature_of(call):
    return call[4][0].partition("ss=")[2].rstrip(">")


def owner_of(wire, phone, text):
    wire.exchange(phone, [text])
    key = header(text, "Call-ID"), header(text, "CSeq")
    one, = [server for server in wire.servers if key in server.seen]
    return one


def test_poison(binary):
    """Somebody outside claims dialogs by responses and by requests of every kind: the table stays empty, a transfer that
    names one is refused, and a real owner stays who it is."""
    with Wire(binary, servers=3, more=REJECT) as wire:
        phone, mallory = wire.host("127.0.2.1"), wire.host("127.0.2.66")
        real, = establish(wire, phone, 1)
        assert wire.sipsteer.metrics().sum("sipsteer_call_table_entries") == 1
        claims = []
        for number in range(300):
            for method in ("INVITE", "UPDATE", "BYE", "NOTIFY", "SUBSCRIBE", "PRACK"):
                claims.append(request(method, "sip:carol@127.0.0.1", mallory.via, f"claim{number}", "mine", to_tag="yours",
                                      cseq=2, more=["Session-Expires: 90"]))
            invite = request("INVITE", "sip:x@127.0.0.1", f"127.0.0.1:5060;branch=z9hG4bKss-{number:024x}, SIP/2.0/UDP "
                             + mallory.via, f"claim{number}", "mine")
            claims += [response(invite, status, "OK", "yours") for status in (180, 183, 200)]
        # ... and of the real call: ended, refused, answered again.
        for method in ("BYE", "CANCEL", "UPDATE", "INVITE"):
            claims.append(request(method, "sip:carol@127.0.0.1", mallory.via, real[0], real[1], to_tag="wrong", cseq=9))
        forged = request("INVITE", "sip:carol@127.0.0.1", phone.via, real[0], real[1])
        claims += [response(forged, status, "Forged", real[2]) for status in (481, 408, 486, 200, 603)]
        for begin in range(0, len(claims), 200):
            for text in claims[begin:begin + 200]:
                mallory.send(text)
            wire.serve(0.05)
        wire.serve(0.3)
        assert wire.sipsteer.metrics().sum("sipsteer_call_table_entries") == 1
        assert wire.sipsteer.owners("claim7") == []
        for server in wire.servers:
            server.misroutes.clear()         # the claims for dialogs that nobody has
        answers = wire.exchange(mallory, [request("INVITE", "sip:carol@127.0.0.1", mallory.via, f"x{number}", "x",
                                                  more=[f"Replaces: claim{number};to-tag=yours;from-tag=mine"])
                                          for number in range(50)])
        assert {answer[8:11] for answer in answers.values()} == {"481"}
        taken = wire.exchange(phone, [request("INVITE", "sip:carol@127.0.0.1", phone.via, "taker", "x",
                                              more=[f"Replaces: {real[0]};to-tag={real[2]};from-tag={real[1]}"])])
        assert {answer[8:11] for answer in taken.values()} == {"200"} and wire.misroutes() == {}

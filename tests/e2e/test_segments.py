"""Messages for one destination that one round finds waiting leave in one segmented send, the shorter ones padded by
blanks inside a header. A proxy that is stopped for a moment finds them all in one round."""

import contextlib
import os
import pathlib
import re
import signal
import socket
import subprocess
import time

import pytest

from lab.sipsteer import Sipsteer, cluster_config

FILLINGS = (300, 10, 600, 120, 40, 200)
SMALL_ROUND = 4     # of so few messages each leaves at once


def wait_until_all_are(state, pid):
    """All threads, by their letter in /proc: S sleeps, T is stopped."""
    while not all(stat.read_text().rsplit(")", 1)[1].split()[0] == state
                  for stat in pathlib.Path(f"/proc/{pid}/task").glob("*/stat")):
        time.sleep(0.001)


@contextlib.contextmanager
def stopped(sipsteer):
    """Where it sleeps, so that what comes meanwhile is found by a wake-up, not by a further round of the last one."""
    wait_until_all_are("S", sipsteer.pid)
    os.kill(sipsteer.pid, signal.SIGSTOP)
    try:
        wait_until_all_are("T", sipsteer.pid)
        yield
    finally:
        os.kill(sipsteer.pid, signal.SIGCONT)


@contextlib.contextmanager
def peer(host, port=5060):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind((host, port))
        one.settimeout(5)
        yield one


def request(number, filling):
    return (f"OPTIONS sip:bob@127.0.1.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.2.1:5060;branch=z9hG4bK{number};rport\r\n"
            f"Max-Forwards: 70\r\nFrom: <sip:a@b>;tag=t{number}\r\nTo: <sip:c@d>\r\nCall-ID: c{number}@h\r\n"
            f"CSeq: 1 OPTIONS\r\nX-Fill: {'f' * filling}\r\nContent-Length: 0\r\n\r\n").encode()


def answer(message):
    """A 200 that is as long as its request."""
    head = message.decode().split("\r\n", 1)[1]
    return ("SIP/2.0 200 OK\r\n" + re.sub(r"Max-Forwards:.*\r\n", "", head)).encode()


def blanks(message, name):
    return len(re.search(name.encode() + rb":( *)\S", message)[1])


@contextlib.contextmanager
def path_mtu(octets):
    """Of loopback, over which all goes."""
    def limit(to):
        subprocess.run(["ip", "link", "set", "lo", "mtu", str(to)], check=True)

    limit(octets)
    try:
        yield
    finally:
        limit(65536)


def play(binary, segment, fillings=FILLINGS):
    """Requests and answers as they arrive, each in two lists: what the server got, what the phone got."""
    config = cluster_config([("pbx-1", "sip:127.0.1.1:5060")], more='[health]\nprobe_interval = 0')
    config = config.replace("workers = 2", f'workers = 1\nsegment = "{segment}"')
    with Sipsteer(config, binary) as sipsteer, peer("127.0.1.1") as server, peer("127.0.2.1") as phone:
        with stopped(sipsteer):
            for number, filling in enumerate(fillings):
                phone.sendto(request(number, filling), ("127.0.0.1", 5060))
        at_server = [server.recv(65536) for _ in fillings]
        with stopped(sipsteer):
            for message in at_server:
                server.sendto(answer(message), ("127.0.0.1", 5060))
        return at_server, [phone.recv(65536) for _ in fillings]


def test_what_one_round_finds_leaves_padded_and_in_order(binary):
    requests, answers = play(binary, "auto")
    plain_requests, plain_answers = play(binary, "off")
    for padded, plain, header in ((requests, plain_requests, "Max-Forwards"), (answers, plain_answers, "Content-Length")):
        assert [re.search(rb"Call-ID: c(\d)", message)[1] for message in padded] == [b"0", b"1", b"2", b"3", b"4", b"5"]
        longest = max(map(len, plain))
        assert [len(message) for message in padded[:-1]] == [longest] * 5      # the last needs no blanks
        assert len(padded[-1]) == len(plain[-1])
        assert max(blanks(message, header) for message in padded) > 500
        assert max(blanks(message, header) for message in plain) == 1
    # But for the blanks, the same bytes.
    squeezed = [re.sub(rb"Max-Forwards: +", b"Max-Forwards: ", message) for message in requests]
    again = [re.sub(rb";ss=\w+", b"", message) for message in squeezed]
    assert [len(message) for message in again] == [len(re.sub(rb";ss=\w+", b"", message)) for message in plain_requests]


def test_a_small_round_is_not_gathered(binary):
    for messages, header in zip(play(binary, "auto", FILLINGS[:SMALL_ROUND]), ("Max-Forwards", "Content-Length")):
        assert [re.search(rb"Call-ID: c(\d)", message)[1] for message in messages] == [b"0", b"1", b"2", b"3"]
        assert max(blanks(message, header) for message in messages) == 1


@pytest.mark.parametrize("segment", ["auto", "off"])
def test_what_the_path_does_not_carry_leaves_in_fragments(binary, namespace, segment):
    """Also what is smaller than an Ethernet frame, where the path carries less; and what is sent with it is not lost."""
    if namespace is None:
        pytest.skip("an MTU needs a namespace")
    fillings = (10, 1130, 5000, 20, 1120, 1110, 4000, 30)
    with path_mtu(1300):
        requests, answers = play(binary, segment, fillings)
    for messages in (requests, answers):
        fillings_seen = [len(re.search(rb"X-Fill: (f+)", message)[1]) for message in messages]
        assert sorted(fillings_seen) == sorted(fillings)

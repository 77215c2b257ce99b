"""How the quickstart looks: headings, results, and the messages with the decision for each."""

import os
import re
import sys

_COLOURS = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


def paint(text, colour):
    if not sys.stdout.isatty() or "NO_COLOR" in os.environ:
        return text
    return f"\033[{_COLOURS[colour]}m{text}\033[0m"


def say(text=""):
    print(text, flush=True)


def heading(text):
    say()
    say(paint(text, "bold"))


class Names:
    """What the addresses of the demonstration are called."""

    def __init__(self, names):
        self._names = names      # "127.0.1.1:5060" or "127.0.1.1" -> "pbx-1"

    def of(self, address):
        match = re.search(r"(\d+\.\d+\.\d+\.\d+)(?::(\d+))?", address or "")
        if not match:
            return address or "-"
        return self._names.get(match[0]) or self._names.get(match[1]) or match[0]


def print_messages(events, names):
    """One line a message: from whom to whom, what, and the word that says why it went there."""
    say(paint(f"      {'from':>8}    {'to':<8}  {'message':<22} decision", "dim"))
    for event in events:
        reason = event.get("reason", "?")
        what = event.get("method", "")
        if event.get("status", "-") != "-":
            what = f"{event['status']} ({what})"
        colour = "green" if reason.startswith("transfer_") else "red" if reason.startswith("rejected") else "cyan"
        sent = names.of(event.get("to"))
        way = f"      {names.of(event.get('from')):>8} -> {names.of(event.get('to')):<8}  {what:<22} "
        say(way + paint(reason, colour))

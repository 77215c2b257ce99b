"""Asterisk's manager interface (AMI): asking a server who talks to whom."""

import socket
import threading


class AmiError(Exception):
    """The server refused an action; the text is its own."""


class Ami:
    """One logged-in connection. Calls block for the milliseconds an answer takes and may come from any thread."""

    def __init__(self, host, port=5038, user="lab", secret="lab", timeout=5.0):
        self._lock = threading.Lock()
        self._next_id = 0
        self._socket = socket.create_connection((host, port), timeout=timeout)
        self._reader = self._socket.makefile("r", encoding="utf-8", errors="replace", newline="\r\n")
        try:
            self._reader.readline()   # greeting
            self.action("Login", Username=user, Secret=secret, Events="off")
        except Exception:
            self.close()
            raise

    def close(self):
        self._reader.close()
        self._socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _block(self):
        """The next block of `Key: value` lines, as (dict, list of values of the repeated key Output)."""
        fields, output = {}, []
        while True:
            line = self._reader.readline()
            if not line:
                raise ConnectionError("the manager connection was closed")
            line = line.rstrip("\r\n")
            if not line:
                return fields, output
            key, _, value = line.partition(": ")
            if key == "Output":
                output.append(value)
            else:
                fields[key.rstrip(":")] = value

    def _exchange(self, name, fields, variables=None):
        """Sends one action; returns its response, its output lines and the events of a list."""
        with self._lock:
            self._next_id += 1
            mine = str(self._next_id)
            lines = [f"Action: {name}", f"ActionID: {mine}"]
            lines += [f"{key}: {value}" for key, value in fields.items()]
            lines += [f"Variable: {key}={value}" for key, value in (variables or {}).items()]
            self._socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
            response = output = None
            events = []
            while True:
                block, lines = self._block()
                if block.get("ActionID") != mine:
                    continue
                if "Response" in block:
                    response, output = block, lines
                    if response["Response"] == "Error":
                        raise AmiError(f"{name}: {response.get('Message', '')} {' '.join(output)}".strip())
                    if response.get("EventList") != "start":
                        return response, output, events
                elif block.get("EventList") == "Complete":
                    return response, output, events
                elif "Event" in block:
                    events.append(block)

    def action(self, name, **fields):
        """Any action; returns the fields of its response. Raises AmiError when refused."""
        return self._exchange(name, fields)[0]

    def command(self, line):
        """A console command; returns its lines."""
        return self._exchange("Command", {"Command": line})[1]

    def channels(self):
        """All channels: dicts with Channel, BridgeId, ChannelStateDesc, Context, Exten, Application, ..."""
        return self._exchange("CoreShowChannels", {})[2]

    def bridges(self):
        """Bridge id -> set of the names of the channels in it."""
        members = {}
        for channel in self.channels():
            if channel.get("BridgeId"):
                members.setdefault(channel["BridgeId"], set()).add(channel["Channel"])
        return members

    def bridged_endpoints(self):
        """Who is joined with whom here: one sorted tuple of endpoint names a bridge, e.g. ("alice", "trunk")."""
        return sorted(tuple(sorted(map(endpoint_of, names))) for names in self.bridges().values())

    def getvar(self, channel, variable):
        """Value of a channel variable or dialplan function; "" when it is not set."""
        return self.action("Getvar", Channel=channel, Variable=variable).get("Value", "")

    def originate(self, channel, context="phones", exten="echo", variables=None, timeout_ms=10000):
        """Starts a call to `channel` (e.g. "PJSIP/alice") and, once it answers, runs the extension on it."""
        return self._exchange("Originate", {"Channel": channel, "Context": context, "Exten": exten, "Priority": 1,
                                            "Async": "true", "Timeout": timeout_ms}, variables)[0]


def endpoint_of(channel):
    """"PJSIP/alice-0000002a" -> "alice"."""
    return channel.partition("/")[2].rpartition("-")[0]

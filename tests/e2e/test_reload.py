"""SIGHUP: a good file is taken over at once and the changes are said; a wrong one changes nothing."""

import json
import os
import signal
import time

from lab.sipsteer import Sipsteer, cluster_config


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

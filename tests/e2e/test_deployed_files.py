"""What deploy/ has for Prometheus, Grafana and fail2ban fits the proxy: promtool takes the rules, every metric that they
or the dashboard name is there, and the filter finds exactly the lines that are meant. What migration.md shows is so."""

import json
import os
import re
import shutil
import socket
import subprocess

import pytest

from lab.sipsteer import REPOSITORY, Sipsteer, cluster_config
from test_control import SERVERS

PROMETHEUS = REPOSITORY / "deploy" / "prometheus"
DASHBOARD = json.loads((REPOSITORY / "deploy" / "grafana" / "sipsteer.json").read_text())
FILTER = REPOSITORY / "deploy" / "fail2ban" / "filter.d" / "sipsteer.conf"
NAME = re.compile(r"\b((?:sipsteer|process)[a-z_0-9:]+)\b")


def needs(program):
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")


def recorded():
    return set(re.findall(r"record: (\S+)", (PROMETHEUS / "rules.yml").read_text()))


def expressions():
    """Each PromQL expression of the dashboard, with its variables filled in."""
    for panel in DASHBOARD["panels"]:
        for target in panel["targets"]:
            yield target["expr"].replace("$__rate_interval", "5m").replace("$instance", ".+")


def families(binary):
    with Sipsteer(cluster_config(SERVERS), binary) as sipsteer:
        return {name for name, _ in sipsteer.metrics()}


def promtool(*words):
    answer = subprocess.run(["promtool", *map(str, words)], capture_output=True, text=True, timeout=60)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_promtool_takes_rules_and_alerts_and_what_the_dashboard_asks(tmp_path):
    needs("promtool")
    promtool("check", "rules", PROMETHEUS / "rules.yml", PROMETHEUS / "alerts.yml")
    rules = [{"record": f"dashboard:{number}", "expr": expression} for number, expression in enumerate(expressions())]
    assert len(rules) > 20
    (tmp_path / "dashboard.yml").write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))  # JSON is YAML
    promtool("check", "rules", tmp_path / "dashboard.yml")


def test_alerts_fire_when_they_should():
    needs("promtool")
    promtool("test", "rules", REPOSITORY / "tests" / "prometheus" / "alerts_test.yml")


def test_every_metric_named_in_deploy_is_there(binary):
    there = families(binary) | recorded()
    named = set()
    for text in [(PROMETHEUS / "rules.yml").read_text(), (PROMETHEUS / "alerts.yml").read_text(), *expressions(),
                 *(variable["query"] for variable in DASHBOARD["templating"]["list"])]:
        text = re.sub(r'"[^"]*"|(?m:^ *- alert: .*$|^ *#.*$)|sipsteer-alerts|name: sipsteer', "", text)
        named |= {name for name in NAME.findall(text)}
    assert len(named) > 25
    assert named - there == set()


def test_the_systemd_unit_is_hardened():
    needs("systemd-analyze")
    answer = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=15",
                             REPOSITORY / "deploy" / "systemd" / "sipsteer.service"], capture_output=True, text=True, timeout=60)
    assert answer.returncode == 0, answer.stdout + answer.stderr       # 1.5 or better
    exposure = re.search(r"exposure level for sipsteer.service: ([\d.]+)", answer.stdout)
    assert float(exposure[1]) <= 1.5


def test_the_filter_of_fail2ban(tmp_path):
    needs("fail2ban-regex")
    when = "2026-11-23T02:41:03.078Z"
    refused = {
        "192.0.2.1": f"{when} warning event=auth_refused src=192.0.2.1 count=3 status=401 method=REGISTER server=pbx-1",
        "2001:db8::2": f"{when} warning event=auth_refused src=2001:db8::2 count=1 status=403 method=INVITE server=pbx-1 suppressed=4",
        "192.0.2.3": f'{{"ts":"{when}","level":"warning","event":"auth_refused","src":"192.0.2.3","count":3,"status":401}}',
    }
    others = [
        f"{when} info event=transfer reason=transfer_owner call_id=a src=udp:192.0.2.4:5060",
        f'{when} info event=transfer call_id="warning event=auth_refused src=192.0.2.5 count=1 " server=pbx-1',
        f'{{"ts":"{when}","level":"info","event":"transfer","call_id":"\\",\\"level\\":\\"warning\\",\\"event\\":\\"auth_refused\\",'
        f'\\"src\\":\\"192.0.2.6\\",\\"count\\":1"}}',
    ]
    log = tmp_path / "log"
    log.write_text("\n".join([*refused.values(), *others]) + "\n")
    answer = subprocess.run(["fail2ban-regex", "--out", "ip", str(log), str(FILTER)], capture_output=True, text=True, timeout=60)
    assert sorted(answer.stdout.split()) == sorted(refused), answer.stdout + answer.stderr
    # As journald gives them: the time apart, host and program in front.
    from_journal = f"host sipsteer[12]: {refused['192.0.2.1']}"
    answer = subprocess.run(["fail2ban-regex", "--out", "ip", f"{when} {from_journal}", str(FILTER)], capture_output=True,
                            text=True, timeout=60)
    assert answer.stdout.split() == ["192.0.2.1"], answer.stdout + answer.stderr


def test_the_log_as_json(binary):
    """Each line is one object with the same first fields, also where a stranger picked the bytes."""
    config = cluster_config(SERVERS).replace('level = "debug"', 'level = "debug"\nformat = "json"')
    with Sipsteer(config, binary) as sipsteer:
        invite = ("INVITE sip:carol@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.2.1:5060;branch=z9hG4bKx\r\n"
                  "From: <sip:a@b>;tag=f\r\nTo: <sip:c@d>\r\nCall-ID: \"},{\x1b\xff\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\n"
                  "Replaces: x;to-tag=a;from-tag=b\r\nContent-Length: 0\r\n\r\n")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.sendto(invite.encode("latin-1"), ("127.0.0.1", 5060))
        sipsteer.assert_counter_law()
        events = [json.loads(line) for line in sipsteer.log().splitlines()]
    assert all(list(event)[:3] == ["ts", "level", "event"] for event in events)
    # What `check` warns of comes first.
    assert (events[0]["level"], events[0]["event"]) == ("warning", "config")
    assert "sipsteer.toml:1:1: transfer.unmatched: " in events[0]["message"]
    transfer, = [event for event in events if event["event"] == "transfer"]
    assert transfer["reason"].startswith("transfer_") and transfer["call_id"].startswith('"},{')


def commands_shown(document):
    """(command, the output that is shown) of each `$ ` in the console blocks, in their order."""
    for block in re.findall(r"^```console\n(.*?)^```$", document.read_text(), re.MULTILINE | re.DOTALL):
        for shown in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = shown.partition("\n")
            yield command, output


def test_the_migration_page_shows_what_happens(binary, tmp_path):
    """Its commands, one after the other in one folder; a file that it prints before anything made it is input."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "sipsteer").symlink_to(binary.resolve())
    (tmp_path / "cluster.key").write_text("5a" * 32)
    environment = {"PATH": f"{tmp_path}/bin:{os.environ['PATH']}", "STATE_DIRECTORY": str(tmp_path)}
    ran = []
    for command, shown in commands_shown(REPOSITORY / "deploy" / "migration.md"):
        if (match := re.fullmatch(r"cat (\S+)", command)) and not (tmp_path / match[1]).exists():
            (tmp_path / match[1]).write_text(shown)
            continue
        answer = subprocess.run(command, shell=True, cwd=tmp_path, env=environment, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, timeout=30)
        whole, dots, _ = shown.partition("...\n")
        assert (answer.stdout[:len(whole)] if dots else answer.stdout) == whole, command
        ran.append(command.split()[1])
    assert {"import", "check", "explain"} <= set(ran)


def test_what_keeps_it_from_starting_is_logged_as_all_else(binary):
    """Warnings of the configuration heed log.level, and a wrong key file is an event."""
    config = cluster_config(SERVERS, level="error").replace('level = "error"', 'level = "error"\nformat = "json"')
    sipsteer = Sipsteer(config, binary)
    sipsteer.make_home()
    key = sipsteer.home / "cluster.key"
    key.write_text("no key\n")
    try:
        sipsteer.start(wait=False).wait_ended(10)
        line, = [json.loads(line) for line in sipsteer.log().splitlines()]
        assert (line["level"], line["event"]) == ("error", "start")
        assert line["message"] == f"key file {key}: not a key: 64 hex digits are expected"
    finally:
        sipsteer.stop(expect=1)

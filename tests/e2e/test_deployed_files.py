"""What deploy/ has for Prometheus, Grafana and fail2ban fits the proxy: promtool takes the rules, every metric that they
or the dashboard name is there, and the filter finds exactly the lines that are meant."""

import json
import re
import shutil
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

"""One run of the load generator against a target that runs."""

import json
import subprocess

from .certificate import certificate
from .target import BUILD

LOAD = BUILD / "bench/load/load"
CLOSED = ("calls", "one-way", "transfers")
DEFAULT_MODES = (*CLOSED, "rate-5000")


def is_mode(name):
    """"rate-5000" is an open loop of 5000 calls a second; any rate will do."""
    return name in CLOSED or (name.startswith("rate-") and name[5:].isdigit())


def plays(target, mode):
    return (mode if mode in CLOSED else "rate") in target.modes


class LoadFailed(RuntimeError):
    pass


def load_command(mode, middle, wire, more):
    kind = ["--mode", mode] if mode in CLOSED else ["--mode", "calls", "--rate", mode[5:]]
    return [str(LOAD), *kind, "--middle", middle, "--transport", wire, *more]


def run_load(mode, target, more):
    """The generator's JSON. Raises when something came through wrong, or nothing did."""
    command = load_command(mode, target.middle, target.wire, more)
    if target.wire == "tls":
        chain, key = certificate(target.home)
        command += ["--certificate", str(chain), "--private-key", str(key)]
    done = subprocess.run(command + ["--target", str(target.pid), "--json", "-"], capture_output=True, text=True,
                          timeout=120)
    if done.returncode != 0:
        detail = done.stdout
        try:
            result = json.loads(done.stdout)
            detail = f"faults {result['faults']}, {result['calls']}\n{result['first_fault']}"
        except ValueError:
            pass
        raise LoadFailed(f"{mode} through {target.name}: {' '.join(command)} ended with {done.returncode}\n{detail}"
                         f"{done.stderr}\n{target.output()}")
    return json.loads(done.stdout)

"""One run of the load generator against a target that runs."""

import json
import subprocess

from .target import BUILD

LOAD = BUILD / "bench/load/load"
MODES = {
    "calls": ["--mode", "calls"],
    "one-way": ["--mode", "one-way"],
    "transfers": ["--mode", "transfers"],
    "rate": ["--mode", "calls", "--rate", "5000"],
}


class LoadFailed(RuntimeError):
    pass


def load_command(mode, middle, more):
    return [str(LOAD), *MODES[mode], "--middle", middle, *more]


def run_load(mode, target, more):
    """The generator's JSON. Raises when something came through wrong, or nothing did."""
    command = load_command(mode, target.middle, more)
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

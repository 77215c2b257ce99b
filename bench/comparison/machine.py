"""What the figures were measured on."""

import os
import pathlib
import platform
import re
import subprocess


def machine():
    cpu = pathlib.Path("/proc/cpuinfo").read_text()
    model = re.search(r"^model name\s*:\s*(.*)$", cpu, re.MULTILINE)
    system = pathlib.Path("/etc/os-release").read_text()
    return {
        "cpu": f"{os.cpu_count()} x {model[1] if model else platform.machine()}",
        "virtual": "hypervisor" in cpu,
        "kernel": f"{platform.system()} {platform.release()}",
        "system": re.search(r'^PRETTY_NAME="(.*)"$', system, re.MULTILINE)[1],
    }


def commit(repository):
    done = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=repository, capture_output=True, text=True)
    return done.stdout.strip() or "unknown"

"""The harness around the proxy: what it must not overlook."""

import pytest

from .sipsteer import Sipsteer, cluster_config

REPORTS = ("==7==ERROR: AddressSanitizer: heap-use-after-free on address 0x1", "==7==ERROR: LeakSanitizer: detected memory leaks",
           "WARNING: ThreadSanitizer: data race (pid=7)", "../a.cpp:1:2: runtime error: signed integer overflow")


@pytest.mark.parametrize("report", [*REPORTS, ""])
def test_a_sanitizers_report_fails_the_test(tmp_path, report):
    """Also when the process itself ends well."""
    stand_in = tmp_path / "stand-in"
    stand_in.write_text(f"#!/bin/sh\ntrap 'exit 0' TERM\necho '{report}' >&2\necho up >&2\nwhile :; do sleep 0.02; done\n")
    stand_in.chmod(0o755)
    sipsteer = Sipsteer(cluster_config([("a", "sip:127.0.1.1")]), stand_in).start(wait=False)
    while "up" not in sipsteer.log():
        pass
    if report:
        with pytest.raises(AssertionError, match="a sanitizer has found something"):
            sipsteer.stop()
    else:
        sipsteer.stop()

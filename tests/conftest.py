"""What every test that drives processes shares: a network of its own, and the proxy."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from lab.namespace import NetworkNamespace   # noqa: E402
from lab.sipsteer import BINARY              # noqa: E402


@pytest.fixture(scope="session", autouse=True)
def namespace():
    """Moves the whole run into a network namespace of its own, so that any port is free and two runs do not meet.
    None where this user may not make one: tests of real servers are skipped then."""
    try:
        own = NetworkNamespace()
    except OSError:
        return None
    own.enter()
    return own


@pytest.fixture(scope="session")
def binary():
    """The proxy to test: $SIPSTEER, or build/sipsteer."""
    if not BINARY.exists():
        pytest.fail(f"{BINARY} is not built")
    return BINARY

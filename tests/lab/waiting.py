"""Waiting for something to come true, with an end."""

import time


def wait_for(condition, otherwise="it does not come true", seconds=5):
    """Until `condition()` holds; else fails, and says `otherwise`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.01)

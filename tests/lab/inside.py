"""The calling thread inside a network namespace for a while, so that a test's own sockets are made there."""

import contextlib
import ctypes
import os

CLONE_NEWNET = 0x40000000


@contextlib.contextmanager
def inside(namespace):
    """Enters a NetworkNamespace, and returns to where the thread was when the block ends."""
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        namespace.enter()
        yield namespace
    finally:
        if ctypes.CDLL(None, use_errno=True).setns(home, CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "cannot return to the first network namespace")
        os.close(home)

"""Many sockets in one test process."""

import contextlib
import resource

import pytest


@contextlib.contextmanager
def descriptors(count):
    """This process, and those that it starts, may have so many and some; the test is skipped where they may not."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count + 200:
        pytest.skip(f"this user may have {hard} descriptors only")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count + 200), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def source_of(number):
    """An address for each 60 connections: strangers may have 64 from one."""
    return f"127.9.{number // 60 // 250}.{number // 60 % 250 + 1}"

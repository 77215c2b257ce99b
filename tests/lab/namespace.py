"""A network namespace that goes away with the process: its own loopback, its own ports."""

import ctypes
import os
import subprocess
import threading

_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def _call(name, *arguments):
    if getattr(_libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


class NetworkNamespace:
    """Made by the constructor, with loopback up and a default route over it. It has no name in the system:
    it lasts as long as this object or a process inside it, so nothing is left behind by a killed run.

    Raises OSError (EPERM) when this process may not make one."""

    def __init__(self):
        self._file = None
        failure = []
        maker = threading.Thread(target=self._make, args=(failure,))
        maker.start()
        maker.join()
        if failure:
            raise failure[0]

    def _make(self, failure):
        # unshare() moves only the calling thread, and this thread ends here.
        try:
            _call("unshare", _CLONE_NEWNET)
            for arguments in (["link", "set", "lo", "up"], ["route", "add", "default", "dev", "lo"]):
                subprocess.run(["ip", *arguments], check=True, capture_output=True)
            self._file = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        except (OSError, subprocess.CalledProcessError) as error:
            failure.append(error)

    @property
    def prefix(self):
        """Words to put before a command line to run it inside."""
        return ["nsenter", f"--net={self.path}", "--"]

    @property
    def path(self):
        """A name for `ip link ... netns`."""
        return f"/proc/{os.getpid()}/fd/{self._file}"

    def run(self, function):
        """Calls the function in a thread inside, and returns what it returns: to make a socket there, for example."""
        results = []

        def inside():
            self.enter()
            results.append(function())
        thread = threading.Thread(target=inside)
        thread.start()
        thread.join()
        return results[0]

    def enter(self):
        """Moves the calling thread, and so its later sockets, threads and child processes, inside for good."""
        _call("setns", self._file, _CLONE_NEWNET)

    def close(self):
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

"""No process of the local cloud outlives the one that started it, however that one ends."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time

_SET_PARENT_DEATH_SIGNAL = 1
_SECONDS_BETWEEN_LOOKS = 0.2


def die_with(parent: int) -> None:
    """End this process when its parent ends. On Linux the kernel sees to it, also while this process is frozen."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
    else:
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()
    if os.getppid() != parent:
        raise SystemExit(f"process {parent}, which started this one, is gone")


def tied(command: list[str]) -> list[str]:
    """Return a command that ends with this process, for a program that knows nothing of it. On Linux only.

    The kernel goes by the thread that starts it, which must wait for it.
    """
    if sys.platform != "linux":
        return command
    return [sys.executable, "-I", __file__, str(os.getpid()), *command]


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_SECONDS_BETWEEN_LOOKS)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    die_with(int(sys.argv[1]))
    os.execvp(sys.argv[2], sys.argv[2:])  # what was asked of the kernel holds for the program, too

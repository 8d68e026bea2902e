"""How an emulator says that a stream has a new record, to whoever is in the same machine: a file grows by a byte.

To read a stream that has nothing new costs a millisecond of CPU in each of two processes, and the replication link
looks at all of them many times a second, whether anything happens or not. To look at a file's length costs nothing.
It is a hint and no truth: who goes by it reads from time to time all the same.
"""

from __future__ import annotations

import os
from pathlib import Path


class Bell:
    """`file` need not exist. Its length says nothing by itself, only that it has become another."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._open: int | None = None

    def ring(self) -> None:
        """To be called when the record can be read."""
        if self._open is None:
            self._open = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.write(self._open, b".")

    def rung(self) -> int:
        """Another number than before if it was rung meanwhile."""
        try:
            return self._file.stat().st_size
        except FileNotFoundError:
            return 0


def bell_beside(folder: Path) -> Path:
    """Where an emulator that may write into this folder has its bell. It outlives what is in the folder."""
    return folder.with_name(f"{folder.name}.bell")

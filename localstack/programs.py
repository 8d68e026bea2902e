"""Runs other programs for the local cloud: output to a log, one line when they fail, all of them ended on demand.

Each running program is noted in the cloud's folder, so that it is ended even if whoever started it was killed.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path

from localstack.layout import CHECKOUT
from localstack.lifeline import tied

_ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
# What tells most comes first: CloudFormation's first failed resource, else the last line that sounds like trouble.
_FAILED_RESOURCE = re.compile(r"\b(?:CREATE|UPDATE|DELETE)_FAILED\b[ |]*(.*)")
_TROUBLE = re.compile(r"error|fail|refus|denied|exception|not |cannot|invalid|wrong", re.IGNORECASE)
_SAYS_ONLY_THAT_IT_FAILED = re.compile(r"Subprocess exited with error|cdk diagnose")
_LONGEST_LINE = 300


class ProgramFailed(Exception):
    """The program ended with an error; the message has the line of its output that tells most."""

    def __init__(self, line: str, log: Path) -> None:
        super().__init__(line)
        self._log = log

    def __str__(self) -> str:
        # The log goes when a cloud that could not come up is cleared away.
        return super().__str__() + (f" (all of it: {self._log})" if self._log.exists() else "")


class Programs:
    """All programs that run now for the cloud in one folder. Threads may run several at once."""

    def __init__(self, folder: Path) -> None:
        self._notes = _notes(folder)
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._stopped = False

    def run(self, what: str, command: list[str], environment: Mapping[str, str], folder: Path, log: Path) -> None:
        """Run it to its end."""
        with log.open("wb") as output:
            with self._lock:
                if self._stopped:
                    raise ProgramFailed(f"{what}: not started, since everything is being stopped", log)
                process = subprocess.Popen(
                    tied(command),
                    env=dict(environment),
                    cwd=folder,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,  # Ctrl-C reaches us alone; we end the rest in order
                )
                self._running.add(process)
                note = self._notes / str(process.pid)
                note.parent.mkdir(exist_ok=True)
                note.touch()
            code = process.wait()
            with self._lock:
                self._running.discard(process)
                note.unlink(missing_ok=True)
        if code != 0:
            raise ProgramFailed(f"{what} failed: {_telling_line(log)}", log)

    def stop(self) -> None:
        """End all of them, and start no more."""
        with self._lock:
            self._stopped = True
            for process in self._running:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)


def end_noted_programs(folder: Path) -> None:
    """End what is noted as running, whoever started it."""
    with contextlib.suppress(OSError):
        for note in list(_notes(folder).iterdir()):
            if str(CHECKOUT) in command_line(int(note.name)):
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(int(note.name), signal.SIGKILL)


def command_line(pid: int) -> str:
    """How a living process was started; empty if there is none of that number."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").replace("\0", " ")
    if Path("/proc").is_dir():
        return ""
    listed = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return listed.stdout.strip()


def _notes(folder: Path) -> Path:
    return folder / "programs"


def _telling_line(log: Path) -> str:
    lines = [_ESCAPES.sub("", line).strip() for line in log.read_text(errors="replace").splitlines()]
    lines = [line for line in lines if line]
    for line in lines:
        if found := _FAILED_RESOURCE.search(line):
            return found[1][:_LONGEST_LINE]
    lines = [line for line in lines if not _SAYS_ONLY_THAT_IT_FAILED.search(line)]
    trouble = [index for index, line in enumerate(lines) if _TROUBLE.search(line)]
    if trouble:
        return " ".join(lines[trouble[-1] : trouble[-1] + 2])[:_LONGEST_LINE]
    return lines[-1][:_LONGEST_LINE] if lines else "it said nothing"

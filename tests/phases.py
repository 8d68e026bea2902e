"""`make test`: every check and every test, in phases side by side, told when they end, with what each took.

Local clouds mostly wait for processes of theirs, so they run beside what computes, and go first (`nice`), but one after
the other: where three come up at once on two cores, their functions take longer to start than they may take to answer.
The first phase that fails stops the others, which clear their clouds away. docs/performance.md has the figures.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
LOGS = CHECKOUT / "build" / "phases"
#: Have phases of their own, each with local clouds.
ON_CLOUDS = ("integration", "e2e", "drills")
DEMO = "tests/e2e/test_demo.py"
#: How far what computes stands back behind the local clouds.
NICENESS = 10
#: A phase that is told to stop takes its clouds down first.
ENDS_WITHIN_SECONDS = 60.0
LINES_OF_A_SUCCESS = 1


@dataclass(frozen=True)
class Phase:
    """One command. `computes`: it leaves the cores to the others where they want them. The others take turns."""

    name: str
    command: Sequence[str]
    computes: bool = True


@dataclass(frozen=True)
class Ended:
    """How a phase ended. `cpu` are the seconds of CPU of it and of all processes whose end it waited for."""

    phase: Phase
    code: int
    wall: float
    cpu: float


@dataclass
class Running:
    """A phase under way, in a session of its own: what signals it, and what it leaves behind, is ours alone."""

    phase: Phase
    process: subprocess.Popen[bytes]
    began: float = field(default_factory=time.monotonic)

    def wait(self) -> Ended:
        """Return when it has ended, and nothing that it started is left of its group."""
        _, status, usage = os.wait4(self.process.pid, 0)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        self.kill()
        wall = time.monotonic() - self.began
        return Ended(self.phase, self.process.returncode, wall, usage.ru_utime + usage.ru_stime)

    def interrupt(self) -> None:
        """Have it end as by Ctrl-C: pytest then clears away what its fixtures made."""
        if self.process.returncode is None:
            os.kill(self.process.pid, signal.SIGINT)

    def kill(self) -> None:
        """End whatever is left of it."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            return


def all_phases(tests: Path = CHECKOUT / "tests", workers: int = 2) -> list[Phase]:
    """Return them. Each folder of tests is in one of them, also one that is new."""
    python = sys.executable
    pytest = (python, "-m", "pytest")
    folders = sorted(each.name for each in tests.iterdir() if any(each.rglob("test_*.py")))
    quick = [f"tests/{name}" for name in folders if name not in ON_CLOUDS]
    on_one = [f"tests/{name}" for name in folders if name in ON_CLOUDS and name != "integration"]
    return [
        Phase("demo", (*pytest, DEMO), computes=False),
        Phase("e2e", (*pytest, *on_one, "--ignore", DEMO), computes=False),
        Phase("integration", (*pytest, "tests/integration"), computes=False),
        Phase("side by side", (*pytest, "-n", str(workers), "--dist", "loadfile", *quick)),
        *checks(),
    ]


def checks() -> list[Phase]:
    """Return what `make check` does."""
    python = sys.executable
    return [
        Phase("types", (python, "-m", "mypy")),
        Phase("imports", (str(Path(python).parent / "lint-imports"),)),
        Phase("lint", (python, "-m", "ruff", "check", ".")),
        Phase("format", (python, "-m", "ruff", "format", "--check", ".")),
    ]


def run(phases: Sequence[Phase], logs: Path = LOGS) -> list[Ended]:
    """Run them and return how they ended: what computes at once, what does not one after the other, beside it.

    After the first failure the others are stopped. Interrupted, it stops them all and raises KeyboardInterrupt.
    """
    # Started in the background of a shell, it would not hear Ctrl-C, and its phases would not hear of it from here.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    logs.mkdir(parents=True, exist_ok=True)
    endings: queue.SimpleQueue[Ended] = queue.SimpleQueue()
    running: list[Running] = []

    def start(phase: Phase) -> None:
        one = _start(phase, logs)
        running.append(one)
        threading.Thread(target=lambda: endings.put(one.wait()), daemon=True).start()

    in_turn = deque(phase for phase in phases if not phase.computes)
    ended: list[Ended] = []
    try:
        if in_turn:
            start(in_turn.popleft())
        for phase in phases:
            if phase.computes:
                start(phase)
        while len(ended) < len(phases):
            one = endings.get()
            ended.append(one)
            _tell(one, logs)
            if one.code != 0:
                break
            if in_turn and not one.phase.computes:
                start(in_turn.popleft())
    finally:
        _stop(running, endings, len(running) - len(ended))
    return ended


def _start(phase: Phase, logs: Path) -> Running:
    backwards = ("nice", "-n", str(NICENESS)) if phase.computes else ()
    with _log(phase, logs).open("wb") as log:
        process = subprocess.Popen(
            [*backwards, *phase.command],
            cwd=CHECKOUT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    if phase.computes:
        # Where the kernel shares the cores among sessions first, `nice` counts within one session only.
        with contextlib.suppress(OSError):
            Path(f"/proc/{process.pid}/autogroup").write_text(str(NICENESS))
    return Running(phase, process)


def _stop(running: Sequence[Running], endings: queue.SimpleQueue[Ended], left: int) -> None:
    if not left:
        return
    for each in running:
        each.interrupt()
    deadline = time.monotonic() + ENDS_WITHIN_SECONDS
    try:
        for _ in range(left):
            endings.get(timeout=max(0.0, deadline - time.monotonic()))
    except queue.Empty:
        for each in running:
            each.kill()


def _log(phase: Phase, logs: Path) -> Path:
    return logs / f"{phase.name.replace(' ', '-')}.log"


def _tell(ended: Ended, logs: Path) -> None:
    """All that a phase said where it failed; its last line where it went well."""
    said = _log(ended.phase, logs).read_text(errors="replace").rstrip().splitlines()
    verdict = "ok" if ended.code == 0 else f"FAILED ({ended.code})"
    print(f"== {ended.phase.name}: {verdict}, {ended.wall:.0f} s, {ended.cpu:.0f} s of CPU", flush=True)
    for line in said if ended.code else said[-LINES_OF_A_SUCCESS:]:
        print(f"   {line}", flush=True)


def summary(ended: Sequence[Ended], wall: float) -> str:
    """Return what all of it took, in one line."""
    spent: Mapping[str, float] = {each.phase.name: each.cpu for each in ended}
    return f"{len(ended)} phases, {wall:.0f} s, {sum(spent.values()):.0f} s of CPU"


def main(arguments: Sequence[str]) -> int:
    """`check`: the checks alone. Return 1 if anything failed, 130 if interrupted."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    began = time.monotonic()
    chosen = checks() if arguments == ["check"] else all_phases(workers=int(os.environ.get("WORKERS", "2")))
    print(f"== {', '.join(phase.name for phase in chosen)}: side by side, output in {LOGS.relative_to(CHECKOUT)}/")
    sys.stdout.flush()
    try:
        ended = run(chosen)
    except KeyboardInterrupt:
        print("== interrupted, everything stopped", flush=True)
        return 130
    failed = [each.phase.name for each in ended if each.code != 0]
    stopped = len(chosen) - len(ended)
    print(f"== {summary(ended, time.monotonic() - began)}", flush=True)
    if failed:
        print(f"== FAILED: {', '.join(failed)}" + (f"; {stopped} others stopped" if stopped else ""), flush=True)
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""`make test`: every check and every test, in phases side by side, told when they end, with what each took.

Local clouds mostly wait for processes of theirs, so they run beside what computes, and go first (`nice`): that of the
demo, which the drills go on with and which takes longest, before that of the end-to-end tests. Theirs comes up when the
types have been checked: where two come up at once on two cores, functions take longer to start than they may take to
answer. Of the phases that only compute two are under way at once: five of them took a fifth more CPU each. A phase that
fails lets the others finish; what failed in any of them is told at the end, in short. The figures are in
docs/performance.md.
"""

from __future__ import annotations

import contextlib
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
LOGS = CHECKOUT / "build" / "phases"
#: Have phases of their own, each with local clouds.
ON_CLOUDS = ("integration", "e2e", "drills")
#: Need as much CPU as all others together. One process for each: what collects tests imports all that they import, the
#: CDK, cfn-lint and moto among it, so two processes that share all folders do that twice.
BY_THEMSELVES = ("unit", "stacks")
DEMO = "tests/e2e/test_demo.py"
#: On a bare machine mypy needs three times as long with the CDK's types as without them.
APART_FROM_CDK = "tests.types_apart_from_cdk"
#: How far what computes stands back behind the local clouds, and all others behind that of the demo and the drills.
NICENESS = 10
NICENESS_OF_OTHERS = 4
#: A phase that is told to stop takes its clouds down first.
ENDS_WITHIN_SECONDS = 60.0
LINES_OF_A_SUCCESS = 1
#: How often those under way are told of.
TOLD_EVERY_SECONDS = 30.0
#: A phase that takes longer hangs: it is told to stop, and has failed.
LIMIT_SECONDS = 2700.0
#: The end of a log in which progress is looked for.
TAIL_BYTES = 8192
MOST_LINES = 40


@dataclass(frozen=True)
class Phase:
    """One command. Phases of one `turn` go one after the other; those without begin at once. See `nice`: niceness."""

    name: str
    command: Sequence[str]
    turn: str | None = None
    niceness: int = NICENESS


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
    others = [f"tests/{name}" for name in folders if name not in (*ON_CLOUDS, *BY_THEMSELVES, "simulation")]
    types, *short_checks = checks(types=APART_FROM_CDK)
    simulation = (*pytest, "-n", str(workers), "--dist", "loadfile", "tests/simulation")
    unit, stacks = (Phase(name, (*pytest, f"tests/{name}")) for name in BY_THEMSELVES)
    return [
        Phase("demo and drills", (*pytest, DEMO, "tests/drills"), niceness=0),
        replace(types, turn="second", niceness=NICENESS_OF_OTHERS),
        Phase("e2e", (*pytest, "tests/e2e", "--ignore", DEMO), turn="second", niceness=NICENESS_OF_OTHERS),
        Phase("integration", (*pytest, "tests/integration"), niceness=NICENESS_OF_OTHERS),
        replace(unit, turn="computes"),
        Phase("others", (*pytest, *others), turn="computes"),
        replace(stacks, turn="computes beside it"),
        Phase("simulation", simulation, turn="computes beside it"),
        *(replace(each, turn="checks") for each in short_checks),
    ]


def checks(types: str = "mypy") -> list[Phase]:
    """Return what `make check` does, with the types checked by the module `types`."""
    python = sys.executable
    return [
        Phase("types", (python, "-m", types)),
        Phase("imports", (str(Path(python).parent / "lint-imports"),)),
        Phase("lint", (python, "-m", "ruff", "check", ".")),
        Phase("format", (python, "-m", "ruff", "format", "--check", ".")),
    ]


def run(phases: Sequence[Phase], logs: Path = LOGS) -> list[Ended]:
    """Run them and return how they ended: all at once, but those of one turn one after the other.

    What fails lets the others finish. Interrupted, it stops them all and raises KeyboardInterrupt.
    """
    # Started in the background of a shell, it would not hear Ctrl-C, and its phases would not hear of it from here.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    logs.mkdir(parents=True, exist_ok=True)
    endings: queue.SimpleQueue[Ended] = queue.SimpleQueue()
    running: list[Running] = []
    turns: dict[str, deque[Phase]] = {}
    for phase in phases:
        turns.setdefault(phase.turn or f"{phase.name}, which waits for nobody", deque()).append(phase)

    def start(phase: Phase) -> None:
        one = _start(phase, logs)
        running.append(one)
        threading.Thread(target=lambda: endings.put(one.wait()), daemon=True).start()

    ended: list[Ended] = []
    try:
        for turn in turns.values():
            start(turn.popleft())
        while len(ended) < len(phases):
            one = _next(endings, running, logs)
            ended.append(one)
            _tell(one, logs)
            if one.phase.turn is not None and turns[one.phase.turn]:
                start(turns[one.phase.turn].popleft())
    finally:
        _stop(running, endings, len(running) - len(ended))
    return ended


def _next(endings: queue.SimpleQueue[Ended], running: Sequence[Running], logs: Path) -> Ended:
    """Wait for one to end. Meanwhile say from time to time how far the others are, and stop what hangs."""
    while True:
        try:
            return endings.get(timeout=TOLD_EVERY_SECONDS)
        except queue.Empty:
            under_way = [each for each in running if each.process.returncode is None]
            now = time.monotonic()
            told = ", ".join(f"{each.phase.name} {now - each.began:.0f} s{_progress(each, logs)}" for each in under_way)
            print(f"   {told}", flush=True)
            for each in under_way:
                if now - each.began > LIMIT_SECONDS:
                    print(f"== {each.phase.name}: not over after {LIMIT_SECONDS:.0f} s, told to stop", flush=True)
                    each.interrupt()


def _progress(running: Running, logs: Path) -> str:
    """Return how far pytest says that it is."""
    with _log(running.phase, logs).open("rb") as log:
        log.seek(max(0, log.seek(0, os.SEEK_END) - TAIL_BYTES))
        found = re.findall(rb"\[ *(\d+)%\]", log.read())
    return f" ({int(found[-1])} %)" if found else ""


def _start(phase: Phase, logs: Path) -> Running:
    backwards = ("nice", "-n", str(phase.niceness)) if phase.niceness else ()
    with _log(phase, logs).open("wb") as log:
        process = subprocess.Popen(
            [*backwards, *phase.command],
            cwd=CHECKOUT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    if phase.niceness:
        # Where the kernel shares the cores among sessions first, `nice` counts within one session only.
        with contextlib.suppress(OSError):
            Path(f"/proc/{process.pid}/autogroup").write_text(str(phase.niceness))
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


def failures(ended: Sequence[Ended], logs: Path = LOGS) -> Iterator[str]:
    """Yield the name of each test that failed, or the last line of a phase that has no tests."""
    for each in ended:
        if each.code != 0:
            said = _log(each.phase, logs).read_text(errors="replace").rstrip().splitlines()
            named = [line for line in said if line.startswith(("FAILED ", "ERROR "))] or said[-1:]
            for line in named[:MOST_LINES]:
                yield f"{each.phase.name}: {line}"
            if len(named) > MOST_LINES:
                yield f"{each.phase.name}: and {len(named) - MOST_LINES} more"


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
    print(f"== {summary(ended, time.monotonic() - began)}", flush=True)
    if failed:
        print(f"== FAILED: {', '.join(failed)}", *(f"   {line}" for line in failures(ended)), sep="\n", flush=True)
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The one process that owns all others of a local cloud: it starts them, watches them and takes them down with it.

`python -m localstack.supervisor --folder DIR --lifeline FD` reads `layout.json` in that folder and takes orders over
`supervisor.sock`. Whoever started it holds the other end of the lifeline, a pipe: if that closes before the cloud was
declared ready (Ctrl-C, a crash, kill -9), the supervisor ends everything. Later it goes on alone.

A servant (link, DNS, model server) that ends is started again, and its end is kept for the status. An emulator that
ends is a lost Region: nobody starts it again but by order.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from localstack import control
from localstack.layout import Layout
from localstack.parts import LINK, Kind, Part, parts_of
from localstack.programs import end_noted_programs

NAME = "supervisor"
_READY_SECONDS = 60.0
_READY_POLL_SECONDS = 0.05
_RESTART_SECONDS = 0.3
_CRASHES_ALLOWED = 5
_CRASH_WINDOW_SECONDS = 30.0
_LOG_LINES_SHOWN = 3


@dataclass
class Running:
    """One part and what became of its process."""

    part: Part
    state: str = "starting"
    process: asyncio.subprocess.Process | None = None
    ended: bool = False
    """Its end was ordered."""
    crashes: list[dict[str, Any]] = field(default_factory=list)
    crashed_at: list[float] = field(default_factory=list)
    watcher: asyncio.Task[None] | None = None


class Supervisor:
    def __init__(self, layout: Layout, model_url: str | None) -> None:
        self._layout = layout
        self.folder = layout.folder
        self._parts = {part.name: Running(part) for part in parts_of(layout, model_url)}
        self.finished = asyncio.Event()
        self.declared_ready = False

    # -- orders

    async def carry_out(self, order: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        match order:
            case "status":
                return self.status()
            case "ready":
                self.declared_ready = True
                return {}
            case "await":
                await self._wait_until_ready([self._parts[name] for name in parameters.get("parts") or self._parts])
                return self.status()
            case "kill":
                return await self._kill_region(self._region(parameters))
            case "freeze":
                return await self._freeze_region(self._region(parameters))
            case "start":
                return await self._start_region(self._region(parameters))
            case "shutdown":
                self.finished.set()
                return {}
            case _:
                raise control.OrderRefused(f"the supervisor knows no order {order!r}")

    def status(self) -> dict[str, Any]:
        return {
            "pid": os.getpid(),
            "ready": self.declared_ready,
            "parts": {
                name: {
                    "kind": running.part.kind,
                    "state": running.state,
                    "pid": running.process.pid if running.process and running.process.returncode is None else None,
                    "crashes": running.crashes,
                }
                for name, running in self._parts.items()
            },
        }

    async def _kill_region(self, running: Running) -> Mapping[str, Any]:
        """The whole Region at once, functions included: what it had not sent to its peer is lost."""
        running.ended = True
        _signal(running, signal.SIGKILL)
        if running.process is not None:
            await running.process.wait()
        running.state = "lost"
        return {"state": running.state, "unsent_changes_lost": (await self._tell_link("lose", running))["lost"]}

    async def _freeze_region(self, running: Running) -> Mapping[str, Any]:
        if running.state != "running":
            raise control.OrderRefused(f"{running.part.name} is {running.state}, so it cannot be frozen")
        _signal(running, signal.SIGSTOP)
        running.state = "frozen"
        await self._tell_link("freeze", running)
        return {"state": running.state}

    async def _start_region(self, running: Running) -> Mapping[str, Any]:
        """Let a frozen Region go on, or start a lost one anew, empty."""
        if running.state == "running":
            return {"state": running.state, "was": "running"}
        was = running.state
        if was == "frozen":
            _signal(running, signal.SIGCONT)
            running.state = "running"
            await self._tell_link("thaw", running)
        else:
            await self._launch(running)
            await self._wait_until_ready([running])
        return {"state": running.state, "was": was}

    def _region(self, parameters: Mapping[str, Any]) -> Running:
        names = [place.name for place in self._layout.regions]
        if parameters.get("region") not in names:
            raise control.OrderRefused(
                f"no Region is called {parameters.get('region')!r}; there are {', '.join(names)}"
            )
        return self._parts[parameters["region"]]

    async def _tell_link(self, order: str, running: Running) -> dict[str, Any]:
        path = control.socket_path(self._layout.folder, LINK)
        try:
            return await control.ask_async(path, order, region=running.part.name)
        except (control.PartUnreachable, control.OrderRefused):
            return {"lost": None}  # it is being started again and finds out by itself

    # -- processes

    async def launch_all(self) -> None:
        first, *others = self._parts.values()
        await self._launch(first)
        with contextlib.suppress(control.OrderRefused):  # whoever awaits it is told why
            await self._wait_until_ready([first])
        for running in others:
            await self._launch(running)

    async def end_all(self) -> None:
        for running in self._parts.values():
            running.ended = True
            _signal(running, signal.SIGKILL)
            if running.part.socket is not None:
                running.part.socket.unlink(missing_ok=True)
        await asyncio.gather(*(running.watcher for running in self._parts.values() if running.watcher))

    async def _launch(self, running: Running) -> None:
        command, environment = running.part.command()
        running.state, running.ended = "starting", False
        with self._log(running).open("ab") as log:
            running.process = await asyncio.create_subprocess_exec(
                *command,
                env=environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        running.watcher = asyncio.create_task(self._watch(running, running.process))
        self._note_processes()

    async def _watch(self, running: Running, process: asyncio.subprocess.Process) -> None:
        code = await process.wait()
        # What the process itself had started is in its group; nothing of it may stay.
        _signal_group(process.pid, signal.SIGKILL)
        if running.ended:
            return
        now = time.monotonic()
        moment = datetime.now(UTC).isoformat(timespec="milliseconds")
        running.crashes.append({"at": moment, "exit": code, "log": _tail(self._log(running))})
        running.crashed_at.append(now)
        if running.part.kind is Kind.EMULATOR:
            running.state = "lost"
            await self._tell_link("lose", running)
            return
        if sum(now - then < _CRASH_WINDOW_SECONDS for then in running.crashed_at) > _CRASHES_ALLOWED:
            running.state = "failed"
            return
        running.state = "starting"
        await asyncio.sleep(_RESTART_SECONDS)
        if not running.ended:
            await self._launch(running)
            with contextlib.suppress(control.OrderRefused):
                await self._wait_until_ready([running])

    async def _wait_until_ready(self, parts: Sequence[Running]) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        for running in parts:
            while not await asyncio.to_thread(running.part.is_ready):
                if running.state in ("lost", "failed") or time.monotonic() > deadline:
                    raise control.OrderRefused(f"{running.part.name} does not come up: {_tail(self._log(running))}")
                await asyncio.sleep(_READY_POLL_SECONDS)
            if running.state == "starting":
                running.state = "running"

    def _log(self, running: Running) -> Path:
        return self._layout.folder / "logs" / f"{running.part.name}.log"

    def _note_processes(self) -> None:
        """For whoever has to clean up after a supervisor that was killed."""
        pids = [running.process.pid for running in self._parts.values() if running.process is not None]
        (self._layout.folder / "processes.json").write_text(json.dumps({NAME: os.getpid(), "groups": pids}))


def _signal(running: Running, number: signal.Signals) -> None:
    if running.process is not None and running.process.returncode is None:
        _signal_group(running.process.pid, number)


def _signal_group(leader: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, number)


def _tail(log: Path) -> str:
    with contextlib.suppress(OSError):
        lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
        return " / ".join(lines[-_LOG_LINES_SHOWN:]) or f"{log} is empty"
    return f"{log} cannot be read"


async def run(layout: Layout, model_url: str | None, lifeline: int | None) -> None:
    supervisor = Supervisor(layout, model_url)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, supervisor.finished.set)
    if lifeline is not None:
        loop.add_reader(lifeline, _on_lifeline_closed, loop, lifeline, supervisor)
    try:
        async with control.serving(control.socket_path(layout.folder, NAME), supervisor.carry_out):
            await supervisor.launch_all()
            await supervisor.finished.wait()
            await asyncio.sleep(0.05)  # the answer to the order that ended this is on its way
    finally:
        await supervisor.end_all()


def _on_lifeline_closed(loop: asyncio.AbstractEventLoop, lifeline: int, supervisor: Supervisor) -> None:
    loop.remove_reader(lifeline)
    if not supervisor.declared_ready:
        end_noted_programs(supervisor.folder)  # of the command that was killed
        supervisor.finished.set()


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m localstack.supervisor", description="Run one local cloud.")
    parser.add_argument("--folder", required=True, type=Path)
    parser.add_argument("--model-url")
    parser.add_argument("--lifeline", type=int, help="the read end of a pipe that its starter holds")
    options = parser.parse_args(arguments)
    layout = Layout.from_json((options.folder / "layout.json").read_text())
    asyncio.run(run(layout, options.model_url, options.lifeline))


if __name__ == "__main__":
    main()

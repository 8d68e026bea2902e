"""Progress on the terminal: each step's name, and how long it takes or took. Goes to stderr, so output stays clean."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn
from rich.text import Text


class _Seconds(TextColumn):
    """A step's seconds, still while it is done."""

    def __init__(self) -> None:
        super().__init__("")

    def render(self, task: object) -> Text:
        elapsed = getattr(task, "finished_time", None) or getattr(task, "elapsed", None) or 0.0
        return Text(f"{elapsed:6.1f} s", style="cyan")


class ShownSteps:
    """Call it with a step's name for a context in which the step is shown. Steps may overlap, also across threads."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True)
        self._progress: Progress | None = None
        self._open = 0
        self._lock = threading.Lock()

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        began = time.monotonic()
        task = self._begin(name)
        try:
            yield
        except BaseException:
            self._end(name, task, began, "[red]failed[/red]")
            raise
        self._end(name, task, began, "[green]done[/green]")

    def _begin(self, name: str) -> TaskID | None:
        if not self._console.is_terminal:
            return None
        with self._lock:
            if self._progress is None:
                columns = (SpinnerColumn(finished_text=" "), _Seconds(), TextColumn("{task.description}"))
                self._progress = Progress(*columns, console=self._console)
                self._progress.start()
            self._open += 1
            return self._progress.add_task(name, total=1)

    def _end(self, name: str, task: TaskID | None, began: float, outcome: str) -> None:
        if self._progress is None or task is None:
            self._console.print(f"{time.monotonic() - began:6.1f} s  {name}: {outcome}", highlight=False)
            return
        with self._lock:
            self._progress.update(task, completed=1, description=f"{name}: {outcome}")
            self._open -= 1
            if not self._open:
                self._progress.stop()
                self._progress = None

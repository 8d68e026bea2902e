"""What the terminal shows while a drill runs: a picture that moves, or, elsewhere, a line for each thing."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from localstack.drills.evidence import Sample
from localstack.drills.story import Drill

LINES = 8
BAR = 40


@dataclass(slots=True)
class LiveView:
    """One drill's view."""

    drill: Drill
    console: Console
    lines: list[tuple[float, str]] = field(default_factory=list)
    sample: Sample | None = None

    def tell(self, at: float, line: str) -> None:
        """Something happened."""
        self.lines.append((at, line))
        if not self.console.is_terminal:
            self.console.print(f"{at:6.1f} s  {line}", highlight=False, soft_wrap=True)

    def look(self, sample: Sample) -> None:
        """Both Regions were looked at."""
        self.sample = sample

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        return None

    def __rich__(self) -> RenderableType:
        told = Text("\n").join(Text(f"{at:6.1f} s  {line}") for at, line in self.lines[-LINES:])
        return Group(self._now(), told) if self.sample else told

    def _now(self) -> RenderableType:
        """How things stand."""
        sample = self.sample
        assert sample is not None
        full = round(BAR * sample.finished / max(self.drill.given.jobs, 1))
        begun = round(BAR * sample.acknowledged / max(self.drill.given.jobs, 1))
        work = Text.assemble(("━" * full, "green"), ("━" * (begun - full), "yellow"), ("━" * (BAR - begun), "dim"))
        table = Table.grid(padding=(0, 2))
        table.add_row(f"{sample.at:6.1f} s", work, f"{sample.finished} of {sample.acknowledged} acknowledged finished")
        for region, answers in sample.answers.items():
            well = Text("answers", "green") if answers else Text("silent", "bold red")
            lost = "holds its peer for lost" if sample.peer_lost.get(region) else ""
            named = "the name leads here" if sample.answering == region else ""
            said = "  ".join(
                word for word in (named, lost, f"{sample.behind.get(region, 0)} changes on their way") if word
            )
            table.add_row(region, well, said)
        return table

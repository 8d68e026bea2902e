"""What `make bench` prints: each number with its spread, its budget and the verdict."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Line:
    """One number. Without a budget it is told, not judged."""

    what: str
    number: float
    unit: str = ""
    spread: str = ""
    budget: float | None = None
    digits: int = 2

    @property
    def broken(self) -> bool:
        """Whether the number is over its budget."""
        return self.budget is not None and self.number > self.budget

    @property
    def verdict(self) -> str:
        """What there is to say of the budget."""
        if self.budget is None:
            return ""
        return "OVER" if self.broken else "within"

    def shown(self) -> tuple[str, ...]:
        """Return the cells of its row."""
        budget = "" if self.budget is None else f"{self.budget:,g}"
        return self.what, f"{self.number:,.{self.digits}f}", self.unit, self.spread, budget, self.verdict


def line_of(what: str, values: Sequence[float], unit: str = "", budget: float | None = None, digits: int = 2) -> Line:
    """Return the median of several rounds, with the least and the most of them as the spread."""
    spread = f"{min(values):,.{digits}f} to {max(values):,.{digits}f}, {len(values)} rounds"
    return Line(what, statistics.median(values), unit, spread, budget, digits)


def show(console: Console, title: str, lines: Sequence[Line], note: str = "") -> None:
    """Print a table."""
    table = Table(title=title, title_justify="left", caption=note or None, caption_justify="left")
    for name, side in (("what", "left"), ("median", "right"), ("unit", "left"), ("spread", "left")):
        table.add_column(name, justify="right" if side == "right" else "left")
    table.add_column("budget", justify="right")
    table.add_column("verdict")
    for line in lines:
        style = "bold red" if line.broken else "green" if line.verdict else None
        table.add_row(*line.shown(), style=style)
    console.print(table)


def over(lines: Sequence[Line]) -> list[str]:
    """Return what to say of the lines that are over their budgets."""
    return [
        f"{line.what}: {line.number:,.{line.digits}f} {line.unit}, the budget is {line.budget:g}"
        for line in lines
        if line.broken
    ]

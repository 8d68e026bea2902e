"""Where the reports of drills are kept, newest first, and how two of the same drill are compared."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localstack.drills.evidence import Evidence
from localstack.drills.report import as_json, render
from localstack.drills.verdicts import Outcome
from localstack.layout import CHECKOUT

FOLDER = CHECKOUT / "reports" / "drills"


class NoSuchReport(Exception):
    """No stored report has this name, or it cannot be read. One line."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One report. `name` is unique: the drill, and when it began."""

    name: str
    data: Mapping[str, Any]
    page: Path

    @property
    def drill(self) -> str:
        """The drill that was played."""
        return str(self.data["evidence"]["setting"]["drill"])

    @property
    def begun(self) -> str:
        """When it began."""
        return str(self.data["evidence"]["setting"]["begun"])


@dataclass(frozen=True, slots=True)
class Difference:
    """A number in two reports of one drill."""

    name: str
    before: float | None
    now: float | None


@dataclass(frozen=True, slots=True)
class Archive:
    """The reports in a folder."""

    folder: Path = FOLDER

    def store(self, evidence: Evidence, outcome: Outcome, guards: str) -> Stored:
        """Write a report down."""
        self.folder.mkdir(parents=True, exist_ok=True)
        moment = evidence.setting.begun.removesuffix(" UTC").replace(" ", "T").replace(":", "").replace("-", "")
        name = f"{evidence.setting.drill}-{moment}"
        data = as_json(evidence, outcome, guards)
        page = self.folder / f"{name}.html"
        page.write_text(render(evidence, outcome, guards), "utf-8")
        (self.folder / f"{name}.json").write_text(json.dumps(data, indent=1), "utf-8")
        return Stored(name, json.loads(json.dumps(data)), page)

    def all(self) -> list[Stored]:
        """Every report, the newest first."""
        found = [self.read(path.stem) for path in self.folder.glob("*.json")]
        return sorted(found, key=lambda report: (report.begun, report.name), reverse=True)

    def read(self, name: str) -> Stored:
        """One report by its name. Raises NoSuchReport."""
        path = self.folder / f"{name}.json"
        try:
            return Stored(name, json.loads(path.read_text("utf-8")), path.with_suffix(".html"))
        except (OSError, ValueError) as error:
            raise NoSuchReport(f"no report of a drill is named {name!r} (`antipode drill list`): {error}") from None

    def found(self, name: str) -> Stored:
        """The report of this name, or the newest one of the drill of this name. Raises NoSuchReport."""
        if (self.folder / f"{name}.json").is_file():
            return self.read(name)
        newest = next((report for report in self.all() if report.drill == name), None)
        if newest is None:
            raise NoSuchReport(f"neither a report nor a drill with a report is named {name!r} (`antipode drill list`)")
        return newest

    def before(self, report: Stored) -> Stored:
        """The report of the same drill before this one. Raises NoSuchReport."""
        older = (each for each in self.all() if each.drill == report.drill and each.begun < report.begun)
        found = next(older, None)
        if found is None:
            raise NoSuchReport(f"{report.name} is the only report of {report.drill}: there is nothing to compare with")
        return found


def differences(before: Stored, now: Stored) -> list[Difference]:
    """Each time and count of two reports, side by side."""
    rows = [Difference(name, _number(before, "times", name), now.data["times"][name]) for name in now.data["times"]]
    for lane, columns in now.data["lanes"].items():
        known = before.data["lanes"].get(lane, {})
        rows += [Difference(f"{lane}: {name}", known.get(name), value) for name, value in columns.items()]
    return [*rows, *(_counted(before, now, name) for name in ("acknowledged", "in_flight", "two_writers"))]


def _number(report: Stored, table: str, name: str) -> float | None:
    found = report.data[table].get(name)
    return None if found is None else float(found)


def _counted(before: Stored, now: Stored, name: str) -> Difference:
    first, second = (report.data["evidence"][name] for report in (before, now))
    words = name.replace("_", " ")
    return Difference(words, None if first is None else len(first), None if second is None else len(second))

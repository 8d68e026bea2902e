"""The picture for the terminal shows each audit with its reviews and with what people have answered."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from localstack.demo.live_view import drawn
from localstack.demo.picture import AuditPicture, Cell, Picture, RegionPicture, Told

FIRST, SECOND = "us-east-1", "us-west-2"


def picture(*audits: AuditPicture) -> Picture:
    return Picture(
        at=65.0,
        act="us-east-1 is lost",
        failover_name="api.antipode.test",
        answering=SECOND,
        regions=(
            RegionPicture(name=FIRST, condition="lost", lanes={}),
            RegionPicture(name=SECOND, condition="up", lanes={}),
        ),
        cells=(Cell("done", FIRST), Cell("unsent")),
        audits=audits,
        told=(Told(64.0, "it was killed"),),
    )


def audit(**changes: object) -> AuditPicture:
    reviews = (Cell("done", FIRST), Cell("done", SECOND, adopted=True), Cell("failed", SECOND), Cell("unsent"))
    values = {
        "name": "runtime",
        "cell": Cell("stranded", FIRST),
        "status": "waiting",
        "reviews": reviews,
        "asked": 0,
        "decided": 0,
    }
    return AuditPicture(**(values | changes))  # type: ignore[arg-type]


def shown(*audits: AuditPicture) -> str:
    console = Console(width=100, record=True, file=StringIO(), force_terminal=True)
    console.print(drawn(picture(*audits)))
    return console.export_text()


def line_of(text: str) -> str:
    return next(line for line in text.splitlines() if "release audit" in line)


def test_an_audit_is_a_mark_for_itself_and_one_for_each_of_its_reviews() -> None:
    assert "✖ release audit: runtime  ■ ◆ ! ·  waiting" in line_of(shown(audit()))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"asked": 2, "decided": 1}, "asks people: 2 open, 1 decided"),
        ({"decided": 1, "verdict": "rejected"}, "rejected by people"),
        ({"status": "", "cell": Cell("unsent")}, "-"),
    ],
)
def test_what_people_have_answered_is_told(changes: dict[str, object], words: str) -> None:
    assert words in line_of(shown(audit(**changes)))


def test_the_whole_picture_fits_a_terminal_of_36_lines() -> None:
    text = shown(audit(), audit(name="toolchain"))
    assert len(text.splitlines()) <= 36
    assert "it was killed" in text

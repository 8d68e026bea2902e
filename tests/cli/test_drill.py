"""`antipode drill`: what is there, what was kept, how two reports compare, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from localstack.drills.archive import Archive, Stored
from localstack.drills.stories import DRILLS, REGION_KILLED
from localstack.drills.verdicts import outcome_of
from tests.cli.conftest import Antipode, one_line
from tests.localstack.drills import made


def kept(folder: Path, minute: int, well_at: float) -> Stored:
    evidence = made.evidence()
    evidence.setting = replace(evidence.setting, begun=f"2026-01-02 03:{minute:02d}:00 UTC")
    evidence.well_at = well_at
    return Archive(folder).store(evidence, outcome_of(REGION_KILLED, evidence), REGION_KILLED.guards)


def test_drills_and_their_last_verdicts_are_listed(antipode: Antipode, tmp_path: Path) -> None:
    report = kept(tmp_path, 5, 110.0)
    said = antipode("drill", "list", "--reports", str(tmp_path))
    assert said.exit_code == 0
    assert report.name in said.stdout
    assert "held" in said.stdout
    listed = json.loads(antipode("drill", "list", "--reports", str(tmp_path), "--json").stdout)
    assert {row["name"] for row in listed["drills"]} == DRILLS.keys()
    assert listed["reports"] == [{"name": report.name, "drill": "region-killed", "verdict": "held"}]


def test_a_report_is_shown_by_its_name_or_by_its_drills(antipode: Antipode, tmp_path: Path) -> None:
    report = kept(tmp_path, 5, 110.0)
    for name in (report.name, "region-killed"):
        said = antipode("drill", "show", name, "--reports", str(tmp_path))
        assert "region-killed: held" in said.stdout
        assert "no acknowledged job is lost" in said.stdout
    shown = json.loads(antipode("drill", "show", "region-killed", "--reports", str(tmp_path), "--json").stdout)
    assert shown == report.data


def test_a_report_is_compared_with_the_one_before(antipode: Antipode, tmp_path: Path) -> None:
    before, now = kept(tmp_path, 5, 110.0), kept(tmp_path, 6, 210.0)
    said = antipode("drill", "compare", "region-killed", "--reports", str(tmp_path), "--json")
    found = json.loads(said.stdout)
    assert (found["before"], found["now"]) == (before.name, now.name)
    changed = [row for row in found["differences"] if row["before"] != row["now"]]
    assert changed == [{"name": "failback", "before": 10.0, "now": 110.0}]
    assert "broken" in antipode("drill", "compare", now.name, before.name, "--reports", str(tmp_path)).stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("region-killed", "--target", "aws"), "--target aws needs --env, dev or prod"),
        (("all", "--target", "aws"), "--target aws needs --env, dev or prod"),
        (("all", "model-lying", "--target", "aws"), "no drill is named model-lying; there are region-killed, "),
        (("lanes-closed",), "lanes-closed can be played on AWS alone"),
        (("show", "nothing"), "neither a report nor a drill"),
        (("can-fail", "nothing"), "no rule or drill is named nothing"),
    ],
)
def test_what_does_not_exist_is_refused_in_a_line(
    antipode: Antipode, tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    assert words in one_line(antipode("drill", *arguments, "--reports", str(tmp_path)), code=2)


def test_there_is_nothing_to_compare_the_first_report_with(antipode: Antipode, tmp_path: Path) -> None:
    kept(tmp_path, 5, 110.0)
    said = one_line(antipode("drill", "compare", "region-killed", "--reports", str(tmp_path)), code=2)
    assert "nothing to compare with" in said

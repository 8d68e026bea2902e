"""Reports of drills are drawn, kept, listed and compared."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from localstack.drills.archive import Archive, NoSuchReport, Stored, differences
from localstack.drills.evidence import Evidence
from localstack.drills.report import render
from localstack.drills.stories import REGION_KILLED
from localstack.drills.verdicts import outcome_of
from tests.localstack.drills import made


def stored(archive: Archive, evidence: Evidence) -> Stored:
    return archive.store(evidence, outcome_of(REGION_KILLED, evidence), REGION_KILLED.guards)


def at(minute: int, **changes: object) -> Evidence:
    evidence = made.evidence()
    evidence.setting = replace(evidence.setting, begun=f"2026-01-02 03:{minute:02d}:00 UTC")
    for name, value in changes.items():
        setattr(evidence, name, value)
    return evidence


def test_a_page_shows_the_verdict_every_bound_and_every_fault_and_escapes_what_it_shows() -> None:
    evidence = made.evidence()
    evidence.faults = [made.fault(effect="<b>none</b>", visible=False)]
    page = render(evidence, outcome_of(REGION_KILLED, evidence), REGION_KILLED.guards)
    assert page.startswith("<!doctype html>")
    assert "<b>none</b>" not in page
    for bound in REGION_KILLED.bounds:
        assert bound.text in page
    for words in ("void", "detection: 29.0 s", "us-east-1 is killed", "abc", "guards: the survivor adopts"):
        assert words in page
    assert page.count("<svg") == 3


def test_a_page_is_drawn_of_evidence_that_breaks_off(tmp_path: Path) -> None:
    nothing = Evidence(setting=made.setting(), submitted=3)
    assert "broken" in stored(Archive(tmp_path), nothing).page.read_text("utf-8")


def test_reports_are_listed_newest_first_and_found_by_name_or_by_drill(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    older, newer = (stored(archive, at(minute)) for minute in (5, 6))
    assert [each.name for each in archive.all()] == [newer.name, older.name]
    assert archive.found("region-killed").name == newer.name
    assert archive.found(older.name).data == older.data
    assert archive.before(newer).name == older.name
    with pytest.raises(NoSuchReport, match="nothing to compare with"):
        archive.before(older)
    with pytest.raises(NoSuchReport, match="'else'"):
        archive.found("else")


def test_two_reports_are_compared_number_by_number(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    before, now = stored(archive, at(5)), stored(archive, at(6, well_at=120.0, two_writers=("x",)))
    changed = {row.name: (row.before, row.now) for row in differences(before, now) if row.before != row.now}
    assert changed == {"failback": (10.0, 20.0), "two writers": (0, 1)}


def test_stored_json_holds_what_the_page_shows(tmp_path: Path) -> None:
    report = stored(Archive(tmp_path), made.evidence())
    data = json.loads(report.page.with_suffix(".json").read_text("utf-8"))
    assert data["verdict"] == "held"
    assert [bound["held"] for bound in data["bounds"]] == [True] * (len(REGION_KILLED.bounds) + 1)
    assert data["lanes"]["critical"]["lost"] == 0
    assert Evidence.from_json(data["evidence"]) == made.evidence()


def test_a_page_says_when_a_play_was_cut_short() -> None:
    evidence = at(5, cut_short_at=36.2)
    page = render(evidence, outcome_of(REGION_KILLED, evidence), REGION_KILLED.guards)
    assert "It was ended at 36 s, broken for good." in page
    assert "It was ended at" not in render(made.evidence(), outcome_of(REGION_KILLED, made.evidence()), "x")

"""`make test` leaves no test out, fails when any phase fails, and stops the others as Ctrl-C would."""

import sys
from pathlib import Path

import pytest

from tests import phases
from tests.architecture.sources import CHECKOUT
from tests.phases import Phase, all_phases, run

FAILS = Phase("fails", (sys.executable, "-c", "print('why it failed'); raise SystemExit(3)"))
#: Fails when the other one is at work, which it tells by a file.
FAILS_LATER = """
import pathlib, sys
while not pathlib.Path(sys.argv[1]).exists(): pass
raise SystemExit(3)
"""
#: What stands for a phase with a cloud: interrupted, it clears away.
HAS_A_CLOUD = """
import pathlib, select, signal, sys
cloud = pathlib.Path(sys.argv[1])
try:
    cloud.touch()
    while True:
        select.select([], [], [], 0.1)
finally:
    cloud.rename(cloud.with_name("cleared"))
"""


def test_each_test_file_is_run_by_one_phase() -> None:
    named = [
        (phase.name, CHECKOUT / part) for phase in all_phases() for part in phase.command if part.startswith("tests/")
    ]
    demo = CHECKOUT / phases.DEMO
    for file in (CHECKOUT / "tests").rglob("test_*.py"):
        by = {name for name, place in named if file.is_relative_to(place)} - ({"e2e"} if file == demo else set())
        assert len(by) == 1, f"{file} is run by {by}"


def test_what_went_well_is_told_in_a_line_and_what_failed_in_full(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    went_well = Phase("goes well", (sys.executable, "-c", "print('first'); print('last')"), computes=False)
    assert [each.code for each in run([went_well], tmp_path)] == [0]
    assert [each.code for each in run([FAILS], tmp_path)] == [3]
    said = capsys.readouterr().out
    assert "goes well: ok" in said
    assert "last" in said
    assert "first" not in said
    assert "fails: FAILED (3)" in said
    assert "why it failed" in said


def test_clouds_come_up_one_after_the_other(tmp_path: Path) -> None:
    alone = "import pathlib, sys; p = pathlib.Path(sys.argv[1]); p.mkdir(); p.rmdir()"
    first, second, third = (
        Phase(name, (sys.executable, "-c", alone, str(tmp_path / "cloud")), computes=False) for name in "abc"
    )
    ended = run([first, second, third], tmp_path)
    assert [(each.phase.name, each.code) for each in ended] == [("a", 0), ("b", 0), ("c", 0)]


def test_the_first_failure_stops_the_others_which_clear_away_what_they_have(tmp_path: Path) -> None:
    cloud = tmp_path / "cloud"
    others = Phase("has a cloud", (sys.executable, "-c", HAS_A_CLOUD, str(cloud)), computes=False)
    fails = Phase("fails later", (sys.executable, "-c", FAILS_LATER, str(cloud)))
    assert [each.phase.name for each in run([others, fails], tmp_path)] == ["fails later"]
    assert (tmp_path / "cleared").exists()


def test_what_ignores_that_it_is_to_stop_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phases, "ENDS_WITHIN_SECONDS", 0.2)
    cloud = tmp_path / "cloud"
    deaf = f"import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n{HAS_A_CLOUD}"
    running = [
        Phase("deaf", (sys.executable, "-c", deaf, str(cloud))),
        Phase("fails later", (sys.executable, "-c", FAILS_LATER, str(cloud))),
    ]
    run(running, tmp_path)
    assert cloud.exists()
    assert not (tmp_path / "cleared").exists()

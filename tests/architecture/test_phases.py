"""`make test` leaves no test out, lets all phases finish, names what failed in them, and stops them all at Ctrl-C."""

import re
import sys
import tomllib
from pathlib import Path

import pytest

from tests import phases
from tests.architecture.sources import CHECKOUT
from tests.phases import Phase, Running, all_phases, checks, run
from tests.types_apart_from_cdk import written_as_ini

FAILS = Phase("fails", (sys.executable, "-c", "print('why it failed'); raise SystemExit(3)"))
#: Presses Ctrl-C when the other one is at work, which it tells by a file.
PRESSES_CTRL_C = """
import os, pathlib, signal, sys
while not pathlib.Path(sys.argv[1]).exists(): pass
os.kill(os.getppid(), signal.SIGINT)
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


def test_types_are_checked_as_pyproject_says_and_only_the_types_of_the_cdk_are_left_to_make_check() -> None:
    ini = written_as_ini(tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["tool"])
    assert (ini["mypy"]["strict"], ini["mypy"]["packages"]) == ("True", "functions, stacks, localstack, tests")
    skipped = [name for name in ini.sections() if ini[name].get("follow_imports")]
    assert skipped == ["mypy-aws_cdk.*", "mypy-cdk_nag.*"]
    assert ini["mypy-dnslib.*"]["ignore_missing_imports"] == "True"
    of_check, of_test = (
        {phase.name: phase.command[-1] for phase in some}["types"] for some in (checks(), all_phases())
    )
    assert (of_check, of_test) == ("mypy", "tests.types_apart_from_cdk")


def test_what_went_well_is_told_in_a_line_and_what_failed_in_full(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    went_well = Phase("goes well", (sys.executable, "-c", "print('first'); print('last')"), turn="cloud")
    assert [each.code for each in run([went_well], tmp_path)] == [0]
    assert [each.code for each in run([FAILS], tmp_path)] == [3]
    said = capsys.readouterr().out
    assert "goes well: ok" in said
    assert "last" in said
    assert "first" not in said
    assert "fails: FAILED (3)" in said
    assert "why it failed" in said


def test_phases_of_one_turn_go_one_after_the_other(tmp_path: Path) -> None:
    alone = "import pathlib, sys; p = pathlib.Path(sys.argv[1]); p.mkdir(); p.rmdir()"
    first, second, third = (
        Phase(name, (sys.executable, "-c", alone, str(tmp_path / "cloud")), turn="cloud") for name in "abc"
    )
    ended = run([first, second, third], tmp_path)
    assert [(each.phase.name, each.code) for each in ended] == [("a", 0), ("b", 0), ("c", 0)]


def test_what_fails_lets_the_others_finish_and_is_named_at_the_end(tmp_path: Path) -> None:
    says = "print('FAILED tests/test_it.py::test_one - assert 1 == 2'); print('1 failed'); raise SystemExit(1)"
    one = Phase("tests", (sys.executable, "-c", says), turn="cloud")
    after = Phase("after it", (sys.executable, "-c", "print('done')"), turn="cloud")
    ended = run([one, FAILS, after], tmp_path)
    assert {each.phase.name: each.code for each in ended} == {"tests": 1, "fails": 3, "after it": 0}
    assert set(phases.failures(ended, tmp_path)) == {
        "tests: FAILED tests/test_it.py::test_one - assert 1 == 2",
        "fails: why it failed",
    }


def test_what_takes_long_is_told_of_and_what_hangs_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud = tmp_path / "cloud"
    how_far = phases._progress

    def over_when_it_hangs(running: Running, logs: Path) -> str:
        """However long it takes to start here: its time is over once it has said something and is at work."""
        found = how_far(running, logs)
        if found and cloud.exists():
            monkeypatch.setattr(phases, "LIMIT_SECONDS", 0.0)
        return found

    monkeypatch.setattr(phases, "TOLD_EVERY_SECONDS", 0.2)
    monkeypatch.setattr(phases, "_progress", over_when_it_hangs)
    hangs = f"print('tests/test_it.py ... [ 53%]', flush=True)\n{HAS_A_CLOUD}"
    ended = run([Phase("hangs", (sys.executable, "-c", hangs, str(cloud)))], tmp_path)
    assert ended[0].code != 0
    assert (tmp_path / "cleared").exists()
    said = capsys.readouterr().out
    assert re.search(r"hangs \d+ s \(53 %\)", said)
    assert "hangs: not over after 0 s, told to stop" in said


def test_ctrl_c_stops_all_of_them_and_they_clear_away_what_they_have(tmp_path: Path) -> None:
    cloud = tmp_path / "cloud"
    has_one = Phase("has a cloud", (sys.executable, "-c", HAS_A_CLOUD, str(cloud)), turn="cloud")
    with pytest.raises(KeyboardInterrupt):
        run([has_one, Phase("ctrl-c", (sys.executable, "-c", PRESSES_CTRL_C, str(cloud)))], tmp_path)
    assert (tmp_path / "cleared").exists()


def test_what_ignores_that_it_is_to_stop_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phases, "ENDS_WITHIN_SECONDS", 0.2)
    cloud = tmp_path / "cloud"
    deaf = f"import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n{HAS_A_CLOUD}"
    running = [
        Phase("deaf", (sys.executable, "-c", deaf, str(cloud))),
        Phase("ctrl-c", (sys.executable, "-c", PRESSES_CTRL_C, str(cloud))),
    ]
    with pytest.raises(KeyboardInterrupt):
        run(running, tmp_path)
    assert cloud.exists()
    assert not (tmp_path / "cleared").exists()

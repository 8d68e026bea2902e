"""Recording histories: new ones are added, and none that is there is ever written again."""

import json
from pathlib import Path

import pytest

from tests.replay import record as module
from tests.replay.kept import digest_of_file, digests, read_history, state_shown
from tests.replay.record import AlreadyRecorded, UnknownScenario, main, record
from tests.replay.scenarios import SCENARIOS

TWO = {name: SCENARIOS[name] for name in ("probe-three-steps", "rounds")}


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_what_is_recorded_is_read_back_and_gives_the_recorded_state(tmp_path: Path) -> None:
    assert record(tmp_path, TWO, []) == list(TWO)
    for name in TWO:
        (job,) = read_history(tmp_path / f"{name}.json")
        assert job.state["status"] == "succeeded"
        assert state_shown(job.segments) == job.state


def test_a_recording_is_the_same_each_time(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        record(tmp_path / folder, TWO, [])
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_segments_are_kept_under_their_keys_with_their_events_as_json(tmp_path: Path) -> None:
    record(tmp_path, TWO, ["probe-three-steps"])
    (job,) = json.loads((tmp_path / "probe-three-steps.json").read_text())["jobs"]
    assert job["segments"][0]["sk"] == "E#000001.us-east-1#00000001"
    assert job["segments"][0]["events"][0]["kind"] == "submitted"


def test_only_what_is_not_there_yet_is_recorded(tmp_path: Path) -> None:
    record(tmp_path, TWO, ["rounds"])
    before = contents(tmp_path)
    assert record(tmp_path, TWO, []) == ["probe-three-steps"]
    assert contents(tmp_path)["rounds.json"] == before["rounds.json"]
    assert record(tmp_path, TWO, []) == []


@pytest.mark.parametrize("names", [["rounds"], ["probe-three-steps", "rounds"]])
def test_what_is_there_is_never_written_again_and_nothing_else_is_either(tmp_path: Path, names: list[str]) -> None:
    record(tmp_path, TWO, ["rounds"])
    before = contents(tmp_path)
    with pytest.raises(AlreadyRecorded, match="rounds: recorded before, and kept for ever"):
        record(tmp_path, TWO, names)
    assert contents(tmp_path) == before


def test_a_history_that_was_deleted_is_not_recorded_anew(tmp_path: Path) -> None:
    record(tmp_path, TWO, ["rounds"])
    (tmp_path / "rounds.json").unlink()
    with pytest.raises(AlreadyRecorded):
        record(tmp_path, TWO, ["rounds"])
    assert record(tmp_path, TWO, []) == ["probe-three-steps"]


def test_a_change_shows_in_the_digests(tmp_path: Path) -> None:
    record(tmp_path, TWO, ["rounds"])
    path = tmp_path / "rounds.json"
    assert digests(tmp_path) == {"rounds.json": digest_of_file(path)}
    path.write_text(path.read_text().replace("found 3", "found 4"))
    assert digests(tmp_path) != {"rounds.json": digest_of_file(path)}


def test_a_name_that_is_no_scenario_is_refused_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(UnknownScenario, match="nonsense: there are probe-three-steps, rounds"):
        record(tmp_path, TWO, ["nonsense"])
    assert contents(tmp_path) == {}


def test_the_command_says_what_it_did_and_fails_when_it_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "HISTORIES", tmp_path)
    monkeypatch.setattr(module, "SCENARIOS", TWO)
    assert main(["rounds"]) == 0
    assert main([]) == 0
    assert main([]) == 0
    assert capsys.readouterr().out == "recorded rounds\nrecorded probe-three-steps\nnothing new to record\n"
    assert main(["rounds"]) == 1
    assert capsys.readouterr().err.startswith("record: rounds: recorded before")

"""Schedules: each Region's own settings and marker, the fence between processes, and the index by time."""

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

import pytest

from functions.application.ports import StateUnavailable
from functions.application.schedule_ports import DueSchedule, MarkerConflict
from functions.domain.moments import add_seconds
from functions.domain.schedule import Fire, Marker, Schedule, ScheduleRecord
from tests.contract.jobs import NOON
from tests.contract.worlds import EAST, WEST, State

SETTING = Schedule(
    tenant="acme",
    name="report",
    region=EAST,
    at=NOON,
    by="ann",
    since=NOON,
    cron="0 9 * * *",
    time_zone="Europe/Berlin",
    agent="probe",
    input={"steps": 1, "note": "é"},
    lane="batch",
    tags={"a": "b"},
    overlap="queue",
    catch_up=7,
)
FIRE = Fire(moment=NOON, outcome="fired", at=NOON, job="job_a")
MARKER = Marker(
    tenant="acme", name="report", region=EAST, revision=1, seen_to=NOON, last=(FIRE,), intent=NOON, due_at=NOON
)


def later(seconds: float) -> str:
    return add_seconds(NOON, seconds)


def run(call: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(call)


class TestSchedules:
    def test_there_is_none_at_first(self, state: State) -> None:
        assert run(state.schedules.read("acme", "report")) == ScheduleRecord()
        assert run(state.schedules.list("acme")) == []
        assert run(state.schedules.due(EAST, upto=NOON)) == []

    def test_settings_and_markers_of_both_regions_are_read_as_they_were_written(self, state: State) -> None:
        other = replace(SETTING, region=WEST, at=later(1), lane=None, tags=None, catch_up="latest", deleted=True)
        theirs = replace(MARKER, region=WEST, last=(), intent=None, due_at=None)
        for setting in (SETTING, other):
            run(state.schedules.put(setting, None))
        for marker in (MARKER, theirs):
            run(state.schedules.put_marker(marker))
        record = run(state.schedules.read("acme", "report"))
        assert sorted(record.settings, key=lambda each: each.region) == [SETTING, other]
        assert sorted(record.markers, key=lambda each: each.region) == [MARKER, theirs]

    def test_the_list_has_a_tenants_schedules_by_name_and_no_other_tenants(self, state: State) -> None:
        for tenant, name in (("acme", "b"), ("acme", "a"), ("acme", "a.b"), ("acme2", "c")):
            run(state.schedules.put(replace(SETTING, tenant=tenant, name=name), None))
        listed = run(state.schedules.list("acme"))
        assert [record.in_force.name for record in listed] == ["a", "a.b", "b"]
        assert run(state.schedules.read("acme", "a")) == ScheduleRecord((replace(SETTING, name="a"),), ())

    def test_older_settings_that_arrive_late_change_nothing(self, state: State) -> None:
        newer = replace(SETTING, at=later(1), paused=True)
        for setting in (newer, SETTING):
            run(state.schedules.put(setting, None))
        assert run(state.schedules.read("acme", "report")).settings == (newer,)

    def test_a_marker_follows_the_revision_before_and_no_other(self, state: State) -> None:
        run(state.schedules.put_marker(MARKER))
        for wrong in (MARKER, replace(MARKER, revision=3)):
            with pytest.raises(MarkerConflict):
                run(state.schedules.put_marker(wrong))
        run(state.schedules.put_marker(replace(MARKER, revision=2, intent=None)))
        assert run(state.schedules.read("acme", "report")).markers == (replace(MARKER, revision=2, intent=None),)

    def test_the_index_has_what_each_region_has_to_look_at_by_time(self, state: State) -> None:
        run(state.schedules.put(SETTING, later(60)))
        run(state.schedules.put(replace(SETTING, region=WEST), later(1)))
        run(state.schedules.put_marker(replace(MARKER, name="other", due_at=later(30))))
        assert run(state.schedules.due(EAST, upto=later(29))) == []
        first, second = DueSchedule("acme", "other", later(30), False), DueSchedule("acme", "report", later(60), True)
        assert run(state.schedules.due(EAST, upto=later(30))) == [first]
        assert run(state.schedules.due(EAST, upto=later(999))) == [first, second]

    def test_settings_are_settled_unless_newer_ones_have_taken_their_place(self, state: State) -> None:
        run(state.schedules.put(SETTING, NOON))
        run(state.schedules.settle(SETTING))
        assert run(state.schedules.due(EAST, upto=later(999))) == []
        assert run(state.schedules.read("acme", "report")).settings == (SETTING,)
        newer = replace(SETTING, at=later(1))
        run(state.schedules.put(newer, later(5)))
        run(state.schedules.settle(SETTING))
        assert run(state.schedules.due(EAST, upto=later(999))) == [DueSchedule("acme", "report", later(5), True)]

    def test_a_table_that_refuses_is_unavailable(self, state: State) -> None:
        state.refuse()
        for call in (
            state.schedules.put(SETTING, None),
            state.schedules.settle(SETTING),
            state.schedules.read("acme", "report"),
            state.schedules.list("acme"),
            state.schedules.put_marker(MARKER),
            state.schedules.due(EAST, upto=NOON),
        ):
            with pytest.raises(StateUnavailable):
                run(call)


class TestRounds:
    def test_a_loop_that_never_worked_has_no_moment_and_then_the_last_one(self, state: State) -> None:
        assert run(state.rounds.last("sweep")) is None
        for at in (NOON, later(5)):
            run(state.rounds.note("sweep", at))
        assert run(state.rounds.last("sweep")) == later(5)
        assert run(state.rounds.last("other")) is None

    def test_a_table_that_refuses_is_unavailable(self, state: State) -> None:
        state.refuse()
        for call in (state.rounds.note("sweep", NOON), state.rounds.last("sweep")):
            with pytest.raises(StateUnavailable):
                run(call)

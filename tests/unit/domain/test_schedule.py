"""When schedules fire: daylight saving time, catch-up, and what both Regions say together."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.domain.errors import AntipodeError
from functions.domain.moments import add_seconds
from functions.domain.schedule import (
    GRACE_SECONDS,
    KEPT_FIRES,
    DueFires,
    Fire,
    Marker,
    Schedule,
    ScheduleRecord,
    check_timing,
    due_fires,
    fire_job,
    fires,
    next_fires,
)
from tests.in_depth import ALL
from tests.unit.domain.job.writing import EAST, NOON, WEST, at

HOURLY = Schedule(
    tenant="acme",
    name="report",
    region=EAST,
    at=NOON,
    by="ann",
    since=NOON,
    cron="0 * * * *",
    time_zone="UTC",
    agent="probe",
    input={},
)


def first(number: int, cron: str, zone: str, after: str) -> list[str]:
    return [moment[:16] for moment in itertools.islice(fires(cron, zone, after), number)]


def test_a_zone_says_when_its_noon_is_in_summer_and_in_winter() -> None:
    assert first(2, "0 12 * * *", "Europe/Berlin", "2026-10-23T12:00:00.000Z") == [
        "2026-10-24T10:00",
        "2026-10-25T11:00",
    ]


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        ("30 2 * * *", ["2026-03-28T01:30", "2026-03-29T01:00", "2026-03-30T00:30"]),  # fires when the gap is over
        ("0 2,3 * * *", ["2026-03-28T01:00", "2026-03-28T02:00", "2026-03-29T01:00", "2026-03-30T00:00"]),  # both: once
    ],
)
def test_a_time_that_is_left_out_in_spring_fires_when_the_gap_is_over(cron: str, expected: list[str]) -> None:
    assert first(len(expected), cron, "Europe/Berlin", "2026-03-28T00:00:00.000Z") == expected


def test_a_time_that_comes_twice_in_autumn_fires_once_and_every_half_hour_is_every_half_hour() -> None:
    begin = "2026-10-24T23:00:00.000Z"
    assert first(2, "30 2 * * *", "Europe/Berlin", begin) == ["2026-10-25T00:30", "2026-10-26T01:30"]
    every = first(8, "*/30 * * * *", "Europe/Berlin", begin)
    assert every == [add_seconds(begin, 1800 * n)[:16] for n in range(1, 9)]


ZONES = st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC", "Asia/Kolkata"])
CRONS = st.sampled_from(["30 2 * * *", "0 1,2,3 * * *", "*/20 * * * *", "15 */2 * * *", "0 0 1 * *", "45 1 * * SUN"])
CHANGES = st.sampled_from(
    ["2026-03-08T00:00:00.000Z", "2026-03-28T20:00:00.000Z", "2026-10-24T20:00:00.000Z", "2026-11-01T00:00:00.000Z"]
)


@settings(max_examples=80 if ALL else 30, deadline=None)
@given(CRONS, ZONES, CHANGES, st.integers(0, 48 * 60))
def test_wherever_one_begins_the_same_fires_follow(cron: str, zone: str, begin: str, minutes: int) -> None:
    """Else two processes that look at different moments would not fire the same jobs."""
    later = add_seconds(begin, 60 * minutes)
    upto = add_seconds(later, 3 * 86_400)
    whole = list(itertools.takewhile(lambda each: each <= upto, fires(cron, zone, begin)))
    begun_later = list(itertools.takewhile(lambda each: each <= upto, fires(cron, zone, later)))
    assert begun_later == [moment for moment in whole if moment > later]
    assert whole == sorted(set(whole))


@pytest.mark.parametrize(
    ("cron", "zone", "field"),
    [
        ("61 * * * *", "UTC", "cron"),
        ("* * * *", "UTC", "cron"),
        ("* * * * * *", "UTC", "cron"),
        ("0 0 30 2 *", "UTC", "cron"),
        ("@daily", "UTC", "cron"),
        ("", "UTC", "cron"),
        ("0 * * * *", "Mars/Olympus", "time_zone"),
        ("0 * * * *", "../etc/passwd", "time_zone"),
        ("0 * * * *", "Europe", "time_zone"),
        ("0 * * * *", "a" * 300, "time_zone"),
    ],
)
def test_what_is_no_timing_is_refused_and_named(cron: str, zone: str, field: str) -> None:
    with pytest.raises(AntipodeError) as refused:
        check_timing(cron, zone, NOON)
    assert (refused.value.code, refused.value.field) == ("invalid_body", field)


def test_a_paused_and_a_deleted_schedule_do_not_fire() -> None:
    assert next_fires(HOURLY, NOON, 2) == [at(3600), at(7200)]
    for quiet in (replace(HOURLY, paused=True), replace(HOURLY, deleted=True)):
        assert next_fires(quiet, NOON, 2) == []
        assert due_fires(quiet, NOON, at(9 * 3600)) == DueFires((), (), None)


@pytest.mark.parametrize(
    ("catch_up", "made_up", "dropped"),
    [
        ("none", [], at(3 * 3600)),
        ("latest", [at(3 * 3600)], at(2 * 3600)),
        (2, [at(2 * 3600), at(3 * 3600)], at(3600)),
        (3, [at(3600), at(2 * 3600), at(3 * 3600)], None),
        (99, [at(3600), at(2 * 3600), at(3 * 3600)], None),
    ],
)
def test_the_catch_up_rule_says_which_missed_fires_are_made_up_for(
    catch_up: str | int, made_up: list[str], dropped: str | None
) -> None:
    found = due_fires(replace(HOURLY, catch_up=catch_up), NOON, at(4 * 3600 + GRACE_SECONDS - 1))
    assert (list(found.made_up), list(found.timely), found.dropped) == (made_up, [at(4 * 3600)], dropped)


def test_of_very_many_missed_fires_the_newest_are_found_soon() -> None:
    every_minute = replace(HOURLY, cron="* * * * *", catch_up=2)
    found = due_fires(every_minute, at(-365 * 86_400), at(30))
    assert found.made_up == (at(-180), at(-120))
    assert len(found.timely) == 2


def test_the_settings_written_last_are_in_force_and_what_was_fired_counts_before_what_was_not() -> None:
    later = replace(HOURLY, region=WEST, at=at(1), since=at(1), cron="5 * * * *")
    skipped = Fire(moment=at(3600), outcome="skipped", at=at(3602))
    fired = Fire(moment=at(3600), outcome="fired", at=at(3601), job="job_a")
    east = Marker(tenant="acme", name="report", region=EAST, revision=3, seen_to=at(3600), last=(fired,))
    west = Marker(tenant="acme", name="report", region=WEST, revision=1, seen_to=at(60), last=(skipped,))
    record = ScheduleRecord((HOURLY, later), (east, west))
    assert (record.in_force, record.seen_to, record.last) == (later, at(3600), (fired,))
    newer = replace(west, revision=2, seen_to=at(7200))
    assert record.with_more(ScheduleRecord((), (newer, replace(east, revision=1, seen_to="")))).seen_to == at(7200)


def test_so_many_of_the_last_fires_are_shown() -> None:
    told = tuple(Fire(moment=at(60 * n), outcome="fired", at=at(60 * n)) for n in range(30))
    record = ScheduleRecord((HOURLY,), (Marker(tenant="acme", name="report", region=EAST, last=told),))
    assert [fire.moment for fire in record.last] == [at(60 * n) for n in range(29, 29 - KEPT_FIRES, -1)]


def test_a_fires_job_is_the_same_in_both_regions_and_another_for_each_moment_and_schedule() -> None:
    assert fire_job(HOURLY, NOON) == fire_job(replace(HOURLY, region=WEST, at=at(9)), NOON)
    others = {fire_job(HOURLY, at(1)), fire_job(replace(HOURLY, name="b"), NOON)}
    others |= {fire_job(replace(HOURLY, tenant="b"), NOON), fire_job(HOURLY, NOON)}
    assert len(others) == 4

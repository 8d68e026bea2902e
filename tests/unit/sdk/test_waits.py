"""What agents can wait for, how long, and what comes of it when something arrives or nothing does."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from pydantic import BaseModel

from functions.domain.errors import AntipodeError
from functions.domain.job.arrivals import Arrival, ArrivalKind
from functions.domain.job.events import Json
from functions.sdk import Approval, Context
from functions.sdk.waits import LONGEST_SECONDS
from tests.simulation.virtual_time import in_virtual_time, run_virtually
from tests.unit.sdk.recording import NOON, Recording

YEAR = 365 * 86_400.0


class Note(BaseModel):
    """A signal's body."""

    words: str


def signal(body: Json) -> Arrival:
    return Arrival(job_id="job_a", region="here", kind=ArrivalKind.SIGNAL, name="go/1", at=NOON, by="ann", body=body)


def decision(approved: bool, comment: str | None = None) -> Arrival:
    body: dict[str, Json] = {"approved": approved} | ({} if comment is None else {"comment": comment})
    step = "approval"
    return Arrival(job_id="job_a", region="here", kind=ArrivalKind.DECISION, name=step, at=NOON, by="ann", body=body)


def code_of(program: Awaitable[Any]) -> str:
    async def fail() -> str:
        with pytest.raises(AntipodeError) as caught:
            await program
        return caught.value.code

    return run_virtually(fail())


@in_virtual_time
async def test_a_sleep_waits_for_so_long_and_for_nothing_else() -> None:
    recording = Recording()
    assert await Context(recording).sleep(YEAR) is None  # type: ignore[func-returns-value]
    (wait,) = recording.waits
    assert (wait.name, wait.kind, wait.seconds, wait.until, wait.arrives) == ("sleep", "sleep", YEAR, None, None)


@in_virtual_time
async def test_a_sleep_until_a_moment_names_it_in_universal_time() -> None:
    recording = Recording()
    await Context(recording).sleep_until(datetime(2026, 12, 24, 18, tzinfo=timezone(timedelta(hours=1))))
    (wait,) = recording.waits
    assert (wait.kind, wait.until, wait.arguments) == ("sleep", "2026-12-24T17:00:00.000Z", "2026-12-24T17:00:00.000Z")


@in_virtual_time
async def test_a_moment_without_a_time_zone_is_refused() -> None:
    recording = Recording()
    with pytest.raises(ValueError, match="needs a time with a time zone"):
        await Context(recording).sleep_until(datetime(2026, 12, 24))  # noqa: DTZ001 - that is what this is about
    assert not recording.waits


WAITS: list[Callable[[Context, float], Awaitable[Any]]] = [
    lambda ctx, seconds: ctx.sleep(seconds),
    lambda ctx, seconds: ctx.signal("go", timeout=seconds, otherwise=None),
    lambda ctx, seconds: ctx.approval("legal", "?", timeout=seconds, otherwise=True),
]


@pytest.mark.parametrize("wait", WAITS)
@pytest.mark.parametrize("seconds", [-1.0, LONGEST_SECONDS + 1, float("inf"), float("nan")])
def test_a_wait_of_less_than_nothing_or_more_than_a_year_is_refused(
    wait: Callable[[Context, float], Awaitable[Any]], seconds: float
) -> None:
    recording = Recording()

    async def program() -> None:
        with pytest.raises(ValueError, match="a wait may last from 0 s to"):
            await wait(Context(recording), seconds)

    run_virtually(program())
    assert not recording.waits


@pytest.mark.parametrize("wait", WAITS)
def test_a_wait_of_nothing_and_one_of_a_leap_year_are_accepted(
    wait: Callable[[Context, float], Awaitable[Any]],
) -> None:
    async def program() -> list[float]:
        recording = Recording()
        ctx = Context(recording)
        await wait(ctx, 0)
        await wait(ctx, 366 * 86_400)
        return [each.seconds for each in recording.waits]

    assert run_virtually(program()) == [0, LONGEST_SECONDS]


@in_virtual_time
async def test_a_signal_gives_its_body_as_the_type_that_is_asked_for_now_and_when_it_is_read_again() -> None:
    recording = Recording(arrives=[signal({"words": "on"})])
    ctx = Context(recording)
    for _ in range(2):
        assert await ctx.signal("go", timeout=60, answer=Note) == Note(words="on")
        recording.rewind()
    (wait,) = recording.waits
    assert (wait.name, wait.kind, wait.arrives, wait.topic, wait.about) == (
        "signal-go",
        "signal",
        ArrivalKind.SIGNAL,
        "go",
        {"signal": "go"},
    )


@in_virtual_time
async def test_a_signal_without_a_type_gives_json() -> None:
    assert await Context(Recording(arrives=[signal([1, None])])).signal("go", timeout=60) == [1, None]


def test_a_signal_that_does_not_fit_is_an_error_that_names_the_field() -> None:
    ctx = Context(Recording(arrives=[signal({"words": 7})]))
    assert code_of(ctx.signal("go", timeout=60, answer=Note)) == "signal_invalid"


@pytest.mark.parametrize("otherwise", [None, {"words": "nobody spoke"}, Note(words="nobody spoke")])
def test_without_a_signal_in_time_there_is_what_was_given_for_that_case(otherwise: object) -> None:
    async def program() -> object:
        kind = Note if otherwise else Any
        return await Context(Recording()).signal("go", timeout=60, otherwise=otherwise, answer=kind)

    assert run_virtually(program()) == (Note(words="nobody spoke") if otherwise else None)


def test_without_a_signal_in_time_and_nothing_given_the_step_fails() -> None:
    assert code_of(Context(Recording()).signal("go", timeout=60)) == "wait_timed_out"


@pytest.mark.parametrize("name", ["", "a/b", "a#b"])
def test_a_signals_name_that_would_be_misread_is_refused(name: str) -> None:
    with pytest.raises(TypeError, match="is no name for a step"):
        run_virtually(Context(Recording()).signal(name, timeout=1))


@in_virtual_time
async def test_an_approval_is_asked_of_a_group_and_names_who_decided() -> None:
    recording = Recording(arrives=[decision(True, "fine")])
    ctx = Context(recording)
    expected = Approval(approved=True, by="ann", comment="fine", at=NOON)
    for _ in range(2):
        assert await ctx.approval("legal", Note(words="GPL?"), timeout=60) == expected
        recording.rewind()
    (wait,) = recording.waits
    assert (wait.kind, wait.arrives, wait.topic) == ("approval", ArrivalKind.DECISION, None)
    assert wait.about == {"group": "legal", "question": {"words": "GPL?"}}
    assert wait.arguments == ["legal", {"words": "GPL?"}, 60]


@in_virtual_time
async def test_a_refusal_is_a_decision_and_no_error() -> None:
    decided = await Context(Recording(arrives=[decision(False)])).approval("legal", "?", timeout=60, otherwise=True)
    assert decided == Approval(approved=False, by="ann", comment="", at=NOON)


@pytest.mark.parametrize("body", ["yes", {"approved": "yes"}, {}, None])
def test_only_a_clear_yes_approves(body: Json) -> None:
    arrival = Arrival(job_id="job_a", region="here", kind=ArrivalKind.DECISION, name="a", at=NOON, by="ann", body=body)

    async def program() -> bool:
        return (await Context(Recording(arrives=[arrival])).approval("legal", "?", timeout=60)).approved

    assert run_virtually(program()) is False


@pytest.mark.parametrize("otherwise", [True, False])
def test_without_a_decision_in_time_nobody_has_decided_what_was_given_for_that_case(otherwise: bool) -> None:
    async def program() -> Approval:
        return await Context(Recording()).approval("legal", "?", timeout=3600, otherwise=otherwise)

    comment = "no decision within 3600 s"
    assert run_virtually(program()) == Approval(approved=otherwise, by="nobody", comment=comment, at=None)


def test_without_a_decision_in_time_and_nothing_given_the_step_fails() -> None:
    assert code_of(Context(Recording()).approval("legal", "?", timeout=60)) == "wait_timed_out"


@in_virtual_time
async def test_a_moment_of_utc_is_itself() -> None:
    recording = Recording()
    await Context(recording).sleep_until(datetime(2027, 1, 1, tzinfo=UTC))
    assert recording.waits[0].until == "2027-01-01T00:00:00.000Z"

"""What agents work through: tools and the model, recorded once and read back as what they were."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict

from functions.application.agent_ports import ContinueAsNew
from functions.domain.errors import AntipodeError
from functions.sdk import Context, Retry, tool
from functions.sdk.context import CALL_SECONDS
from tests.simulation.virtual_time import in_virtual_time, run_virtually
from tests.unit.sdk.recording import Recording


class Colour(Enum):
    """An enumeration, as results hold them."""

    RED = "red"


class Strict(BaseModel):
    """A model that coerces nothing."""

    model_config = ConfigDict(strict=True, frozen=True)
    day: date
    pair: tuple[int, str]
    colour: Colour


@dataclass(frozen=True)
class Plain:
    """A dataclass."""

    price: Decimal
    seen: frozenset[int]


def returning(value: Any, kind: Any) -> Any:
    def give() -> Any:
        return value

    give.__annotations__["return"] = kind
    return give


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("text", str),
        (None, None),
        (datetime(2026, 11, 21, 12, tzinfo=UTC), datetime),
        (Strict(day=date(2026, 11, 21), pair=(1, "a"), colour=Colour.RED), Strict),
        (Plain(Decimal("1.10"), frozenset({1, 2})), Plain),
        ([Strict(day=date(2026, 1, 1), pair=(1, "a"), colour=Colour.RED)], list[Strict]),
        ({1: Colour.RED}, dict[int, Colour]),
        (b"bytes", bytes),
        ((1, 2), tuple[int, int]),
    ],
)
def test_a_tools_result_is_what_it_returned_now_and_when_it_is_read_again(value: Any, kind: Any) -> None:
    async def program() -> None:
        recording = Recording()
        ctx = Context(recording)
        assert await ctx.tool(returning(value, kind)) == value
        recording.rewind()
        again = await ctx.tool(returning("never carried out", kind))
        assert again == value
        assert type(again) is type(value)

    run_virtually(program())


@in_virtual_time
async def test_a_tool_without_a_declared_result_gives_json_in_every_run() -> None:
    recording = Recording()
    ctx = Context(recording)

    def measure():  # type: ignore[no-untyped-def]
        return (1, Colour.RED)

    assert await ctx.tool(measure) == [1, "red"]
    recording.rewind()
    assert await ctx.tool(measure) == [1, "red"]


@in_virtual_time
async def test_plain_async_and_bound_functions_are_tools() -> None:
    class Shelf:
        def plain(self, number: int) -> int:
            return number + 1

        async def waiting(self, number: int, *, by: int = 1) -> int:
            return number + by

    recording = Recording()
    ctx = Context(recording)
    shelf = Shelf()
    assert await ctx.tool(shelf.plain, 1) == 2
    assert await ctx.tool(shelf.waiting, 1, by=5) == 6
    assert [(step.name, step.kind, step.arguments) for step in recording.steps] == [
        ("plain", "tool", [[1], {}]),
        ("waiting", "tool", [[1], {"by": 5}]),
    ]


@in_virtual_time
async def test_a_tool_that_asks_for_it_gets_the_key_of_its_step_and_the_key_is_no_argument() -> None:
    def pay(amount: int, idempotency_key: str) -> str:
        return f"{amount} under {idempotency_key}"

    recording = Recording()
    assert await Context(recording).tool(pay, 5) == "5 under job_a/pay"
    assert recording.steps[0].arguments == [[5], {}]


@in_virtual_time
async def test_a_tools_options_reach_the_history() -> None:
    @tool(name="charge", repeatable=False, expensive=True)
    def pay() -> None:
        """Pays."""

    recording = Recording()
    assert await Context(recording).tool(pay) is None
    (step,) = recording.steps
    assert (step.name, step.repeatable, step.expensive) == ("charge", False, True)


@in_virtual_time
async def test_arguments_may_be_anything_that_can_be_written() -> None:
    def look(at: Strict, since: date) -> None:
        """Looks."""

    recording = Recording()
    await Context(recording).tool(
        look, Strict(day=date(2026, 1, 1), pair=(1, "a"), colour=Colour.RED), date(2026, 1, 2)
    )
    assert recording.steps[0].arguments == [
        [{"day": "2026-01-01", "pair": [1, "a"], "colour": "red"}, "2026-01-02"],
        {},
    ]


@pytest.mark.parametrize("value", [object(), float("nan"), {"a": {1, object()}}, lambda: 1])
def test_an_argument_or_result_that_cannot_be_written_is_a_clear_error(value: Any) -> None:
    def take(given: Any = None) -> Any:
        return value

    async def code(*arguments: Any) -> tuple[str, str]:
        with pytest.raises(AntipodeError) as caught:
            await Context(Recording()).tool(take, *arguments)
        return caught.value.code, caught.value.detail

    kind, detail = run_virtually(code(value))
    assert kind == "value_not_serialisable"
    assert detail.startswith("the arguments of tool 'take' cannot be written as JSON")
    kind, detail = run_virtually(code())
    assert kind == "value_not_serialisable"
    assert detail.startswith("the result of tool 'take' cannot be written as JSON")


@in_virtual_time
async def test_a_result_that_is_not_of_its_declared_type_is_a_clear_error() -> None:
    with pytest.raises(AntipodeError, match=r"the result of tool 'give': Input should be a valid integer") as caught:
        await Context(Recording()).tool(returning("seven", int))
    assert caught.value.code in ("value_not_serialisable", "result_invalid")


@in_virtual_time
async def test_what_a_tool_raises_reaches_the_agent() -> None:
    def fail() -> None:
        raise KeyError("no such thing")

    with pytest.raises(KeyError, match="no such thing"):
        await Context(Recording()).tool(fail)


@in_virtual_time
async def test_a_function_whose_types_cannot_be_read_is_refused_before_it_is_carried_out() -> None:
    def pay() -> "NoSuchType":  # type: ignore[name-defined]  # noqa: F821 - that is what this is about
        raise AssertionError("must not be carried out")

    with pytest.raises(NameError, match="NoSuchType"):
        await Context(Recording()).tool(pay)


@in_virtual_time
async def test_a_retry_policy_and_a_timeout_reach_the_recorder() -> None:
    patient = Retry(attempts=2, first_seconds=7.0)

    @tool(retry=patient, timeout=3.0)
    def look() -> None:
        """Looks."""

    recording = Recording()
    await Context(recording).tool(look)
    (request,) = recording.requests
    assert (request.retry, request.seconds) == (patient, 3.0)


@in_virtual_time
async def test_the_moment_a_random_number_and_a_uuid_are_recorded_and_read_again() -> None:
    recording = Recording()
    ctx = Context(recording)
    first = (await ctx.now(), await ctx.random(), await ctx.uuid(), await ctx.uuid())
    assert first[0] == datetime(2026, 11, 21, 12, tzinfo=UTC)
    assert first[1] == 0.5
    assert first[2] != first[3]
    assert first[2].version == 4
    recording.rewind()
    recording.entropy.value = 0.75
    assert (await ctx.now(), await ctx.random(), await ctx.uuid(), await ctx.uuid()) == first
    assert [(step.name, step.kind) for step in recording.steps] == [
        ("now", "value"),
        ("random", "value"),
        ("uuid", "value"),
        ("uuid", "value"),
    ]


@in_virtual_time
async def test_progress_is_reported_as_json_under_a_name_of_its_own() -> None:
    recording = Recording()
    ctx = Context(recording)
    await ctx.progress({"colour": Colour.RED})
    await ctx.gather(ctx.progress("half"))
    assert recording.notes == [("progress", {"colour": "red"}), ("gather[0]/progress", "half")]


def test_an_agent_that_continues_as_new_ends_with_its_next_input_as_json() -> None:
    with pytest.raises(ContinueAsNew) as ended:
        Context(Recording()).continue_as_new(Plain(Decimal("1.10"), frozenset({1})))
    assert ended.value.value == {"price": "1.10", "seen": [1]}


def test_an_agent_cannot_continue_with_what_is_not_json() -> None:
    with pytest.raises(AntipodeError, match="the input to continue with cannot be written as JSON"):
        Context(Recording()).continue_as_new(object())


@in_virtual_time
async def test_a_call_names_agent_input_lane_and_patience_and_gives_the_type_that_is_asked_for() -> None:
    recording = Recording(children=[{"price": "1.10", "seen": [1]}, 7])
    ctx = Context(recording)
    given = Plain(Decimal(2), frozenset())
    assert await ctx.call("price", given, answer=Plain, timeout=60, lane="batch") == Plain(Decimal("1.10"), {1})  # type: ignore[arg-type]
    assert await ctx.call("price", name="again") == 7
    first, second = recording.calls
    assert (first.name, first.agent, first.input, first.seconds, first.lane) == (
        "price",
        "price",
        {"price": "2", "seen": []},
        60,
        "batch",
    )
    assert (second.name, second.agent, second.input, second.seconds, second.lane) == (
        "again",
        "price",
        None,
        CALL_SECONDS,
        None,
    )


@pytest.mark.parametrize("code", ["child_failed", "wait_timed_out", "call_cycle", "call_too_deep", "unknown_agent"])
def test_a_call_that_fails_gives_what_was_given_for_that_case_or_raises(code: str) -> None:
    async def program() -> None:
        failed = AntipodeError(code, "as told")
        ctx = Context(Recording(children=[failed, failed]))
        assert await ctx.call("price", otherwise=None) is None
        with pytest.raises(AntipodeError) as caught:
            await ctx.call("price")
        assert caught.value is failed

    run_virtually(program())


@pytest.mark.parametrize("code", ["budget_exceeded", "deadline_passed"])
def test_a_job_that_may_not_go_on_does_not_go_on_with_another_answer(code: str) -> None:
    with pytest.raises(AntipodeError, match="as told"):
        run_virtually(Context(Recording(children=[AntipodeError(code, "as told")])).call("price", otherwise=None))


@in_virtual_time
async def test_a_childs_result_that_does_not_fit_is_an_error_that_names_the_field() -> None:
    with pytest.raises(AntipodeError, match="the result of 'price'") as caught:
        await Context(Recording(children=["seven"])).call("price", answer=int)
    assert caught.value.code == "child_failed"


@pytest.mark.parametrize("name", ["a/b", "a#2", "r2:a"])
def test_an_agents_name_that_would_be_misread_in_a_path_needs_another_name_for_the_step(name: str) -> None:
    async def program() -> object:
        ctx = Context(Recording(children=["done"]))
        with pytest.raises(TypeError, match="is no name for a step"):
            await ctx.call(name)
        return await ctx.call(name, name="step")

    assert run_virtually(program()) == "done"


def test_a_context_knows_its_job() -> None:
    assert Context(Recording()).job_id == "job_a"

"""What agents work through: tools and the model, recorded once and read back as what they were."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict

from functions.adapters.memory import ScriptedModel
from functions.application.ports import ModelAnswer, ModelUnavailable
from functions.domain.errors import AntipodeError
from functions.sdk import Context, tool
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


class Verdict(BaseModel):
    """What the model is asked for."""

    licence: str
    confidence: float


def asking(*answers: str | Exception) -> Recording:
    given: list[ModelAnswer | Exception] = [
        ModelAnswer(answer, 100, 10) if isinstance(answer, str) else answer for answer in answers
    ]
    return Recording(answers=ScriptedModel(given))


GOOD = '{"licence": "MIT", "confidence": 0.9}'


@pytest.mark.parametrize("answer", [GOOD, f"Here it is:\n```json\n{GOOD}\n```\nAnything else?"])
def test_a_models_answer_is_read_as_its_type_now_and_when_it_is_read_again(answer: str) -> None:
    async def program() -> None:
        recording = asking(answer)
        ctx = Context(recording)
        expected = Verdict(licence="MIT", confidence=0.9)
        assert await ctx.model("Which?", answer=Verdict) == expected
        recording.rewind()
        assert await ctx.model("Which?", answer=Verdict) == expected
        assert len(recording.answers.requests) == 1

    run_virtually(program())


@in_virtual_time
async def test_the_model_is_told_the_schema_and_the_call_is_an_expensive_step_with_its_tokens() -> None:
    recording = asking(GOOD)
    await Context(recording).model("Which?", answer=Verdict, system="You are a lawyer.", name="review", max_tokens=99)
    (request,) = recording.answers.requests
    assert (request.prompt, request.max_tokens, request.temperature) == ("Which?", 99, 0.0)
    assert request.system.startswith("You are a lawyer.")
    assert "'licence'" in request.system
    assert request.idempotency_key == "job_a/review/1"
    (step,) = recording.steps
    assert (step.name, step.kind, step.expensive, step.tokens) == ("review", "model", True, (100, 10))
    assert step.arguments == {
        "prompt": "Which?",
        "system": "You are a lawyer.",
        "max_tokens": 99,
        "temperature": 0.0,
    }


@in_virtual_time
async def test_a_wrong_answer_is_shown_to_the_model_with_what_is_wrong_and_all_tokens_count() -> None:
    recording = asking("I would rather not say", '{"licence": "MIT"}', GOOD)
    verdict = await Context(recording).model("Which?", answer=Verdict)
    assert verdict.licence == "MIT"
    first, second, third = recording.answers.requests
    assert "It was rejected: the answer holds no JSON object" in second.prompt
    assert 'Your last answer was:\n{"licence": "MIT"}' in third.prompt
    assert "confidence: Field required" in third.prompt
    assert third.prompt.startswith("Which?")
    assert "rather not" not in third.prompt
    assert [each.idempotency_key for each in (first, second, third)] == [f"job_a/model/{n}" for n in (1, 2, 3)]
    assert recording.steps[0].tokens == (300, 30)


@in_virtual_time
async def test_an_answer_that_fits_its_type_may_be_rejected_by_the_agents_own_check() -> None:
    def check(verdict: Verdict) -> None:
        if verdict.confidence < 0.5:
            raise ValueError("be more confident")

    recording = asking('{"licence": "MIT", "confidence": 0.1}', GOOD)
    assert (await Context(recording).model("Which?", answer=Verdict, check=check)).confidence == 0.9
    assert "It was rejected: be more confident." in recording.answers.requests[1].prompt


@in_virtual_time
async def test_after_three_wrong_answers_the_step_fails_for_good() -> None:
    recording = asking("no")
    with pytest.raises(AntipodeError, match="after 3 asks") as caught:
        await Context(recording).model("Which?", answer=Verdict)
    assert caught.value.code == "model_answer_invalid"
    assert len(recording.answers.requests) == 3
    assert not recording.steps


@in_virtual_time
async def test_a_model_that_is_away_is_not_asked_again_at_once() -> None:
    recording = asking(ModelUnavailable("throttled"))
    with pytest.raises(ModelUnavailable):
        await Context(recording).model("Which?", answer=Verdict)
    assert len(recording.answers.requests) == 1


@in_virtual_time
async def test_a_recorded_answer_that_no_longer_fits_its_type_is_a_clear_error() -> None:
    class Changed(BaseModel):
        name: str

    recording = asking(GOOD)
    ctx = Context(recording)
    await ctx.model("Which?", answer=Verdict)
    recording.rewind()
    with pytest.raises(AntipodeError, match=r"the recorded answer of 'model'\.name: Field required") as caught:
        await ctx.model("Which?", answer=Changed)
    assert caught.value.code == "model_answer_invalid"


def test_a_context_knows_its_job() -> None:
    assert Context(Recording()).job_id == "job_a"

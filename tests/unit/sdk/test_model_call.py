"""The model step: asked, checked, asked again with what is wrong, and read back as what it was."""

import pytest
from pydantic import BaseModel

from functions.adapters.memory import ScriptedModel
from functions.application.ports import ModelAnswer, ModelRefused, ModelUnavailable
from functions.domain.errors import AntipodeError
from functions.sdk import Context
from functions.sdk.model_call import MODEL_RETRY
from tests.simulation.virtual_time import in_virtual_time, run_virtually
from tests.unit.sdk.recording import Recording


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


@in_virtual_time
async def test_a_model_that_is_away_is_asked_again_for_some_minutes_and_one_that_refuses_is_not() -> None:
    recording = asking(GOOD)
    await Context(recording).model("Which?", answer=Verdict, timeout=30.0)
    (request,) = recording.requests
    assert (request.retry, request.seconds) == (MODEL_RETRY, 30.0)
    assert MODEL_RETRY.mends(ModelUnavailable("throttled"), 1)
    assert not MODEL_RETRY.mends(ModelUnavailable("throttled"), MODEL_RETRY.attempts)
    assert not MODEL_RETRY.mends(ModelRefused("too long"), 1)


@in_virtual_time
async def test_two_questions_at_once_on_branches_of_their_own_do_not_share_a_name() -> None:
    recording = asking(GOOD)
    ctx = Context(recording)
    await ctx.gather(*(ctx.model(question, answer=Verdict) for question in ("Which?", "Whose?")))
    assert recording.keys() == ["gather[0]/model", "gather[1]/model"]


@pytest.mark.parametrize("name", ["", "a/b", "a#2", "gather[0]", "r2:model"])
def test_a_name_that_would_be_misread_in_a_path_is_refused(name: str) -> None:
    with pytest.raises(TypeError, match="is no name for a step"):
        run_virtually(Context(asking(GOOD)).model("Which?", answer=Verdict, name=name))

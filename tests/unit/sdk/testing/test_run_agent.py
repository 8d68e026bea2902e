"""Running an agent in a test: the real runtime, fakes for what it reaches, and no time that passes."""

import asyncio
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from functions.application.ports import ModelRequest, ModelUnavailable
from functions.domain.errors import AntipodeError
from functions.sdk import Context, TryAgain, agent, tool
from functions.sdk.testing import NOBODY, Decision, Run, pass_time, run
from tests.unit.sdk.testing.agents import (
    Opinion,
    Order,
    buy,
    count_down,
    double,
    insist,
    judge,
    pay_in_test,
    spread,
    undo,
    wait,
)

PAY = {"pay": pay_in_test}
YEAR = 365 * 86_400


def kinds(run: Run) -> list[str]:
    return [str(event["kind"]) for event in run.events]


def test_it_needs_nothing_but_the_functions() -> None:
    foreign = ("tests", "pytest", "_pytest", "boto3", "botocore", "moto", "stacks", "localstack")
    code = (
        "import sys\n"
        "import functions.sdk.testing\n"
        f"print(sorted(m for m in sys.modules if m.partition('.')[0] in {foreign!r}))\n"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_the_page_for_authors_shows_what_works() -> None:
    page = Path(__file__).parents[4] / "docs" / "agents.md"
    blocks = re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile("\n".join(blocks), page, "exec"), names)
    names["test_a_pen_is_bought_when_somebody_agrees"]()
    refused = run(names["buy"], names["Order"](item="pen"), approvals={"buyers": False})
    assert refused.result == "tester said no"


class TestTools:
    def test_a_fake_takes_the_place_of_the_tool_of_its_name_and_gets_its_arguments_and_key(self) -> None:
        done = run(buy, Order(item="book", number=2), tools=PAY)
        assert (done.status, done.error) == ("succeeded", None)
        assert done.result == {"item": "book for 6", "key": "pay"}
        assert (done.step("pay").times, done.step("look_up").times, done.step("look_up").result) == (1, 1, 6)
        assert done.progress == "found"

    def test_a_tool_without_a_fake_is_carried_out_as_it_is(self) -> None:
        done = run(buy, {"item": "book"})
        assert done.status == "failed"
        assert done.error == {"code": "step_raised", "detail": "AssertionError: a test paid for real"}
        assert done.step("pay").error == done.error

    def test_a_fake_may_be_async_take_its_time_and_leave_the_key(self) -> None:
        async def slowly(order: Order, price: int) -> dict[str, str]:
            await pass_time(20)
            return {"item": order.item, "key": str(price)}

        done = run(buy, Order(), tools={"pay": slowly})
        assert done.result == {"item": "pen", "key": "3"}
        assert done.seconds == 25.0

    def test_a_fakes_result_is_held_to_the_type_of_the_tool(self) -> None:
        done = run(buy, Order(), tools={"pay": lambda order, price: {"item": 7}})
        assert done.error is not None
        assert done.error["code"] == "value_not_serialisable"
        assert "the result of tool 'pay'" in done.error["detail"]

    def test_a_fake_is_tried_again_as_its_tool_says(self) -> None:
        fails = [TryAgain("not yet"), TryAgain("soon")]

        def twice(order: Order) -> str:
            if fails:
                raise fails.pop()
            return "at last"

        done = run(insist, Order(), tools={"flaky": twice})
        assert (done.result, done.step("flaky").times) == ("at last", 3)
        assert kinds(done).count("step_attempt_failed") == 2
        assert done.seconds > 2.0

    def test_a_tool_that_gives_up_fails_its_agent(self) -> None:
        done = run(insist, Order())
        assert done.error == {"code": "step_raised", "detail": "TryAgain: not yet"}
        assert done.step("flaky").times == 3


class TestModel:
    @pytest.mark.parametrize("answer", ['{"good": true}', {"good": True}, Opinion(good=True)])
    def test_an_answer_may_be_text_json_or_what_pydantic_writes(self, answer: object) -> None:
        done = run(judge, Order(), model=[answer])
        assert done.result == [True]
        assert [request.prompt for request in done.asked] == ["pen 0?"]

    def test_answers_are_given_in_turn_and_a_wrong_one_is_told_what_is_wrong(self) -> None:
        done = run(judge, Order(number=2), model=["no JSON", {"good": False}, {"good": True}])
        assert done.result == [False, True]
        assert "It was rejected" in done.asked[1].prompt

    def test_a_function_sees_what_is_asked(self) -> None:
        def wise(request: ModelRequest) -> object:
            return {"good": request.prompt == "pen 1?"}

        assert run(judge, Order(number=3), model=wise).result == [False, True, False]

    def test_an_error_is_raised_and_the_model_asked_again_later(self) -> None:
        done = run(judge, Order(), model=[ModelUnavailable("throttled"), {"good": True}])
        assert done.result == [True]
        assert done.seconds > 0.0
        assert len(done.asked) == 2

    def test_one_question_more_than_there_are_answers_fails_the_test_and_says_which(self) -> None:
        with pytest.raises(AssertionError, match=r"asked once more than the 1 answers of the test: 'pen 1\?'"):
            run(judge, Order(number=2), model=[{"good": True}])


class TestWaits:
    def test_a_year_of_sleep_takes_no_time(self) -> None:
        done = run(wait, Order())
        assert done.result == ["nobody", "nobody", False, "nobody", "no decision within 86400 s"]
        assert YEAR + 2 * 3600 + 86_400 <= done.seconds < YEAR + 2 * 3600 + 86_400 + 10
        assert kinds(done).count("waiting") == 4

    def test_signals_come_in_turn_as_the_agent_waits_for_them(self) -> None:
        done = run(wait, Order(), signals={"go": [{"n": 1}, ["second"]]})
        assert done.result[:2] == [{"n": 1}, ["second"]]  # type: ignore[index]
        assert done.seconds < YEAR + 86_400 + 1000

    def test_a_signal_may_be_left_out(self) -> None:
        assert run(wait, Order(), signals={"go": [NOBODY, "late"]}).result[:2] == ["nobody", "late"]  # type: ignore[index]
        by_number = {"go": lambda number: f"number {number}" if number > 1 else NOBODY}
        assert run(wait, Order(), signals=by_number).result[:2] == ["nobody", "number 2"]  # type: ignore[index]

    @pytest.mark.parametrize(
        ("script", "expected"),
        [
            (True, [True, "tester", ""]),
            (False, [False, "tester", ""]),
            (Decision(approved=True, by="ann", comment="fine"), [True, "ann", "fine"]),
            (lambda question: question == {"item": "pen"}, [True, "tester", ""]),
            (lambda question: Decision(approved=False, by=question["item"]), [False, "pen", ""]),
            (NOBODY, [False, "nobody", "no decision within 86400 s"]),
        ],
    )
    def test_a_group_decides_as_the_script_says(self, script: Any, expected: list[object]) -> None:
        assert run(wait, Order(), approvals={"legal": script}).result[2:] == expected  # type: ignore[index]

    def test_another_groups_decision_is_none(self) -> None:
        assert run(wait, Order(), approvals={"finance": True}).result[3] == "nobody"  # type: ignore[index]

    def test_a_decision_may_take_its_time(self) -> None:
        quick = run(wait, Order(), approvals={"legal": Decision(approved=True)})
        slow = run(wait, Order(), approvals={"legal": Decision(approved=True, after=7200)})
        assert 7100 < slow.seconds - quick.seconds < 7200


class TestOtherAgents:
    def test_agents_that_are_called_run_too_and_are_shown(self) -> None:
        done = run(spread, Order(number=3), agents=[double])
        assert done.result == [2, 4, 6]
        assert [(child.agent, child.status, child.result) for child in done.children] == [
            ("double", "succeeded", 2),
            ("double", "succeeded", 4),
            ("double", "succeeded", 6),
        ]
        assert done.step("map[2]/double").result == 6

    def test_an_agent_that_is_not_there_cannot_be_called(self) -> None:
        done = run(spread, Order())
        assert done.error is not None
        assert done.error["code"] == "unknown_agent"

    def test_an_agent_that_is_cancelled_may_undo_what_it_has_done(self) -> None:
        done = run(undo, Order(), cancel_after=3600)
        assert (done.status, done.error) == ("cancelled", {"code": "cancelled", "detail": "cancelled by the test"})
        assert [step.result for step in done.steps if step.kind == "tool"] == ["took pen", "gave back pen"]
        assert done.seconds < 3700

    def test_a_request_that_comes_too_late_changes_nothing(self) -> None:
        assert run(double, Order(), cancel_after=3600).status == "succeeded"

    def test_an_agent_that_begins_anew_shows_the_steps_of_all_its_rounds(self) -> None:
        done = run(count_down, Order(number=3))
        assert (done.result, kinds(done).count("continued")) == ("done", 2)
        assert [step.name for step in done.steps] == ["take", "r2:take", "r3:take"]


class TestRuns:
    def test_the_same_test_gives_the_same_run(self) -> None:
        assert run(buy, Order(), tools=PAY) == run(buy, Order(), tools=PAY)

    def test_an_input_that_does_not_fit_is_refused_as_a_client_would_be(self) -> None:
        with pytest.raises(AntipodeError, match=r"input\.number") as caught:
            run(buy, {"number": "many"})
        assert caught.value.code == "invalid_body"

    def test_an_agent_that_raises_has_failed(self) -> None:
        @agent("broken", version="1")
        async def broken(ctx: Context, order: Order) -> str:
            """Raises."""
            raise ValueError(order.item)

        assert run(broken, Order()).error == {"code": "agent_raised", "detail": "ValueError: pen"}

    def test_an_agent_that_takes_another_path_each_time_is_stopped_and_told_so(self) -> None:
        paths = iter("abcdef")

        @tool(name="other")
        async def other(order: str) -> None:
            """Does nothing."""

        @agent("fickle", version="1")
        async def fickle(ctx: Context, order: Order) -> str:
            """Asks for something else each time it runs."""
            await ctx.tool(other, next(paths))
            await ctx.sleep(3600)
            return "done"

        done = run(fickle, Order())
        assert (done.status, done.error is not None and done.error["code"]) == ("waiting", "replay_diverged")
        assert done.error is not None
        assert "'other'" in done.error["detail"]

    def test_a_tool_that_outlives_its_worker_is_given_up_and_begun_again_by_the_next(self) -> None:
        waits = iter([500.0, 1.0])

        @agent("long", version="1")
        async def long(ctx: Context, order: Order) -> str:
            """Uses a tool that hangs the first time."""
            result: str = await ctx.tool(hanging, order.item)
            return result

        async def hanging(item: str) -> str:
            await pass_time(next(waits))
            return item

        done = run(long, Order())
        assert (done.result, done.step("hanging").times) == ("pen", 2)
        assert kinds(done).count("attempt_yielded") == 1

    def test_an_agent_that_hangs_outside_of_any_step_fails_in_the_end(self) -> None:
        @agent("hang", version="1")
        async def hang(ctx: Context, order: Order) -> None:
            """Waits for what nobody will do."""
            await asyncio.Event().wait()

        done = run(hang, Order())
        assert (done.status, done.error is not None and done.error["code"]) == ("failed", "attempts_exhausted")

    def test_large_values_are_shown_as_what_they_are(self) -> None:
        @agent("large", version="1")
        async def large(ctx: Context, order: Order) -> str:
            """Returns a lot."""
            result: str = await ctx.tool(much, order.number)
            return result

        async def much(number: int) -> str:
            return "x" * number

        done = run(large, Order(number=1_000_000))
        assert done.result == done.step("much").result == "x" * 1_000_000

    def test_a_step_that_is_not_there_is_an_error_that_names_those_that_are(self) -> None:
        with pytest.raises(LookupError, match="no step 'sell'; there are look_up, pay"):
            run(buy, Order(), tools=PAY).step("sell")

    def test_the_story_tells_each_event_with_its_time(self) -> None:
        lines = run(buy, Order(), tools=PAY).story.splitlines()
        assert lines[0] == "buy succeeded after 5.0 s: {'item': 'pen for 3', 'key': 'pay'}"
        assert "           5.0 s  step_succeeded  look_up" in lines

    def test_a_run_within_an_event_loop_is_refused_with_the_reason(self) -> None:
        async def program() -> None:
            run(double, Order())

        with pytest.raises(TypeError, match="call it from an ordinary function"):
            asyncio.run(program())

"""Killing an agent's worker everywhere: agents that can bear it, and how those that cannot are found out."""

import itertools
from collections.abc import Callable

import pytest

from functions.adapters.memory import MemoryHistory
from functions.application.ports import Due
from functions.domain.job.events import StepSucceeded
from functions.domain.job.history import Segment
from functions.sdk import Context, agent
from functions.sdk.testing import CrashReport, Decision, crash_everywhere
from functions.sdk.testing.run_agent import Scene
from tests.unit.sdk.testing.agents import Order, buy, count_down, double, insist, judge, pay_in_test, spread, undo, wait

PAY = {"pay": pay_in_test}
SIGNALS = {"go": ["on", "off"]}


def buying() -> CrashReport:
    return crash_everywhere(buy, Order(), tools=PAY)


TRIALS: dict[str, Callable[[], CrashReport]] = {
    "tools": buying,
    "waits": lambda: crash_everywhere(
        wait, Order(), signals={"go": ["on", "off"]}, approvals={"legal": Decision(True)}, every=4
    ),
    "waits in vain": lambda: crash_everywhere(wait, Order(), every=5),
    "model": lambda: crash_everywhere(judge, Order(number=2), model=["no JSON", {"good": False}, {"good": True}]),
    "calls": lambda: crash_everywhere(spread, Order(number=3), agents=[double], every=5),
    "cancelled": lambda: crash_everywhere(undo, Order(), cancel_after=3600, every=2),
    "begun anew": lambda: crash_everywhere(count_down, Order(number=3)),
    "failing": lambda: crash_everywhere(insist, Order(), every=2),
}


@pytest.mark.parametrize("trial", TRIALS)
def test_agents_of_every_kind_lose_nothing_but_time_wherever_their_workers_die(trial: str) -> None:
    report = TRIALS[trial]()
    assert report.run.status in {"succeeded", "cancelled", "failed"}
    assert report.runs > len(report.places) / 5


def test_a_worker_is_killed_at_each_effect_and_each_write_and_once_more_as_the_next_goes_on() -> None:
    report = buying()
    for place in ("tool look_up", "tool pay", "history.append"):
        assert {f"before {place}", f"after {place}"} <= set(report.places)
    assert not any(place.endswith(".read") for place in report.places)
    undisturbed, with_second_death = 2, 2 * len(report.places)
    assert undisturbed + len(report.places) < report.runs <= undisturbed + with_second_death


def test_the_report_names_the_effects_that_were_begun_again_before_their_end_was_recorded() -> None:
    report = buying()
    assert set(report.repeated) == {"look_up", "pay"}
    assert set(report.repeated.values()) <= {2, 3}, "killed twice, it is begun three times at most"
    times = {step: f"{step} ({count} times)" for step, count in report.repeated.items()}
    assert str(report) == (
        f"buy succeeded alike in {report.runs} runs, killed at {len(report.places)} places, once and twice. "
        f"Begun again before their end was recorded: {times['look_up']}, {times['pay']}."
    )


def test_what_is_tried_again_by_its_policy_is_not_named_as_begun_again() -> None:
    assert dict(TRIALS["failing"]().repeated) == {}


def test_a_tool_that_gives_another_answer_when_it_is_called_again_is_found() -> None:
    numbers = itertools.count()

    def pay(order: Order, price: int) -> dict[str, str]:
        return {"item": order.item, "key": str(next(numbers))}

    with pytest.raises(AssertionError) as caught:
        crash_everywhere(buy, Order(), tools={"pay": pay})
    story = str(caught.value).splitlines()
    assert story[0].startswith("buy: ended as ('succeeded', {'item': 'pen', 'key': ")
    assert "undisturbed as ('succeeded', {'item': 'pen', 'key': '0'}, None)" in story[0]
    assert any(line.startswith("killed ") and line.endswith("(of worker 1)") for line in story)
    assert story.index("undisturbed:") < story.index("killed:")
    assert any("step_succeeded  pay" in line for line in story)


def test_what_differs_from_run_to_run_and_does_not_matter_can_be_left_out_of_the_comparison() -> None:
    numbers = itertools.count()

    def pay(order: Order, price: int) -> dict[str, str]:
        return {"item": order.item, "key": str(next(numbers))}

    report = crash_everywhere(buy, Order(), tools={"pay": pay}, same=lambda result: result["item"])  # type: ignore[index,call-overload]
    assert report.run.status == "succeeded"


def test_an_agent_that_takes_another_path_when_it_is_run_again_is_found() -> None:
    runs = itertools.count()

    async def note(which: int) -> int:
        return which

    @agent("fickle", version="1")
    async def fickle(ctx: Context, order: Order) -> str:
        """Looks at what is not recorded."""
        await ctx.tool(note, next(runs))
        await ctx.tool(note, 0)
        return "done"

    with pytest.raises(AssertionError, match="replay_diverged"):
        crash_everywhere(fickle, Order())


def test_a_recorded_step_that_is_carried_out_again_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    append = MemoryHistory.append

    async def forget(self: MemoryHistory, segment: Segment, *, due: Due | None = None) -> None:
        """Acknowledge a payment, and lose it."""
        if not any(isinstance(event, StepSucceeded) and event.step == "pay_in_test" for event in segment.events):
            await append(self, segment, due=due)

    monkeypatch.setattr(MemoryHistory, "append", forget)
    with pytest.raises(AssertionError, match="pay_in_test: carried out again though its end was recorded"):
        crash_everywhere(pay_and_rest, Order())


@agent("pay-and-rest", version="1")
async def pay_and_rest(ctx: Context, order: Order) -> str:
    """Pays, and does something else."""
    receipt = await ctx.tool(pay_in_test, order, 1)
    await ctx.sleep(100)
    return str(receipt.key)


def test_every_must_be_at_least_one() -> None:
    with pytest.raises(ValueError, match="every must be at least 1"):
        crash_everywhere(buy, Order(), tools=PAY, every=0)


def test_with_every_third_place_there_are_a_third_of_the_runs() -> None:
    report = crash_everywhere(buy, Order(), tools=PAY, every=3)
    assert report.runs < buying().runs / 2


def test_two_deaths_leave_three_workers_and_dead_ones_do_nothing_more() -> None:
    _, cloud = Scene(buy, Order(), {"tools": PAY}).play((3, 2))
    assert [life.over.is_set() for life in cloud.lives] == [True, True, False]
    assert [len(life.places) for life in cloud.lives[:2]] == [4, 3]

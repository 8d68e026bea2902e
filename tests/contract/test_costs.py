"""What jobs of each kind cost: requests, and the write units of their items and index entries. No number may rise.

A write is billed in both Regions, for the table is global: twice the units here and at the peer. Whoever raises a
number explains it in the budget (DESIGN section 8).
"""

from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from functions.adapters.aws_clients import AwsClients
from functions.domain.job.arrivals import ArrivalKind
from functions.sdk import Context, agent, tool
from tests.contract.ledger import CountedRegion, size_of, units_of
from tests.simulation.virtual_time import run_virtually
from tests.unit.application.agents import Nothing

Costs = tuple[dict[str, int], dict[str, int]]
SUBMITTED: Costs = (
    {"state Query": 1, "state PutItem": 1, "peer PutItem": 1, "peer GetItem": 1, "lanes SendMessageBatch": 1},
    {"state": 3, "peer": 3},
)


@tool(expensive=True)
async def flushed(number: int) -> str:
    """Be worth a write of its own."""
    return f"done {number}"


async def quick(number: int) -> str:
    """Be written with what comes next."""
    return f"done {number}"


@agent("three", version="1")
async def three(ctx: Context, request: Nothing) -> list[str]:
    """Takes three steps."""
    return [await ctx.tool(quick, number) for number in range(3)]


@agent("ten", version="1")
async def ten(ctx: Context, request: Nothing) -> list[str]:
    """Takes ten steps, each of them flushed."""
    return [await ctx.tool(flushed, number) for number in range(10)]


@agent("sleeper", version="1")
async def sleeper(ctx: Context, request: Nothing) -> str:
    """Sleeps once."""
    await ctx.sleep(100)
    return "awake"


@agent("listener", version="1")
async def listener(ctx: Context, request: Nothing) -> str:
    """Waits for a signal."""
    heard: str = await ctx.signal("go", timeout=3600)
    return heard


@agent("caller", version="1")
async def caller(ctx: Context, request: Nothing) -> list[str]:
    """Has another agent do the work."""
    result: list[str] = await ctx.call("three", request)
    return result


def in_a_region(program: Callable[[CountedRegion], Coroutine[Any, Any, None]], clients: AwsClients) -> None:
    """Run the program on tables in moto, which `clients` keeps going."""
    region = CountedRegion(three, ten, sleeper, listener, caller)
    run_virtually(program(region))


def at_most(region: CountedRegion, limits: Costs) -> None:
    """Fail when anything since the last look has cost more."""
    for taken, limit in zip(region.ledger.taken(), limits, strict=True):
        over = {what: count for what, count in taken.items() if count > limit.get(what, 0)}
        assert not over, f"costs {over}, may cost {limit}"


async def submitted(region: CountedRegion, name: str) -> str:
    job = await region.submit(name, {})
    at_most(region, SUBMITTED)
    return job


async def ended(region: CountedRegion, job: str) -> None:
    assert (await region.state(job)).status == "succeeded"


def test_three_steps_cost_one_read_and_one_write(clients: AwsClients) -> None:
    async def program(region: CountedRegion) -> None:
        job = await submitted(region, "three")
        await region.work()
        at_most(region, ({"state Query": 1, "state PutItem": 1}, {"state": 1}))
        await ended(region, job)

    in_a_region(program, clients)


def test_ten_steps_that_are_all_flushed_cost_a_write_each_and_one_for_the_end(clients: AwsClients) -> None:
    async def program(region: CountedRegion) -> None:
        job = await submitted(region, "ten")
        await region.work()
        at_most(region, ({"state Query": 1, "state PutItem": 11}, {"state": 11}))
        await ended(region, job)

    in_a_region(program, clients)


def test_a_sleep_costs_a_segment_a_note_and_a_hint_and_then_another_attempt(clients: AwsClients) -> None:
    async def program(region: CountedRegion) -> None:
        job = await submitted(region, "sleeper")
        await region.work()
        at_most(region, ({"state Query": 4, "state PutItem": 5, "lanes SendMessageBatch": 1}, {"state": 7}))
        await ended(region, job)

    in_a_region(program, clients)


def test_a_signal_costs_a_write_in_each_region_and_a_hint_and_then_another_attempt(clients: AwsClients) -> None:
    async def program(region: CountedRegion) -> None:
        job = await submitted(region, "listener")
        await region.work()
        at_most(region, ({"state Query": 2, "state PutItem": 2}, {"state": 3}))
        state = await region.state(job)
        await region.send_arrival().send(job, state, ArrivalKind.SIGNAL, "go/1", by="ann", body="on")
        sent = {"state PutItem": 1, "peer PutItem": 1, "lanes SendMessageBatch": 1}
        at_most(region, (sent, {"state": 2, "peer": 2}))
        await region.work()
        at_most(region, ({"state Query": 2, "state PutItem": 4}, {"state": 7}))
        await ended(region, job)

    in_a_region(program, clients)


def test_a_call_costs_a_job_its_end_in_each_region_and_a_hint_and_then_another_attempt(clients: AwsClients) -> None:
    async def program(region: CountedRegion) -> None:
        job = await submitted(region, "caller")
        await region.work()
        requests = {
            "state Query": 8,
            "state PutItem": 10,
            "peer PutItem": 2,
            "peer GetItem": 1,
            "lanes SendMessageBatch": 2,
        }
        at_most(region, (requests, {"state": 17, "peer": 5}))
        await ended(region, job)

    in_a_region(program, clients)


def test_a_cost_that_has_risen_is_named(clients: AwsClients) -> None:
    async def program(region: CountedRegion) -> None:
        await region.submit("three", {})
        with pytest.raises(AssertionError, match=r"costs \{'state PutItem': 1\}, may cost \{"):
            at_most(region, ({**SUBMITTED[0], "state PutItem": 0}, SUBMITTED[1]))

    in_a_region(program, clients)


BIG = {"pk": {"S": "p"}, "sk": {"S": "s"}, "events": {"S": "x" * 1023}}
SMALL = {"pk": {"S": "p"}, "sk": {"S": "s"}, "events": {"S": "x"}}
DUE = {**SMALL, "due_pk": {"S": "d"}, "due_sk": {"S": "1"}}
LATER = {**DUE, "due_sk": {"S": "2"}}


@pytest.mark.parametrize(
    ("item", "before", "units"),
    [
        (SMALL, None, 1),
        (BIG, None, 2),
        (SMALL, BIG, 2),
        (DUE, None, 2),
        (DUE, DUE, 1),
        (LATER, DUE, 3),
        (SMALL, DUE, 2),
        ({**DUE, "list_sk": {"S": "l"}}, None, 3),
    ],
)
def test_units_are_counted_as_dynamodb_bills_them(item: Any, before: Any, units: int) -> None:
    assert units_of(item, before) == units


def test_an_item_is_as_large_as_its_names_and_values() -> None:
    assert size_of({"pk": {"S": "ä"}, "n": {"N": "1234"}, "b": {"B": b"123"}, "t": {"BOOL": True}}) == 4 + 5 + 4 + 2

"""How many requests and units a job costs. Whoever raises a number here explains it in docs/cost.md."""

import pytest

from tests.benchmarks.job_cost import BUDGETS, cost_of
from tests.benchmarks.job_units import KINDS, count

#: Requests to DynamoDB and SQS, write units of both Regions together, read units.
COUNTED = {
    "3 steps": (8, 10, 4.0),
    "10 steps": (8, 14, 4.0),
    "10 steps, each flushed": (18, 30, 5.0),
    "one sleep of a minute": (16, 22, 7.0),
    "one signal": (23, 34, 10.0),
    "one child job of 3 steps": (32, 46, 15.0),
}


@pytest.mark.parametrize("name", KINDS)
def test_a_job_takes_no_more_requests_and_units_than_it_did(name: str) -> None:
    units = count(KINDS[name])
    assert (units.requests, units.write_units, units.read_units) == COUNTED[name]


@pytest.mark.parametrize("name", BUDGETS)
def test_a_million_jobs_cost_no_more_than_their_budget(name: str) -> None:
    cost = cost_of(count(KINDS[name]))
    assert cost.total <= BUDGETS[name], dict(cost.parts)

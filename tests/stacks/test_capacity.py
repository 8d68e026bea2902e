"""Each Region is given what one Region needs to carry all."""

from dataclasses import replace

import pytest

from functions.handlers.archive_jobs import RUN_SECONDS
from stacks.capacity import (
    ARCHIVER_RUN_SECONDS,
    ARCHIVING_SECONDS,
    LAMBDA_KEEPS_UNRESERVED,
    Load,
    Need,
    needs,
    reserved_concurrency,
    slots,
    workers,
    workers_for,
)
from stacks.catalog import FUNCTIONS, EveryLane, function_named
from stacks.environments import configuration_of
from stacks.running_costs import monthly_costs
from stacks.waiting import LaneLoad
from tests.stacks.templates import Environment, resolve
from tests.stacks.variants import LOCAL, PRODUCTION

PROD = configuration_of(PRODUCTION)
LOAD = Load(lanes={lane.name: LaneLoad(600, 30) for lane in PROD.lanes}, events_a_job=3)


def need(quota: str, load: Load = LOAD) -> Need:
    return next(each for each in needs(PROD, load) if each.quota.startswith(quota))


def test_the_workers_concurrency_is_set_apart_for_all_lanes_and_mappings_take_no_more(prod: Environment) -> None:
    for template in prod.regions.values():
        _, function = template.function(function_named("advance_jobs"))
        mappings = template.properties("Lambda::EventSourceMapping")
        worker = f"<{template.alias_of(function_named('advance_jobs'))}>:live"
        mine = [each for each in mappings if resolve(each["FunctionName"]) == worker]
        widths = [each["ScalingConfig"]["MaximumConcurrency"] for each in mine]
        assert len(widths) == len(PROD.lanes)
        assert function["ReservedConcurrentExecutions"] == sum(widths) == workers(PROD) == 350


def test_nobody_else_has_concurrency_set_apart(prod: Environment, dev: Environment) -> None:
    apart = [each for each in prod.first.properties("Lambda::Function") if "ReservedConcurrentExecutions" in each]
    assert len(apart) == 1
    assert not [each for each in dev.first.properties("Lambda::Function") if "ReservedConcurrentExecutions" in each]
    assert reserved_concurrency(configuration_of(LOCAL), function_named("advance_jobs")) is None
    for row in FUNCTIONS:
        assert (reserved_concurrency(PROD, row) is None) is not isinstance(row.trigger, EveryLane)


def test_both_regions_have_the_same_room(prod: Environment) -> None:
    first, second = (
        sorted(str(each.get("ScalingConfig")) for each in template.properties("Lambda::EventSourceMapping"))
        for template in prod.regions.values()
    )
    assert first == second


def test_a_lane_has_ten_jobs_a_worker_and_is_wide_enough_at_four_fifths() -> None:
    assert slots(PROD, "standard") == 2000
    assert workers_for(LaneLoad(600, 60)) == 75  # 600 at once, of 750
    assert workers_for(LaneLoad(1, 1)) == 2, "a mapping takes no fewer"


def test_lambda_s_quota_holds_all_workers_and_what_it_keeps_back_itself() -> None:
    idle = replace(LOAD, lanes={"standard": LaneLoad(0, 1)})
    assert need("Concurrent executions", idle).needed == workers(PROD) + LAMBDA_KEEPS_UNRESERVED
    flooded = replace(LOAD, lanes={"standard": LaneLoad(600_000, 1)})
    assert need("Concurrent executions", flooded).needed > 1900
    assert not need("Concurrent executions", flooded).suffices


def test_writes_count_whole_in_each_region_before_and_after_a_loss() -> None:
    archivers = 2 / ARCHIVING_SECONDS
    assert need("Table-level write").needed == pytest.approx(30 * 5 + archivers * 5, abs=0.1)
    flushed = need("Table-level write", replace(LOAD, flushes_a_job=2))
    assert flushed.needed == pytest.approx(30 * 7 + archivers * 7, abs=0.1)


def test_the_busiest_lane_fills_one_partition_first() -> None:
    assert need("Writes of one partition").needed == pytest.approx(5 + 2 / ARCHIVING_SECONDS, abs=0.1)
    crowded = replace(LOAD, lanes={"standard": LaneLoad(180_000, 1)})
    assert not need("Writes of one partition", crowded).suffices
    assert not need("Writes of one partition", crowded).adjustable


def test_an_archiver_that_cannot_keep_up_is_told_of_and_one_that_is_off_takes_nothing() -> None:
    assert need("Seconds of each hour").needed == 1512.0, "30 a second, of 14 ms each"
    assert not need("Seconds of each hour").suffices
    slower = replace(LOAD, lanes={"standard": LaneLoad(600, 30)})
    assert need("Seconds of each hour", slower).suffices
    never = configuration_of({**PRODUCTION, "archive": {"after_days": 0}})
    found = {each.quota.partition(",")[0]: each.needed for each in needs(never, LOAD)}
    assert found["Table-level write throughput"] == 30 * 5
    assert found["Writes of one partition"] == 5
    assert "Seconds of each hour's run" not in found


def test_an_archiver_works_no_longer_than_it_is_started_for() -> None:
    assert ARCHIVER_RUN_SECONDS == RUN_SECONDS


def test_a_million_jobs_are_archived_for_what_the_page_on_cost_says() -> None:
    load = Load(lanes={"standard": LaneLoad(1_000_000 / 43_800, 0)}, reads_a_job=0)
    costs = monthly_costs(load, memory_gb=1, interval_seconds=10, archive=True)
    archive = [cost for cost in costs if "archive" in cost.what]
    assert sum(cost.dollars for cost in archive) == pytest.approx(6.86, abs=0.01)
    assert sum(cost.for_two for cost in archive) == pytest.approx(3.18, abs=0.01)
    without = monthly_costs(load, memory_gb=1, interval_seconds=10)
    assert not [cost for cost in without if "archive" in cost.what]


def test_events_are_counted_unless_nothing_is_told() -> None:
    assert need("PutEvents").needed == 90
    silent = PROD.model_copy(update={"broadcast": "off"})
    assert next(each for each in needs(silent, LOAD) if each.service == "EventBridge").needed == 0


@pytest.mark.parametrize("index", range(len(needs(PROD, LOAD))))
def test_every_quota_says_why(index: int) -> None:
    each = needs(PROD, LOAD)[index]
    assert each.why
    assert each.default > 0


def test_a_million_three_step_jobs_cost_what_the_page_on_cost_says() -> None:
    """Without workers' own time, of which the page counts what a batch of ten waits for writes only."""
    minutes = 43_800
    load = Load(lanes={"standard": LaneLoad(1_000_000 / minutes, 0)}, reads_a_job=0)
    costs = {cost.what: cost.dollars for cost in monthly_costs(load, memory_gb=1, interval_seconds=10)}
    by_job = sum(value for what, value in costs.items() if "clockwork" not in what and "Route 53" not in what)
    assert by_job == pytest.approx(11.89, abs=0.01)


def test_a_region_stands_still_for_what_the_page_on_cost_says_and_leases_and_keys_come_on_top() -> None:
    def standing_still(*, leases: bool = False, keys: bool = False) -> float:
        costs = monthly_costs(LOAD, memory_gb=1, interval_seconds=10, leases=leases, keys=keys)
        return sum(cost.for_two for cost in costs if "clockwork" in cost.what)

    alone = standing_still()
    assert alone == pytest.approx(58.4, abs=0.1)
    assert standing_still(leases=True) - alone == pytest.approx(0.99, abs=0.01)
    assert standing_still(keys=True) - alone == 3.0


def test_the_other_region_costs_half_of_the_writes_and_of_what_stands_still() -> None:
    costs = monthly_costs(LOAD, memory_gb=1, interval_seconds=10)
    for cost in costs:
        assert cost.for_two in (0.0, pytest.approx(cost.dollars / 2))
    assert sum(cost.for_two for cost in costs) > 0

"""`antipode regions plan`: it asks nobody, and says what one Region lacks to carry all."""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import Antipode, one_line


def test_room_for_all_is_said_with_quotas_waits_and_costs(antipode: Antipode) -> None:
    result = antipode("regions", "plan", "--jobs-per-minute", "standard=200", "--job-seconds", "standard=60")
    assert result.exit_code == 0, result.output
    for said in (
        "Quotas of each Region",
        "Concurrent executions",
        "L-B99A9384",
        "longest wait",
        "USD a month",
        "in all",
    ):
        assert said in result.output


def test_a_lane_without_room_is_named_with_what_it_needs_and_ends_with_one(antipode: Antipode) -> None:
    result = antipode("regions", "plan", "--env", "dev", "--jobs-per-minute", "batch=600", "--job-seconds", "batch=60")
    assert result.exit_code == 1
    assert "batch needs max_concurrency 75 in each Region, and has 5" in result.output
    assert "grows" in result.output


def test_as_json_everything_is_a_number_and_what_never_ends_is_null(antipode: Antipode) -> None:
    result = antipode("regions", "plan", "--env", "dev", "--jobs-per-minute", "batch=600", "--json")
    found = json.loads(result.stdout)
    assert found["regions"] == ["us-east-1", "us-west-2"]
    batch = found["lanes"]["batch"]
    assert (batch["has_room"], batch["wait_after"], batch["max_concurrency_for_all"]) == (False, None, 38)
    assert found["lanes"]["critical"]["has_room"] is True
    assert all({"quota", "needed", "default", "suffices"} <= set(row) for row in found["quotas"])
    each = found["dollars_a_month"]["each"]
    assert found["dollars_a_month"]["in_all"] == pytest.approx(sum(row["dollars"] for row in each), abs=0.01)


@pytest.mark.parametrize(
    ("context", "before"),
    [
        ([], 0.75),
        (["-c", "routing=latency"], 0.375),
        (["-c", "routing=weighted", "-c", "weights=us-east-1=90,us-west-2=10"], 0.675),
    ],
    ids=["failover: all in one", "latency: half in each", "weighted: the greater weight"],
)
def test_what_a_loss_takes_depends_on_the_routing(antipode: Antipode, context: list[str], before: float) -> None:
    load = ["--jobs-per-minute", "critical=450", "--job-seconds", "critical=100"]
    lane = json.loads(antipode("regions", "plan", *context, *load, "--json").stdout)["lanes"]["critical"]
    assert (lane["utilisation_before"], lane["utilisation_after"]) == (before, 0.75)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (
            ["--jobs-per-minute", "fast=3"],
            "--jobs-per-minute fast=3: no lane is named fast; there are critical, standard, batch",
        ),
        (["--job-seconds", "batch=soon"], "--job-seconds batch=soon: give a number of 0 or more"),
        (["--job-seconds", "batch=-1"], "--job-seconds batch=-1: give a number of 0 or more"),
        (["--jobs-per-minute", "batch"], "--jobs-per-minute batch: write KEY=VALUE"),
        (["-c", "routing=any"], "routing: Input should be 'failover', 'latency' or 'weighted', but it is 'any'"),
    ],
)
def test_a_wrong_option_is_one_line(antipode: Antipode, arguments: list[str], complaint: str) -> None:
    assert complaint in one_line(antipode("regions", "plan", *arguments), code=2)

"""How long work waits, held to results that are known by heart or follow by hand."""

import math

import pytest

from stacks.waiting import LaneLoad, loss_of_region, mean_wait, slots_for


def load(busy: float, seconds: float = 10.0) -> LaneLoad:
    """Return a load that keeps so many slots busy."""
    return LaneLoad(60 * busy / seconds, seconds)


def test_one_server_waits_by_the_textbook() -> None:
    """M/M/1: utilisation over what is left of it, times the time of one job."""
    assert mean_wait(load(0.5), 1) == pytest.approx(10 * 0.5 / 0.5)
    assert mean_wait(load(0.9), 1) == pytest.approx(10 * 0.9 / 0.1)


def test_two_servers_wait_by_the_textbook() -> None:
    """M/M/2 at load a: the share that waits is a*a / (2 + a) ... of it, each for seconds / (2 - a)."""
    a = 1.0
    waits = (a**2 / 2 * 2 / (2 - a)) / (1 + a + a**2 / 2 * 2 / (2 - a))
    assert mean_wait(load(a), 2) == pytest.approx(waits * 10 / (2 - a))


def test_many_servers_hardly_wait_and_ten_thousand_are_reckoned_with() -> None:
    seen = mean_wait(load(7_000), 10_000)
    assert seen is not None
    assert math.isfinite(seen)
    assert seen < 1e-6


def test_where_nothing_comes_nothing_waits_and_where_too_much_comes_it_never_ends() -> None:
    assert mean_wait(LaneLoad(0, 30), 1) == 0.0
    assert mean_wait(load(5), 5) is None
    assert mean_wait(load(6), 5) is None


@pytest.mark.parametrize(("busy", "utilisation", "slots"), [(8, 0.8, 10), (8.01, 0.8, 11), (0, 0.8, 0)])
def test_as_many_slots_as_keep_the_utilisation(busy: float, utilisation: float, slots: int) -> None:
    assert slots_for(load(busy), utilisation) == slots


def test_a_loss_brings_the_survivor_the_jobs_and_what_clients_could_not_submit() -> None:
    # 60 jobs a minute of 10 s keep 10 slots busy; half were the lost Region's, and 45 s of its submits come late.
    felt = loss_of_region(LaneLoad(60, 10), 20, share=0.5, unreachable=45, adopted_after=60)
    assert (felt.utilisation_before, felt.utilisation_after) == (0.25, 0.5)
    assert felt.backlog == pytest.approx(5 + 45 * 0.5, rel=0.01)
    assert felt.longest_wait == pytest.approx(60 + felt.backlog / 1.0)  # 10 slots are free: one job a second


def test_a_survivor_without_room_never_catches_up() -> None:
    felt = loss_of_region(LaneLoad(60, 10), 8, share=0.5, unreachable=45, adopted_after=60)
    assert felt.wait_before is not None
    assert (felt.wait_after, felt.longest_wait) == (None, None)
    assert felt.utilisation_after > 1


def test_in_mode_failover_the_lost_region_had_everything_and_the_survivor_is_as_busy_as_it_was() -> None:
    felt = loss_of_region(LaneLoad(60, 10), 20, share=1.0, unreachable=45, adopted_after=60)
    assert felt.utilisation_before == felt.utilisation_after == 0.5
    assert felt.wait_before == felt.wait_after

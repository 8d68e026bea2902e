"""When a Region holds its peer for lost. Time is told in rounds of five seconds after noon."""

import pytest

from functions.domain.ownership.verdict import (
    LOOK_BACK_SECONDS,
    Heartbeat,
    Verdict,
    Watch,
    judge,
    observe,
    outlived,
    silent_since,
)
from tests.unit.domain.job.writing import EAST, NOON, WEST, at

ROUND = 5.0
STALE = 20.0


class Sentinel:
    """The survivor's: sees a heartbeat and a probe in each round, and keeps its verdict."""

    def __init__(self, verdict: Verdict | None = None) -> None:
        self.watch = Watch()
        self.verdict = verdict or Verdict(WEST, EAST, False, NOON)
        self.rounds = 0

    def sees(self, beat: int | None, *, probe: bool, peer_clock: float = 0.0, times: int = 1) -> bool:
        """The verdict after so many rounds like this; the beat moves on by itself unless it is the same number."""
        for _ in range(times):
            now = self.rounds * ROUND
            heartbeat = None if beat is None else Heartbeat(EAST, at(now + peer_clock), beat)
            self.watch = observe(self.watch, heartbeat=heartbeat, probe_ok=probe, now=at(now))
            self.verdict = judge(self.verdict, self.watch, region=WEST, peer=EAST, stale_seconds=STALE, now=at(now))
            self.rounds += 1
        return self.verdict.lost

    def sees_beating(self, *, probe: bool, times: int, peer_clock: float = 0.0) -> bool:
        """The verdict after so many rounds in which the peer's heart beats."""
        for _ in range(times):
            self.sees(self.rounds + 1000, probe=probe, peer_clock=peer_clock)
        return self.verdict.lost


def test_a_silent_peer_whose_health_fails_is_lost_once_its_heartbeat_is_stale() -> None:
    sentinel = Sentinel()
    assert not sentinel.sees_beating(probe=True, times=3)
    assert not sentinel.sees(7, probe=False, times=4)
    assert sentinel.sees(7, probe=False)
    assert sentinel.verdict.since == at((sentinel.rounds - 1) * ROUND)


@pytest.mark.parametrize("peer_clock", [0.0, -3600.0, 3600.0])
def test_a_stale_heartbeat_alone_never_declares(peer_clock: float) -> None:
    assert not Sentinel().sees(7, probe=True, peer_clock=peer_clock, times=500)


@pytest.mark.parametrize("peer_clock", [0.0, -3600.0, 3600.0])
def test_a_failing_health_alone_never_declares(peer_clock: float) -> None:
    assert not Sentinel().sees_beating(probe=False, times=500, peer_clock=peer_clock)


def test_a_probe_that_fails_only_now_and_then_never_declares() -> None:
    sentinel = Sentinel()
    for _ in range(100):
        assert not sentinel.sees(7, probe=False, times=2)
        assert not sentinel.sees(7, probe=True)


def test_a_clock_that_is_an_hour_slow_in_the_peer_counts_in_the_first_round_only() -> None:
    sentinel = Sentinel()
    assert not sentinel.sees_beating(probe=False, times=50, peer_clock=-3600)


def test_a_sentinel_that_has_just_begun_takes_an_old_heartbeat_for_old() -> None:
    sentinel = Sentinel()
    watch = observe(Watch(), heartbeat=Heartbeat(EAST, at(-60), 7), probe_ok=False, now=NOON)
    assert watch.seen_at == at(-60)
    sentinel.watch = watch
    assert sentinel.sees(7, probe=False, times=2)


def test_a_peer_that_never_had_a_heart_is_lost_only_after_the_same_time() -> None:
    sentinel = Sentinel()
    assert not sentinel.sees(None, probe=False, times=4)
    assert sentinel.sees(None, probe=False, times=1)


def test_a_lost_peer_is_back_after_three_good_rounds() -> None:
    sentinel = Sentinel(Verdict(WEST, EAST, True, NOON))
    assert sentinel.sees_beating(probe=True, times=3)
    assert not sentinel.sees_beating(probe=True, times=1)


def test_a_lost_peer_is_not_back_while_one_sign_is_missing() -> None:
    assert Sentinel(Verdict(WEST, EAST, True, NOON)).sees(7, probe=True, times=100)
    assert Sentinel(Verdict(WEST, EAST, True, NOON)).sees_beating(probe=False, times=100)


def test_a_failed_probe_begins_the_count_of_good_rounds_anew() -> None:
    sentinel = Sentinel(Verdict(WEST, EAST, True, NOON))
    for _ in range(5):
        sentinel.sees_beating(probe=True, times=2)
        sentinel.sees_beating(probe=False, times=1)
    assert sentinel.verdict.lost


def test_the_first_verdict_of_all_is_that_the_peer_is_there() -> None:
    watch = Watch(seen_at=at(-1000), failed_probes=99)
    assert judge(None, watch, region=WEST, peer=EAST, stale_seconds=STALE, now=NOON) == Verdict(WEST, EAST, False, NOON)


def test_a_verdict_that_does_not_change_is_the_same_object() -> None:
    verdict = Verdict(WEST, EAST, True, NOON)
    assert judge(verdict, Watch(), region=WEST, peer=EAST, stale_seconds=STALE, now=at(9)) is verdict


def parted_and_back() -> Verdict:
    """The verdict on a peer that was lost at noon and is back a minute later."""
    back = Watch(good_rounds=3)
    lost = Verdict(WEST, EAST, True, NOON, NOON)
    return judge(lost, back, region=WEST, peer=EAST, stale_seconds=STALE, now=at(60))


def test_when_the_peer_is_back_the_verdict_still_says_since_when_it_had_been_lost() -> None:
    assert parted_and_back() == Verdict(WEST, EAST, False, at(60), NOON)
    lost_by_an_older_version = Verdict(WEST, EAST, True, NOON)
    found = judge(
        lost_by_an_older_version, Watch(good_rounds=3), region=WEST, peer=EAST, stale_seconds=STALE, now=at(60)
    )
    assert found.parted_at == NOON


def test_a_region_looks_back_for_a_quarter_of_an_hour_after_its_peer_is_back() -> None:
    verdict = parted_and_back()
    assert verdict.looks_back(at(60 + LOOK_BACK_SECONDS - 1))
    assert not verdict.looks_back(at(60 + LOOK_BACK_SECONDS))
    assert not Verdict(WEST, EAST, False, NOON).looks_back(at(1))
    assert not Verdict(WEST, EAST, True, NOON, NOON).looks_back(at(1))


@pytest.mark.parametrize(("seconds", "parted_at"), [(100.0, NOON), (2000.0, at(2000))])
def test_a_peer_that_is_lost_again_before_all_was_looked_at_was_lost_from_the_first_time_on(
    seconds: float, parted_at: str
) -> None:
    silent = Watch(seen_at=NOON, failed_probes=3)
    again = judge(parted_and_back(), silent, region=WEST, peer=EAST, stale_seconds=STALE, now=at(seconds))
    assert again == Verdict(WEST, EAST, True, at(seconds), parted_at)


def test_a_lost_peer_is_silent_until_a_heartbeat_comes_though_the_verdict_stands_for_longer() -> None:
    sentinel = Sentinel()
    assert sentinel.sees(7, probe=False, times=6)
    assert silent_since(sentinel.verdict, Heartbeat(EAST, at(0), 7))
    assert sentinel.sees(8, probe=True)
    assert not silent_since(sentinel.verdict, Heartbeat(EAST, at(0), 8))


def test_a_peer_that_was_heard_once_more_is_silent_again_when_that_heartbeat_is_stale() -> None:
    sentinel = Sentinel()
    assert sentinel.sees(7, probe=False, times=6)
    assert sentinel.sees(8, probe=False, times=4)
    assert not silent_since(sentinel.verdict, Heartbeat(EAST, at(0), 8))
    since, parted_at = sentinel.verdict.since, sentinel.verdict.parted_at
    assert sentinel.sees(8, probe=False)
    assert silent_since(sentinel.verdict, Heartbeat(EAST, at(0), 8))
    assert (sentinel.verdict.since, sentinel.verdict.parted_at) == (since, parted_at)


def test_a_peer_that_was_never_heard_is_silent_once_it_is_held_for_lost() -> None:
    assert not silent_since(None, None)
    assert not silent_since(Verdict(WEST, EAST, False, NOON), None)
    assert silent_since(Verdict(WEST, EAST, True, NOON), None)
    assert not silent_since(Verdict(WEST, EAST, True, NOON), Heartbeat(EAST, NOON, 1))


def test_a_write_counts_as_a_sign_of_life_only_when_a_heartbeat_must_have_gone_with_it() -> None:
    assert not outlived(at(0), at(STALE - 1), STALE)
    assert outlived(at(0), at(STALE), STALE)

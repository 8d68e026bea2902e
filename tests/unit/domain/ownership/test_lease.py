"""The lease of a Region: who may act on it, how it changes hands, and that no drift of clocks lets two act at once."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.domain.moments import add_seconds
from functions.domain.ownership import lease as rules
from functions.domain.ownership.lease import (
    LEASE_SECONDS,
    Instant,
    Lease,
    Outlook,
    Phase,
    Reading,
    Sight,
    brought_together,
    given_back,
    may_catch_up,
    may_give_back,
    may_start_steps,
    next_other,
    next_own,
    peer_is_fenced,
    see,
)

EAST, WEST = "us-east-1", "us-west-2"
NOON = "2026-05-01T12:00:00.000Z"
OWN = Lease(EAST, EAST)
THEIRS = Lease(WEST, WEST)


def at(seconds: float, wall: float | None = None) -> Instant:
    return Instant(seconds, add_seconds(NOON, seconds if wall is None else wall))


def outlook(own: Lease | None = OWN, other: Lease | None = THEIRS, *, lost: bool = True, waited: float = 60) -> Outlook:
    return Outlook(EAST, WEST, Sight(own, at(0)), Sight(other, at(0)), lost, at(waited))


class TestReading:
    def test_it_is_relied_upon_for_less_than_the_lease_lasts(self) -> None:
        reading = Reading(OWN, at(0))
        assert reading.stands(at(0.69 * LEASE_SECONDS))
        assert not reading.stands(at(0.71 * LEASE_SECONDS))

    @pytest.mark.parametrize("now", [at(60, 0), at(0, 60)])
    def test_a_process_that_was_frozen_does_not_rely_on_it_whichever_clock_stood_still(self, now: Instant) -> None:
        assert not Reading(OWN, at(0)).stands(now)


class TestSight:
    def test_silence_lasts_from_the_first_look_that_saw_the_lease_as_it_is(self) -> None:
        first = see(None, THEIRS, at(0))
        assert see(first, THEIRS, at(5)).since == at(0)
        assert see(first, THEIRS.renewed(), at(5)).since == at(5)

    @pytest.mark.parametrize("now", [at(60, 0), at(0, 60)])
    def test_whoever_waits_believes_the_clock_by_which_less_time_has_passed(self, now: Instant) -> None:
        assert not Sight(THEIRS, at(0)).run_out(now)
        assert Sight(THEIRS, at(0)).run_out(at(LEASE_SECONDS))


class TestOwnLease:
    def test_it_is_made_by_its_region_and_renewed(self) -> None:
        assert next_own(outlook(own=None)) == OWN
        assert next_own(outlook()) == replace(OWN, renewal=2)

    @pytest.mark.parametrize("phase", [Phase.TAKEN, Phase.HELD, Phase.RETURNING])
    def test_it_is_left_alone_in_the_hands_of_a_peer_that_may_act(self, phase: Phase) -> None:
        assert next_own(outlook(own=OWN.moved(WEST, phase, NOON))) is None

    def test_it_is_taken_back_when_the_peer_is_fenced_in_turn_and_both_stay_apart(self) -> None:
        taken = OWN.moved(WEST, Phase.HELD, NOON)
        back = next_own(outlook(own=taken, other=THEIRS.moved(EAST, Phase.HELD, NOON)))
        assert back == taken.moved(EAST, Phase.TAKEN, NOON)
        assert back is not None
        assert not may_start_steps(back, EAST)
        assert next_own(outlook(own=back, waited=LEASE_SECONDS - 0.1)) is None
        assert may_start_steps(next_own(outlook(own=back)), EAST)
        assert next_own(outlook(own=taken, other=THEIRS.moved(EAST, Phase.TAKEN, NOON))) is None


class TestPeersLease:
    def test_it_is_taken_when_it_has_run_out_and_the_peer_is_lost(self) -> None:
        taken = next_other(outlook())
        assert taken == Lease(WEST, EAST, 2, 2, phase=Phase.TAKEN, apart_since=add_seconds(NOON, 60))
        assert next_other(outlook(other=None)) == Lease(
            WEST, EAST, phase=Phase.TAKEN, apart_since=add_seconds(NOON, 60)
        )

    @pytest.mark.parametrize(
        "look",
        [
            outlook(lost=False),
            outlook(waited=LEASE_SECONDS - 0.1),
        ],
        ids=["the peer is not lost", "it has not run out"],
    )
    def test_it_is_not_taken_otherwise(self, look: Outlook) -> None:
        assert next_other(look) is None

    def test_the_peer_is_fenced_only_when_what_it_has_read_has_run_out(self) -> None:
        taken = THEIRS.moved(EAST, Phase.TAKEN, NOON)
        assert not peer_is_fenced(OWN, taken, EAST)
        assert next_other(outlook(other=taken, waited=LEASE_SECONDS - 0.1)) is None
        settled = next_other(outlook(other=taken))
        assert peer_is_fenced(OWN, settled, EAST)
        assert not peer_is_fenced(OWN.moved(WEST, Phase.TAKEN, NOON), settled, EAST)
        assert not may_start_steps(settled, WEST)

    def test_it_goes_back_once_its_region_is_there_and_has_told_what_it_took_over(self) -> None:
        held = THEIRS.moved(EAST, Phase.HELD, NOON)
        assert next_other(outlook(other=held, lost=False)) is None
        told = held.with_catching_up()
        assert next_other(outlook(other=told, lost=True)) is None
        returning = next_other(outlook(other=told, lost=False))
        assert returning == replace(told, renewal=told.renewal + 1, phase=Phase.RETURNING)
        assert returning is not None
        assert not peer_is_fenced(OWN, returning, EAST)
        assert not may_give_back(Sight(returning, at(0)), EAST, at(LEASE_SECONDS - 0.1))
        assert may_give_back(Sight(returning, at(0)), EAST, at(LEASE_SECONDS))
        back = given_back(returning)
        assert may_start_steps(back, WEST)
        assert (back.term, back.apart_since) == (returning.term + 1, None)
        assert brought_together(OWN.moved(EAST, Phase.HELD, NOON)).apart_since is None

    def test_it_is_kept_when_the_peer_is_lost_again_on_its_way_back(self) -> None:
        returning = THEIRS.moved(EAST, Phase.HELD, NOON).with_catching_up().in_phase(Phase.RETURNING)
        kept = next_other(outlook(other=returning))
        assert kept == replace(returning, renewal=returning.renewal + 1, phase=Phase.HELD, caught_up=False)
        assert next_other(outlook(other=returning, lost=False)) is None

    def test_a_region_tells_what_it_took_over_only_when_nothing_of_that_is_under_way(self) -> None:
        held = OWN.moved(WEST, Phase.HELD, NOON)
        assert may_catch_up(Sight(held, at(0)), EAST, at(LEASE_SECONDS))
        assert not may_catch_up(Sight(held, at(0)), EAST, at(LEASE_SECONDS - 0.1))
        assert not may_catch_up(Sight(held.with_catching_up(), at(0)), EAST, at(60))
        assert not may_catch_up(Sight(OWN, at(0)), EAST, at(60))


#: How fast a clock runs: up to a seventh too slow or too fast.
RATES = st.floats(6 / 7, 7 / 6)
SECONDS = st.floats(0, 30)


def overlap(read_at: float, holders_rate: float, takers_rate: float) -> bool:
    """Say whether a worker that read the lease just before it was taken relies on it when its taker may act.

    Both clocks run at rates of their own, from moments of their own; the lease is taken at second 30.
    """
    reading = Reading(OWN, at(read_at * holders_rate))
    seen = Sight(OWN.moved(WEST, Phase.TAKEN, NOON), at(1000 + 30 * takers_rate))
    acts_at = 30 + LEASE_SECONDS / takers_rate
    assert seen.run_out(at(1000.001 + acts_at * takers_rate))
    return reading.stands(at((acts_at + 0.001) * holders_rate))


@given(SECONDS, RATES, RATES)
def test_no_worker_relies_on_a_lease_when_its_taker_acts_however_their_clocks_drift(
    read_at: float, holders_rate: float, takers_rate: float
) -> None:
    assert not overlap(read_at, holders_rate, takers_rate)


def test_without_the_margin_drifting_clocks_let_both_act_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not overlap(30, 6 / 7, 7 / 6)
    monkeypatch.setattr(rules, "MARGIN", 0.0)
    assert overlap(30, 6 / 7, 7 / 6)


@given(st.lists(st.sampled_from(["east", "west"]), max_size=60), st.lists(st.booleans(), min_size=60, max_size=60))
def test_whatever_the_verdicts_a_region_that_adopts_is_the_only_one_that_may_work(
    turns: list[str], verdicts: list[bool]
) -> None:
    """Sentinels take turns, in any order and with any verdicts; each write goes in, a look is as old as its turn."""
    rows: dict[str, Lease] = {}
    now = 0.0
    for turn, lost in zip(turns, verdicts, strict=False):
        now += LEASE_SECONDS
        region, peer = (EAST, WEST) if turn == "east" else (WEST, EAST)
        own, other = rows.get(region), rows.get(peer)
        look = Outlook(region, peer, Sight(own, at(0)), Sight(other, at(0)), lost, at(now))
        for made in (next_own(look), next_other(look)):
            if made is not None:
                rows[made.region] = made
        for each, opposite in ((EAST, WEST), (WEST, EAST)):
            if peer_is_fenced(rows.get(each), rows.get(opposite), each):
                assert not may_start_steps(rows.get(opposite), opposite)
                assert not peer_is_fenced(rows.get(opposite), rows.get(each), opposite)

"""The simulation can fail: with any one safety rule switched off it finds a run in which that does harm.

Each test names the rule, takes it away, and asks for a counterexample; the harm it must find is given in words.
"""

from dataclasses import replace
from typing import Any

import pytest

from functions.adapters.memory import MemoryHistory, MemoryProjections, SegmentRow
from functions.application.ports import Due
from functions.application.replay_steps import Recorder
from functions.domain import ids
from functions.domain.job import state as fold_rules
from functions.domain.job.history import Head, Segment
from tests.simulation.counterexamples import SwitchedOff
from tests.simulation.machine import current_process
from tests.simulation.rules import Rules


class Unfenced(MemoryHistory):
    """Append writes over whatever is there."""

    async def append(self, segment: Segment, *, due: Due | None = None) -> None:
        """See HistoryStore."""
        key = (segment.job_id, segment.epoch, segment.region, segment.place)
        self.table.segments[key] = SegmentRow(segment, due)


class Shared(MemoryHistory):
    """Both Regions write an epoch's segments to the same items."""

    async def append(self, segment: Segment, *, due: Due | None = None) -> None:
        """See HistoryStore."""
        key = (segment.job_id, segment.epoch, "", segment.place)
        self.table.segments[key] = SegmentRow(segment, due)


class Forgetful(Recorder):
    """Carries recorded steps out again."""

    def __init__(self, *, state: Any, **others: Any) -> None:
        super().__init__(state=replace(state, steps={}), **others)


def oldest_epoch_first(chain: Any) -> tuple[object, ...]:
    return (chain.branch.epoch, chain.branch.region)


def across_gaps(epoch: int, region: str, segments: list[Segment], begun: int | None) -> Any:
    run = tuple(
        fold_rules.Recorded(segment.first_sequence + offset, epoch, region, event)
        for segment in sorted(segments, key=lambda segment: segment.first_sequence)
        for offset, event in enumerate(segment.events)
    )
    return fold_rules._Branch(epoch, region, run, ())


def another_id_each_time(tenant: str, key: str) -> str:
    return ids.job_id(tenant, f"{key} {current_process().name}")


def another_key_each_time(job: str, step: str) -> str:
    return f"{job}/{step}/{current_process().name}"


async def one_head_for_both(self: MemoryProjections, head: Head) -> None:
    self.table.heads[head.job_id, "either"] = head


async def always_silent(self: object) -> bool:
    return True


FOLD = "functions.domain.job.state"
SWITCHED_OFF = {
    "the append fence": SwitchedOff(Rules(history=Unfenced), "two contents in one segment", seed=3),
    "the order of epochs": SwitchedOff(
        Rules(replaced=((f"{FOLD}._preference", oldest_epoch_first),)), "has not come to its end", seed=13
    ),
    "the gap-free prefix": SwitchedOff(
        Rules(replaced=((f"{FOLD}._branch", across_gaps),)), "has not come to its end", seed=48
    ),
    "the single writer of a segment": SwitchedOff(Rules(history=Shared), "two contents in one segment", seed=3),
    "the single writer of a head": SwitchedOff(
        Rules(replaced=(("functions.adapters.memory.MemoryProjections.put_head", one_head_for_both),)),
        "has two writers",
        seed=8,
    ),
    "the id that a retried submit derives again": SwitchedOff(
        Rules(replaced=(("functions.application.submit_job.job_id", another_id_each_time),)), "became 2 jobs", seed=0
    ),
    "adoption": SwitchedOff(Rules(adoption=False), "has not come to its end", seed=8),
    "silence before adoption": SwitchedOff(
        Rules(replaced=(("functions.application.hear_peer.HearPeer.is_silent", always_silent),)),
        "though it had heard its peer",
        seed=20,
    ),
    "the copy that makes both true": SwitchedOff(Rules(copying=False), "as both, is not in", seed=28),
    "the reading of recorded steps": SwitchedOff(
        Rules(replaced=(("functions.application.run_attempt.Recorder", Forgetful),)),
        "though it had read its result",
        seed=1,
    ),
    "the key that an effect keeps": SwitchedOff(
        Rules(replaced=(("functions.application.replay_steps.step_idempotency_key", another_key_each_time),)),
        "carried the keys",
        seed=8,
    ),
}


@pytest.mark.parametrize("rule", SWITCHED_OFF)
def test_without_this_rule_the_simulation_finds_the_harm(rule: str) -> None:
    SWITCHED_OFF[rule].counterexample()

"""The simulation can fail: without any one rule of waiting and calling it finds a run in which that does harm.

A file of its own beside the rules of the history, so that two processes can share them. Not here: the look after a job
was seen to wait. Without it a sweeper that looks at the moment in between has to be the only one, and not to start anew
for as long as the job waits, which no seed of thousands brings about: `test_crash_points` has that story.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import pytest

from functions.adapters.memory import MemoryProjections
from functions.application.advance_job import AdvanceJob
from functions.application.call_child import CallChild
from functions.application.decide_approval import DecideApproval
from functions.application.ports import HistoryStore
from functions.application.read_state import read_state
from functions.application.send_arrival import SendArrival, Sent
from functions.domain.job.arrivals import Arrival, ArrivalKind, in_order
from functions.domain.job.decider import unheard
from functions.domain.job.history import DueEntry, JobRecord
from functions.domain.job.state import JobState, fold
from tests.simulation.counterexamples import SwitchedOff
from tests.simulation.plan_of_sessions import has_session
from tests.simulation.rules import Rules

APPLICATION = "functions.application"


def is_without_session(seed: int) -> bool:
    return not has_session(seed)


def again_and_again(state: JobState, arrivals: Iterable[Arrival], region: str) -> tuple[Arrival, ...]:
    every = in_order(tuple(arrivals), region)
    new = {arrival.key for arrival in unheard(state, every, region)}
    return tuple(each for each in every if each.key in new or each.kind is ArrivalKind.SIGNAL)


async def nothing(*args: Any, **kwargs: Any) -> None:
    """Do nothing."""


settle_family = CallChild.settle_family


async def by_its_worker_alone(self: AdvanceJob, known: Any) -> None:
    _, state = await read_state(self.history, known.job_id)
    if state is not None and state.finished:
        await settle_family(self.children, known.job_id, state)


def without_arrivals(self: MemoryProjections, region: str, lane: str) -> Iterable[DueEntry]:
    for row in self.table.segments.values():
        if row.due is not None and row.due.lane == lane and row.segment.region == region:
            yield DueEntry(row.segment.job_id, row.due.at)
    for head in self.table.heads.values():
        if head.due_at is not None and head.lane == lane and head.region == region:
            yield DueEntry(head.job_id, head.due_at, head.region)


async def wherever_it_is_taken(
    self: SendArrival, job_id: str, state: JobState, kind: ArrivalKind, name: str, **said: Any
) -> Sent:
    sent = await self.send(job_id, state, kind, name, **said)
    return Sent(sent.arrival, sent.earlier, sent.durability, settled=True)


async def without_looking(self: DecideApproval, asked: JobState, arrival: Arrival, text: str) -> bool:
    return True


async def by_the_snapshot(history: HistoryStore, job_id: str) -> tuple[JobRecord, JobState | None]:
    record = await history.read(job_id)
    snapshot = record.snapshot
    assert snapshot is not None
    place = (snapshot.epoch, snapshot.region)
    return record, fold((each for each in record.segments if (each.epoch, each.region) == place), snapshot)


def _for_all(name: str, modules: Sequence[str], stand_in: Any) -> tuple[tuple[str, Any], ...]:
    return tuple((f"{APPLICATION}.{module}.{name}", stand_in) for module in modules)


SWITCHED_OFF = {
    "the taking in of an arrival once": SwitchedOff(
        Rules(replaced=_for_all("unheard", ("advance_job", "run_attempt"), again_and_again)),
        "has taken signal/",
        seed=17,
        fits=is_without_session,  # a session that takes a mail in again and again has never done
    ),
    "the due entries and the hints of arrivals": SwitchedOff(
        Rules(
            replaced=(
                ("functions.adapters.memory.MemoryProjections._entries", without_arrivals),
                (f"{APPLICATION}.send_arrival.SendArrival.remind", nothing),
            )
        ),
        "later than it may",
        seed=17,
    ),
    "the copy of an arrival that makes both true": SwitchedOff(Rules(copying_arrivals=False), ", both by", seed=22),
    "the end that a parent was told": SwitchedOff(
        Rules(replaced=((f"{APPLICATION}.call_child.CallChild.end_from_parent", nothing),)),
        "of its child",
        seed=340,
    ),
    "the settling of a family by whoever comes after": SwitchedOff(
        Rules(
            replaced=(
                (f"{APPLICATION}.call_child.CallChild.settle_family", nothing),
                (f"{APPLICATION}.advance_job.AdvanceJob._settle_others", by_its_worker_alone),
            )
        ),
        "later than it may",
        seed=185,
    ),
    "the arbitration at the owner's replica": SwitchedOff(
        Rules(replaced=((f"{APPLICATION}.send_arrival.SendArrival.send_once", wherever_it_is_taken),)),
        "people were told that it was decided by",
        seed=127,
    ),
    "the look at the history as the time to decide runs out": SwitchedOff(
        Rules(replaced=((f"{APPLICATION}.decide_approval.DecideApproval._is_taken", without_looking),)),
        "without a decision, but that of",
        seed=330,
    ),
    "the check that a snapshot is on the winning path": SwitchedOff(
        Rules(replaced=((f"{APPLICATION}.read_state.read_whole_state", by_the_snapshot),)),
        "has not come to its end",
        seed=664,
    ),
}


@pytest.mark.parametrize("rule", SWITCHED_OFF)
def test_without_this_rule_the_simulation_finds_the_harm(rule: str) -> None:
    SWITCHED_OFF[rule].counterexample()

"""The safety rules that a simulation runs under. A test switches one off to show that the simulation can fail."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from functions.adapters.memory import MemoryHistory, MemoryTable
from tests.simulation.plan import Plan

_SHARDED = (
    "functions.application.sweep_jobs",
    "functions.application.adopt_jobs",
    "functions.application.wake_jobs",
    "functions.application.return_leases",
    "functions.application.walk_due",
    "functions.adapters.memory",
)
_WRITING_DOWN = ("functions.application.advance_job", "functions.application.read_state")
_MEASURING = ("functions.application.keep_payloads", "functions.application.step_book")
#: In some seeds values larger than this are kept as payloads.
LARGE_BYTES = 150


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """All in force, unless a test says otherwise. `replaced`: what stands in for a function, by its dotted name.

    `copying`: a submission is copied to the peer before it is acknowledged; `copying_arrivals`: an arrival is.
    """

    history: Callable[[MemoryTable], MemoryHistory] = MemoryHistory
    adoption: bool = True
    copying: bool = True
    copying_arrivals: bool = True
    replaced: tuple[tuple[str, Callable[..., Any]], ...] = ()

    @contextmanager
    def in_force(self, plan: Plan) -> Iterator[None]:
        """Run something under these rules, with the plan's sizes in place of those that only large jobs reach."""
        with ExitStack() as stack:
            for module in _SHARDED:  # a sweep reads each shard, which costs a run more than it could ever find
                stack.enter_context(patch(f"{module}.DUE_SHARDS", plan.shards))
            for module in _WRITING_DOWN:
                stack.enter_context(patch(f"{module}.SNAPSHOT_EVENTS", plan.snapshot_events))
            stack.enter_context(patch("functions.agents.session.MAILS_A_ROUND", plan.mails_a_round))
            for module in _MEASURING if plan.bulky else ():
                stack.enter_context(patch(f"{module}.INLINE_BYTES", LARGE_BYTES))
            for name, stand_in in self.replaced:
                stack.enter_context(patch(name, stand_in))
            yield

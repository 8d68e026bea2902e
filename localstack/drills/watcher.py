"""Looks at both Regions again and again while a drill runs, in a thread of its own."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from functions.domain.job.state import JobState
from localstack.drills.evidence import Acknowledged, Sample
from localstack.drills.target import Target
from localstack.evidence.replicas import fold_all

LOOK_SECONDS = 1.0


@dataclass(slots=True)
class Watcher:
    """`states` is what was read last of each job, by the replica that knows most of it."""

    target: Target
    now: Callable[[], float]
    acknowledged: Sequence[Acknowledged]
    away: set[str] = field(default_factory=set)
    """Regions that need not be asked: they were taken away."""
    states: Mapping[str, JobState] = field(default_factory=dict)
    samples: list[Sample] = field(default_factory=list)
    unknown: dict[str, int] = field(default_factory=dict)
    """Jobs acknowledged as durable in both Regions before the last look began, that a replica did not know then."""
    on_look: Callable[[Sample], None] = lambda _: None
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Look every second."""
        self._thread = threading.Thread(target=self._watch, name="drill-watcher", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(20)

    def _watch(self) -> None:
        while not self._stop.wait(LOOK_SECONDS):
            self.look()

    def look(self) -> Sample:
        """Look once. What cannot be asked is missing."""
        self.states = self._newest_states()
        mine = [row.job_id for row in tuple(self.acknowledged)]
        lost = {region: self.target.peer_lost(region) for region in self._there()}
        sample = Sample(
            at=round(self.now(), 3),
            acknowledged=len(mine),
            finished=sum(job in self.states and self.states[job].finished for job in mine),
            answering=self.target.answering(),
            answers={region: self.target.answers(region) for region in self.target.regions},
            peer_lost={region: found for region, found in lost.items() if found is not None},
            behind=self.target.behind(),
            unknown=self.unknown,
        )
        self.samples.append(sample)
        self.on_look(sample)
        return sample

    def unfinished(self) -> list[str]:
        """Acknowledged jobs that were not finished when last looked at."""
        jobs = (row.job_id for row in tuple(self.acknowledged))
        return [job for job in jobs if job not in self.states or not self.states[job].finished]

    def _there(self) -> list[str]:
        return [region for region in self.target.regions if region not in self.away]

    def _newest_states(self) -> dict[str, JobState]:
        newest: dict[str, JobState] = {}
        mine = {row.job_id for row in tuple(self.acknowledged)}  # a cloud that has been up for long has many others
        durable = [row.job_id for row in tuple(self.acknowledged) if row.durability == "both"]
        self.unknown = {}
        for region in self._there():
            with contextlib.suppress(Exception):  # a Region that is just being killed answers in many ways
                states = fold_all(self.target.segments(region, mine).values())
                self.unknown[region] = sum(job not in states for job in durable)
                for job, state in states.items():
                    known = newest.get(job)
                    if known is None or (state.epoch, state.last_sequence) > (known.epoch, known.last_sequence):
                        newest[job] = state
        return newest or dict(self.states)

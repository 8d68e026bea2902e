"""What the invariants of a run's end are judged by: what every present Region holds, and what people were told."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from functions.domain.job.arrivals import Arrival
from functions.domain.job.events import (
    Event,
    JobAdmitted,
    JobAdopted,
    JobPaused,
    JobResumed,
    JobStopped,
    StepFailed,
    StepSucceeded,
    WaitOpened,
)
from functions.domain.job.history import Segment
from functions.domain.moments import to_datetime
from tests.simulation.clients import Acknowledgement
from tests.simulation.oracle import End, Reading
from tests.simulation.plan import Plan
from tests.simulation.readings import Readings
from tests.simulation.region import Region
from tests.simulation.virtual_time import START
from tests.simulation.visitors import Said

#: When all is well, what can go on goes on within this time: a message may have to come again, a stalled job has to be
#: found, a lost Region's jobs to be adopted, clocks differ.
PROMPT_SECONDS = 150.0
#: Where a Region was lost with data, a job that lacks a part is given up waiting for only after so much longer.
PATIENCE_SECONDS = 1000.0


@dataclass(frozen=True, slots=True)
class ClosedWait:
    """A wait with its end."""

    opened: WaitOpened
    ended: StepSucceeded | StepFailed

    @property
    def by_time(self) -> bool:
        """Whether it ended because its time was up, or because the job was to end."""
        return self.ended.arrival is None


@dataclass(frozen=True, slots=True)
class Job:
    """One job as every Region reads it at the end."""

    job_id: str
    reading: Reading
    segments: tuple[Segment, ...]

    @property
    def adopted(self) -> bool:
        """Whether a Region has taken it over from the other."""
        return any(isinstance(event, JobAdopted) for event in self.events)

    @property
    def admitted_anywhere(self) -> bool:
        """Whether its session let it begin, in any history, superseded ones included."""
        return any(isinstance(event, JobAdmitted) for segment in self.segments for event in segment.events)

    @property
    def ends(self) -> list[End]:
        """Its ends in all histories, superseded ones included."""
        return [event for segment in self.segments for event in segment.events if isinstance(event, End)]

    @property
    def events(self) -> Iterator[Event]:
        """Its winning history."""
        return (event for _, event in self.reading.events)

    def closed_waits(self) -> list[ClosedWait]:
        """Return all waits that have come to their end, each as it was opened before: a redrive may open one anew."""
        open_now: dict[str, WaitOpened] = {}
        opened: dict[int, WaitOpened] = {}
        for event in self.events:
            if isinstance(event, WaitOpened):
                open_now[event.step] = event
            elif isinstance(event, StepSucceeded | StepFailed) and event.step in open_now:
                opened[id(event)] = open_now[event.step]
        return [ClosedWait(opened[id(step)], step) for step in self.reading.steps if id(step) in opened]

    def held_until(self, moment: float) -> float:
        """Return when somebody who had halted the job let it go on for the last time up to a moment; 0 if never."""
        resumed = (seconds_of(event.at) for event in self.events if isinstance(event, JobResumed))
        return max((at for at in resumed if at <= moment), default=0.0)

    @property
    def halts(self) -> list[Event]:
        """Return what has halted it."""
        return [event for event in self.events if isinstance(event, JobPaused | JobStopped)]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything of one run."""

    plan: Plan
    jobs: Mapping[str, Job]
    arrivals: Mapping[str, Mapping[str, Sequence[Arrival]]]
    said: Sequence[Said]
    acknowledged: Sequence[Acknowledgement]
    healed_at: float

    @classmethod
    def of(
        cls,
        plan: Plan,
        present: Iterable[Region],
        kept: Mapping[str, Mapping[str, tuple[Segment, ...]]],
        said: Sequence[Said],
        acknowledged: Sequence[Acknowledgement],
        readings: Readings,
        healed_at: float,
    ) -> "Evidence":
        """Gather it. That the Regions read a job alike is another invariant's business."""
        jobs = {}
        for histories in kept.values():
            for job_id, segments in histories.items():
                if (reading := readings.oracle(segments)) is not None:
                    jobs[job_id] = Job(job_id, reading, segments)
        come = {region.name: _arrivals(region) for region in present}
        return cls(plan, jobs, come, said, acknowledged, healed_at)

    @property
    def prompt_seconds(self) -> float:
        """The time within which what can go on goes on."""
        return PROMPT_SECONDS + (PATIENCE_SECONDS if self.plan.loses_any_data else 0.0)

    def durable(self, said: Said) -> bool:
        """Say whether what was acknowledged can be relied upon."""
        return said.durability == "both" or (said.durability == "local" and not self.plan.loses_data(said.region))

    def late(self, job: Job, moment: float, *possible_since: float) -> float:
        """Return by how much longer something took than it may, from when it was possible and all was well."""
        began = max(*possible_since, self.healed_at, job.held_until(moment))
        return moment - began - self.prompt_seconds


def seconds_of(moment: str) -> float:
    """Return the virtual time of a moment, as the clock that was read had it."""
    return (to_datetime(moment) - START).total_seconds()


def _arrivals(region: Region) -> dict[str, list[Arrival]]:
    found: dict[str, list[Arrival]] = {}
    for row in region.replica.table.arrivals.values():
        found.setdefault(row.arrival.job_id, []).append(row.arrival)
    return found

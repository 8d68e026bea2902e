"""What must hold of jobs that call, are cancelled, paused or stopped, and of what their agents do then."""

from collections.abc import Callable, Sequence

from functions.domain.job.arrivals import ArrivalKind
from functions.domain.job.events import (
    AttemptStarted,
    CancelRequested,
    JobCancelled,
    JobFailed,
    JobPaused,
    JobRedriven,
    JobResumed,
    JobStopped,
    JobSucceeded,
    StepFailed,
    StepSucceeded,
    WaitOpened,
)
from functions.domain.job.redrive import goes_alone
from tests.simulation.effects import Effect
from tests.simulation.evidence import Evidence, Job, seconds_of
from tests.simulation.invariants import told_by_parent
from tests.simulation.oracle import End

Effects = Sequence[Effect]
#: The tools whose effects an agent undoes.
UNDONE = ("tread", "leap", "stumble", "dawdle")


def stopped_jobs(evidence: Evidence, effects: Effects) -> list[str]:
    """No job is stopped: its agent is there, and takes the same path in each attempt."""
    return [
        f"{job.job_id} was stopped: {event.detail}"
        for job in evidence.jobs.values()
        for event in job.events
        if isinstance(event, JobStopped)
    ]


def steps_while_paused(evidence: Evidence, effects: Effects) -> list[str]:
    """Between a pause and what ends it a job does nothing, in the history and outside of it.

    A pause of which a job learns after it has failed pauses nothing, also when it is redriven (seed 22654). One that
    fails while it is paused, as a turn that its session refuses, goes on when it is redriven (seed 4906).
    """
    wrong = []
    for job in evidence.jobs.values():
        held = to_end = over = False
        for event in job.events:
            match event:
                case JobFailed():
                    over = True
                case JobRedriven():
                    held = over = False
                case JobPaused():
                    held = not to_end and not over
                case JobResumed():
                    held = False
                case CancelRequested():
                    held, to_end = False, True
                case StepSucceeded() | StepFailed() | WaitOpened() | AttemptStarted() if held:
                    wrong.append(f"{job.job_id} has {event.kind} at {event.at} while it is paused")
    return wrong


def two_ends_of_a_child(evidence: Evidence, effects: Effects) -> list[str]:
    """What a parent has recorded as a child's end is that child's own end.

    Where both Regions ran the family, each holding the other for lost, it may be of a superseded history of the child,
    which may be gone with a Region that was lost after that: of the child's adoption nothing need be left (seed 21135).
    Where somebody had the child go on alone, it is the end before that (seed 208).
    """
    wrong = []
    for job in evidence.jobs.values():
        for wait in job.closed_waits():
            if wait.opened.step_kind != "call" or wait.by_time:
                continue
            child = evidence.jobs.get(str((wait.opened.about or {})["job_id"]))
            if child is None:
                if not evidence.plan.loses_any_data:  # else it was durable in the lost Region only
                    wrong.append(f"{job.job_id} has an end of the child of {wait.opened.step}, which does not exist")
                continue
            if evidence.plan.splits and evidence.plan.loses_any_data and (child.adopted or job.adopted):
                continue
            ends = child.ends if evidence.plan.splits or _went_alone(child) else [child.reading.end]
            if not any(_is_told(wait.ended, end) for end in ends):
                wrong.append(f"{job.job_id} has {wait.ended} of its child {child.job_id}, which has {ends}")
    return wrong


def _went_alone(child: Job) -> bool:
    return any(isinstance(event, JobRedriven) and goes_alone(event.parent or {}) for event in child.events)


def _is_told(ended: StepSucceeded | StepFailed, end: End | None) -> bool:
    if isinstance(ended, StepSucceeded):
        return isinstance(end, JobSucceeded) and end.result == ended.result
    return isinstance(end, JobFailed | JobCancelled)


def abandoned_children(evidence: Evidence, effects: Effects) -> list[str]:
    """Children end soon after nobody waits for them any more, and parents soon hear of their children's ends.

    Where both Regions ran the family, a child may wait on in a history in which its parent has not heard of its end, as
    long as its own waits last; it ends as its parent was told in the other.
    """
    wrong = []
    for child in evidence.jobs.values():
        parent = _parent_of(child, evidence)
        if parent is None or child.reading.end is None:
            continue
        began, ended = seconds_of(child.reading.submitted.at), seconds_of(child.reading.end.at)
        left = _left_at(parent, str((child.reading.submitted.parent or {})["step"]))
        if left is None:
            continue
        late = evidence.late(child, ended, left, began)
        if late > 0 and not (evidence.plan.splits and child.adopted):
            wrong.append(f"{child.job_id} went on for {late:.0f} s longer than it may after {parent.job_id} left it")
        late = evidence.late(parent, left, ended)
        if late > 0:
            wrong.append(f"{parent.job_id} heard of the end of {child.job_id} {late:.0f} s later than it may")
    return wrong


def uncancelled_jobs(evidence: Evidence, effects: Effects) -> list[str]:
    """A job whose agent has learned that it is to end, ends cancelled; else it has ended by itself soon after."""
    wrong = []
    for job in evidence.jobs.values():
        learned = any(isinstance(step, StepFailed) and step.code == "cancelled" for step in job.reading.steps)
        told = told_by_parent(evidence.plan, job.reading)
        if learned and not isinstance(job.reading.end, JobCancelled) and not told:
            wrong.append(f"{job.job_id} was to be cancelled and has ended with {job.reading.end}")
    for said in filter(evidence.durable, evidence.said):
        found = evidence.jobs.get(said.job_id)
        end = None if found is None else found.reading.end
        if said.kind is not ArrivalKind.CANCEL or found is None or end is None or isinstance(end, JobCancelled):
            continue
        late = evidence.late(found, seconds_of(end.at), said.at)
        if late > 0:
            wrong.append(f"{found.job_id} went on for {late:.0f} s longer than it may after {said.arrival}")
    return wrong


def work_left_undone(evidence: Evidence, effects: Effects) -> list[str]:
    """A cancelled journey has undone exactly what it had done, each thing once, and all of that really happened."""
    wrong = []
    carried = {effect.place for effect in effects}
    for job in evidence.jobs.values():
        end = job.reading.end
        if job.reading.submitted.agent != "journey" or not isinstance(end, JobCancelled):
            continue
        if told_by_parent(evidence.plan, job.reading):
            continue
        tools = [step for step in job.reading.steps if isinstance(step, StepSucceeded) and step.step_kind == "tool"]
        places = [str(step.result).partition("@")[0] for step in tools]
        undone = sorted(place.removeprefix("undo ") for place in places if place.startswith("undo "))
        done = sorted(place for place in places if not place.startswith("undo "))
        if undone != done:
            wrong.append(f"{job.job_id} was cancelled with {done} done and {undone} undone")
        wrong += [f"{job.job_id} has undone {place} in its history only" for place in set(places) - carried]
    return wrong


def _parent_of(child: Job, evidence: Evidence) -> Job | None:
    link = child.reading.submitted.parent
    return None if link is None else evidence.jobs.get(str(link["job_id"]))


def _left_at(parent: Job, step: str) -> float | None:
    """Return when a parent waited for a child no longer."""
    ended = [each for each in parent.reading.steps if each.step == step]
    last = ended[0] if ended else parent.reading.end
    return None if last is None else seconds_of(last.at)


ALL: tuple[Callable[[Evidence, Effects], list[str]], ...] = (
    stopped_jobs,
    steps_while_paused,
    two_ends_of_a_child,
    abandoned_children,
    uncancelled_jobs,
    work_left_undone,
)

"""What must hold of sessions: turns run one at a time and in order, none is lost, what was said is remembered once."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any

from functions.domain.job.arrivals import Arrival
from functions.domain.job.decider import MAX_ATTEMPTS, is_over, unheard
from functions.domain.job.events import (
    AttemptStarted,
    JobAdmitted,
    JobCancelled,
    JobFailed,
    JobRedriven,
    JobSucceeded,
    ProgressReported,
)
from functions.domain.job.history import Segment
from functions.domain.job.state import JobState
from functions.domain.job.turns import SESSION_AGENT
from tests.simulation.effects import EffectLog
from tests.simulation.evidence import Evidence, Job, seconds_of
from tests.simulation.invariants import Histories
from tests.simulation.oracle import until
from tests.simulation.readings import Readings

#: Turns that come so long after another one's 202 come after it, whatever the Regions' clocks say.
FAR_APART_SECONDS = 7.0
LAST = "last"


@dataclass(frozen=True, slots=True)
class Turn:
    """One of them, as its winning history has it. `memory`: that of the session when it was admitted."""

    job: Job
    words: str
    on_busy: str
    memory: list[Any] | None

    @property
    def has_run(self) -> bool:
        """Whether it may have: one that was adopted ends as its session was told, without what led there.

        So does one that both Regions accepted while apart, and that ran in the other history alone (seed 1025).
        """
        return self.memory is not None or self.job.adopted or self.job.admitted_anywhere

    @property
    def redriven(self) -> bool:
        """Whether it was: then it waited once more, behind all others, and what is remembered stands where it stood."""
        return any(isinstance(event, JobRedriven) for event in self.job.events)

    @property
    def refused_at_first(self) -> bool:
        """Whether it had failed before its session let it run, and was redriven then."""
        known = [event for event in self.job.events if isinstance(event, JobFailed | JobAdmitted)]
        return self.redriven and isinstance(known[0], JobFailed)

    @property
    def cancelled_unheard(self) -> bool:
        """Whether, adopted and not run since, it ended as in a history that does not count, unadmitted.

        Its session goes by the end that it was told first, in which nothing had been said (seed 37200).
        """
        epoch = self.job.reading.events[-1][0][0]
        ran = any(place[0] == epoch and isinstance(event, AttemptStarted) for place, event in self.job.reading.events)
        return self.job.adopted and not ran and any(map(self._in_the_queue, self.job.segments))

    def _in_the_queue(self, segment: Segment) -> bool:
        """Say whether it was cancelled in this segment, and had not been admitted in what led there."""
        for number, event in enumerate(segment.events):
            if isinstance(event, JobCancelled):
                before = until(self.job.segments, (segment.epoch, segment.region, segment.first_sequence + number))
                return not any(isinstance(each, JobAdmitted) for part in before for each in part.events)
        return False

    @property
    def id(self) -> str:
        """Its job's id."""
        return self.job.job_id

    def __str__(self) -> str:
        return f"{self.words} ({self.on_busy}, {self.id})"


def is_at_rest(
    state: JobState, come: Callable[[], Iterable[Arrival]], lost: Callable[[str], bool] = lambda _: False
) -> bool:
    """Say whether a job has ended; of a session, which never does, whether no turn runs or waits, nor mail.

    But for turns that are `lost`: they are looked for at times, and let all others come first. One was lost with the
    only Region that had it, and that may come back with it (seed 4215); one was redriven in a history that counts for
    nothing, and has ended in the other (seed 4868).
    """
    if state.job.agent != SESSION_AGENT:
        failed = state.status == "failed"  # then it may have been redriven
        return is_over(state, unheard(state, come(), state.owner_region)) if failed else state.finished
    shown = state.progress if isinstance(state.progress, dict) else {"running": True}
    busy = shown["running"] or shown["offered"] or shown.get("unsettled")
    queued = shown.get("queued")
    waits = isinstance(queued, list) and any(not lost(str(turn)) for turn in queued)
    return not (busy or waits or unheard(state, come(), state.owner_region))


def turns_of(evidence: Evidence) -> list[Turn]:
    """Return all turns, in the order in which they were accepted."""
    found = []
    for job in evidence.jobs.values():
        submitted = job.reading.submitted
        if submitted.session is not None:
            admitted = next((event for event in job.events if isinstance(event, JobAdmitted)), None)
            said: Any = submitted.input
            memory = None if admitted is None else admitted.memory
            found.append(Turn(job, said["words"], str(submitted.session["on_busy"]), memory))
    return sorted(found, key=lambda turn: turn.job.reading.submitted.at)


def unlike_sessions(kept: Mapping[str, Histories], readings: Readings) -> list[str]:
    """Both Regions see one and the same conversation."""
    seen: dict[str, dict[str, object]] = {}
    for name, jobs in kept.items():
        for job, segments in jobs.items():
            state = readings.state(segments)
            if state is not None and state.job.agent == SESSION_AGENT:
                seen.setdefault(job, {})[name] = (state.status, state.epoch, state.progress)
    return [f"{job} is seen in two ways: {ways}" for job, ways in seen.items() if len(set(map(str, ways.values()))) > 1]


def unfit_ends(evidence: Evidence, effects: EffectLog) -> list[str]:
    """Each turn ends as its policy allows: it ran, or another one answered for it, or the session was busy.

    Where both Regions ran a turn, each holding the other for lost, its end that counts may be another one than that by
    which it answered for others, or these may have run in the other Region: then the session names them.
    """
    turns = {turn.words: turn for turn in turns_of(evidence)}
    named = _corrections(evidence)
    return [
        f"{turn} has ended with {turn.job.reading.end}"
        for turn in turns.values()
        if not _fits(turn, turns, named) and not _is_lost(turn, evidence)
    ]


def _corrections(evidence: Evidence) -> list[Mapping[str, Any]]:
    """Return what the session says of turns that both Regions ran while neither reached the other."""
    notes = [
        event.note
        for job in evidence.jobs.values()
        if job.reading.submitted.agent == SESSION_AGENT
        for event in job.events
        if isinstance(event, ProgressReported)
    ]
    last = notes[-1] if notes else None
    shown = last.get("corrections") if isinstance(last, dict) else None
    return [each for each in shown if isinstance(each, dict)] if isinstance(shown, list) else []


def _is_lost(turn: Turn, evidence: Evidence) -> bool:
    """Say whether the turn that answers for this one is gone, with a Region's data: it was durable in that one only."""
    match turn.job.reading.end:
        case JobSucceeded(result={"merged_into": str(into)}):
            return into not in evidence.jobs and evidence.plan.loses_any_data
        case _:
            return False


def _fits(turn: Turn, turns: Mapping[str, Turn], named: Sequence[Mapping[str, Any]]) -> bool:
    match turn.job.reading.end:
        case JobSucceeded(result={"merged_into": other}):
            answered = any(_answers_for(each, turn) for each in turns.values() if each.id == other)
            told = any(each["turn"] == other and turn.id in each["answered_for"] for each in named)
            return turn.memory is None and (answered or told)
        case JobSucceeded(result={"said": words, "merged": list(merged)}):
            taken = [turns.get(str(each)) for each in merged]
            twice = {each["turn"] for each in named if each["also_in"] == turn.id}
            known = (each is not None and (_merged_into(each, turn) or each.id in twice) for each in taken)
            return turn.has_run and words == turn.words and all(known)
        case JobFailed(code="session_busy"):
            return turn.memory is None and turn.on_busy == "reject"
        case JobFailed(code="agent_raised"):
            return turn.has_run
        case JobFailed(code="attempts_exhausted"):  # so often, by chance, its worker died under it (seed 3519)
            # those of any history count: an adopted one goes by the end that its session was told (seed 10079)
            events = (event for segment in turn.job.segments for event in segment.events)
            return turn.has_run and sum(isinstance(event, AttemptStarted) for event in events) >= MAX_ATTEMPTS
        case JobCancelled():
            return True
        case _:
            return False


def _answers_for(turn: Turn, other: Turn) -> bool:
    end = turn.job.reading.end
    return isinstance(end, JobSucceeded) and isinstance(end.result, dict) and other.words in str(end.result["merged"])


def _merged_into(turn: Turn, other: Turn) -> bool:
    end = turn.job.reading.end
    return isinstance(end, JobCancelled) or (isinstance(end, JobSucceeded) and end.result == {"merged_into": other.id})


def misremembered_turns(evidence: Evidence, effects: EffectLog) -> list[str]:
    """The session remembers each turn that ran once, and in one piece, by the end that counts; and no other."""
    turns = turns_of(evidence)
    last = next((turn for turn in turns if turn.words == LAST), None)
    if last is None or last.memory is None:
        return [f"the last turn has heard nothing: {last}"] if turns else []
    pieces = [id for id, _ in groupby(str(entry["turn"]) for entry in last.memory)]
    return [
        f"{turn} is remembered {pieces.count(turn.id)} times: {last.memory}"
        for turn in turns
        if turn is not last and pieces.count(turn.id) not in _expected(turn)
    ]


def _expected(turn: Turn) -> tuple[int, ...]:
    match turn.job.reading.end:
        case JobCancelled() if turn.memory is not None:
            return (0, 1) if turn.cancelled_unheard else (1,)
        case JobCancelled() if turn.job.adopted:  # it may have been admitted in a part of its history that is lost
            return (0, 1)
        case JobSucceeded(result={"said": _}) | JobFailed(code="agent_raised" | "attempts_exhausted"):
            # one that ran at a redrive alone may have come after the last turn, and failed there as well (seed 6010)
            return (0, 1) if turn.refused_at_first else (1,)
        case _:
            return (0,)


def forgetful_sessions(evidence: Evidence, effects: EffectLog) -> list[str]:
    """What a turn hears begins with what the one before it heard: the memory is only ever added to.

    But for what is remembered of a turn that was redriven: its new words stand where its old ones had stood.

    Where both Regions ran the session, each holding the other for lost, a turn may have heard of a superseded history;
    so it may where the newest part of the session's history is lost with a Region, and some of its mail comes late: its
    successor has heard of the same ends, in another order (seed 22903).
    """
    if evidence.plan.splits or evidence.plan.loses_any_data:
        return []
    turns = turns_of(evidence)
    redriven = {turn.id for turn in turns if turn.redriven}
    heard = [
        ([each for each in turn.memory if each["turn"] not in redriven], turn)
        for turn in turns
        if turn.memory is not None
    ]
    return [
        f"{later} has heard {later.memory}, though {earlier} had heard {earlier.memory}"
        for (before, earlier), (after, later) in pairwise(sorted(heard, key=lambda each: len(each[0])))
        if after[: len(before)] != before
    ]


def disordered_turns(evidence: Evidence, effects: EffectLog) -> list[str]:
    """Of two turns that wait for their turn the one that was acknowledged long before the other came comes first.

    While it has not been, its session may not have been asked yet: a slow table may take seconds over that (seed 2422).
    """
    turns = turns_of(evidence)
    last = next((turn for turn in turns if turn.words == LAST), None)
    if last is None or last.memory is None or evidence.plan.splits or evidence.plan.loses_any_data:
        return []
    places = {str(entry["turn"]): place for place, entry in reversed(list(enumerate(last.memory)))}
    waited = (turn for turn in turns if turn.on_busy in ("queue", "reject") and not turn.redriven)
    queued = [turn for turn in waited if turn.id in places]
    return [
        f"{later} came before {earlier}: {last.memory}"
        for number, earlier in enumerate(queued)
        for later in queued[number + 1 :]
        if places[later.id] < places[earlier.id] and _far_apart(earlier, later, evidence)
    ]


def _far_apart(earlier: Turn, later: Turn, evidence: Evidence) -> bool:
    told = min((each.at for each in evidence.acknowledged if each.job_id == earlier.id), default=float("inf"))
    return seconds_of(later.job.reading.submitted.at) - told > FAR_APART_SECONDS


def turns_at_once(evidence: Evidence, effects: EffectLog) -> list[str]:
    """No two turns of a session do anything at once, but where each Region holds the other for lost."""
    if evidence.plan.splits:
        return []
    busy = sorted(_busy(evidence, effects))
    return [
        f"{mine} is at work until {end:.2f} s, and {other} from {begin:.2f} s on"
        for (_, end, mine), (begin, _, other) in pairwise(busy)
        if begin < end and mine != other
    ]


def _busy(evidence: Evidence, effects: EffectLog) -> Iterator[tuple[float, float, str]]:
    turns = {turn.id for turn in turns_of(evidence)}
    for number, effect in enumerate(effects.done):
        if effect.job_id in turns:
            yield effect.at, effects.ended.get(number, effect.at), effect.job_id


ALL: tuple[Callable[[Evidence, EffectLog], list[str]], ...] = (
    unfit_ends,
    misremembered_turns,
    forgetful_sessions,
    disordered_turns,
    turns_at_once,
)

"""Ask that a job end, stop for now, or go on: the request is durable at once, the job's owner heeds it in seconds."""

from dataclasses import dataclass

from functions.application.get_job import read_job
from functions.application.keep_payloads import list_result
from functions.application.ports import Clock, Entropy, HistoryStore
from functions.application.send_arrival import SendArrival, sent_name
from functions.application.view_job import durability_of, view_job
from functions.domain.errors import AntipodeError
from functions.domain.job.approvals import how_it_ended
from functions.domain.job.arrivals import Arrival, ArrivalKind
from functions.domain.job.decider import unheard
from functions.domain.job.events import Json
from functions.domain.job.history import JobRecord
from functions.domain.job.state import JobState


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRequest:
    """What is asked of one job: `kind` is cancel, pause or resume. Two with one key are one request, sent twice."""

    kind: ArrivalKind
    by: str
    reason: str | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Requested:
    """What came of a request: the arrival, unless there was no need for one, and a note on what is so already."""

    durability: str
    arrival: Arrival | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestChange:
    """The use case."""

    history: HistoryStore
    send: SendArrival
    clock: Clock
    entropy: Entropy
    region: str

    async def request(self, tenant: str, job_id: str, asked: ChangeRequest) -> dict[str, Json]:
        """Return the job as clients see it, with what came of the request.

        Raises AntipodeError job_not_found, job_finished, state_unavailable, and StateUnavailable.
        """
        record, state = await read_job(self.history, tenant, job_id)
        requested = await self.ask(job_id, record, state, asked)
        news = unheard(state, record.arrivals, state.owner_region)
        if requested.arrival is not None and requested.arrival.key not in {arrival.key for arrival in news}:
            news = (*news, requested.arrival)
        view = list_result(view_job(job_id, state, durability_of(record, state, self.region), news))
        said: dict[str, Json] = {"change": asked.kind.value, "durability": requested.durability}
        view["requested"] = said if requested.note is None else {**said, "note": requested.note}
        return view

    async def ask(self, job_id: str, record: JobRecord, state: JobState, asked: ChangeRequest) -> Requested:
        """Send the request to a job whose record is at hand, if there is need for it."""
        name = sent_name(asked.key, self.clock.now(), self.entropy.token())
        if any((each.kind, each.name) == (asked.kind, name) for each in record.arrivals):
            # the first time the peer may have been out of reach
            sent = await self.send.send(job_id, state, asked.kind, name, by=asked.by, body=asked.reason)
            return Requested(durability=sent.durability, note="this very request has been made before")
        if state.finished:
            raise AntipodeError("job_finished", f"{job_id} {how_it_ended(state)}")
        note = _needless(asked.kind, state, unheard(state, record.arrivals, state.owner_region))
        if note is not None and (asked.kind is not ArrivalKind.RESUME or state.owner_region == self.region):
            return Requested(durability="both", note=note)  # else the owner may have halted it by now
        sent = await self.send.send(job_id, state, asked.kind, name, by=asked.by, body=asked.reason)
        return Requested(durability=sent.durability, arrival=sent.arrival, note=note)


def _needless(kind: ArrivalKind, state: JobState, news: tuple[Arrival, ...]) -> str | None:
    """Say what is so already, or None when the request would change something."""
    pending = {arrival.kind for arrival in news}
    match kind:
        case ArrivalKind.CANCEL if state.cancel is not None or ArrivalKind.CANCEL in pending:
            return "somebody has asked that the job end before"
        case ArrivalKind.PAUSE if state.cancel is not None or ArrivalKind.CANCEL in pending:
            return "the job is to end, and is not held up"
        case ArrivalKind.PAUSE if state.halted and ArrivalKind.RESUME not in pending:
            return "the job is halted already"
        case ArrivalKind.RESUME if not state.halted and ArrivalKind.PAUSE not in pending:
            return "the job is not halted"
        case _:
            return None

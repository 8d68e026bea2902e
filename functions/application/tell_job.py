"""Tell another job something from within a job: a step of the teller's, so it is told once, however often replayed.

The arrival's name derives from the step, or is given; so a teller that dies after it has told, and tells again, tells
nothing new.
"""

from dataclasses import dataclass

from functions.application.agent_ports import EndRequest, TellRequest
from functions.application.ports import HistoryStore
from functions.application.read_state import read_state, read_whole_state
from functions.application.send_arrival import SendArrival
from functions.domain.ids import session_job_id
from functions.domain.job.events import Json
from functions.domain.job.state import JobState
from functions.domain.job.turns import end_place, ended_body, known_ends, merged_ids, session_of, told_alike


@dataclass(frozen=True, slots=True, kw_only=True)
class TellJob:
    """The use case, for the worker that runs the teller."""

    send: SendArrival
    history: HistoryStore

    async def tell(self, teller: JobState, request: TellRequest, key: str) -> dict[str, Json]:
        """Return {"told": true}, or false when the job had ended or is not known here; with {"end"} if it has one.

        A job of another tenant's is as good as none. Raises StateUnavailable.
        """
        record, state = await read_state(self.history, request.job_id)
        if state is None or state.job.tenant != teller.job.tenant:
            return {"told": False}
        name = f"{request.topic}/{request.key or key}"
        if state.finished:  # it may have been told by a process that died before it could record that
            told = any((each.kind, each.name) == (request.kind, name) for each in record.arrivals)
            return {"told": told, "end": await self._end(request.job_id, state)}
        await self.send.send(request.job_id, state, request.kind, name, by=teller.job.agent, body=request.body)
        return {"told": True}

    async def _end(self, job_id: str, state: JobState) -> Json:
        """Return how a job has ended; of a turn what its session is told, or has been told already."""
        name = session_of(state)
        if name is None:
            return {"status": state.status}
        arrivals = await self.history.arrivals(job_id) if merged_ids(state) else ()
        end = ended_body(job_id, state, arrivals)
        told = told_alike(await self.history.arrivals(session_job_id(state.job.tenant, name)), job_id, state, end)
        return _for_session(end if told is None else told.body)

    async def end_that_counts(self, teller: JobState, request: EndRequest) -> dict[str, Json]:
        """Return {"settled", "end"} of a turn for which its session has been told of several ends; no end: it has none.

        It is settled once all of those can be read here: then which of them counts does not change any more. Raises
        StateUnavailable.
        """
        _, turn = await read_whole_state(self.history, request.job_id)
        if turn is None or turn.job.tenant != teller.job.tenant or not turn.finished:
            return {"settled": False}
        mails = await self.history.arrivals(session_job_id(turn.job.tenant, str(session_of(turn))))
        body = ended_body(request.job_id, turn, await self.history.arrivals(request.job_id))
        told = told_alike(mails, request.job_id, turn, body)
        settled = turn.complete and known_ends(turn) >= {*request.places, end_place(turn)}
        return {"settled": settled, "end": _for_session(body if told is None else told.body)}


def _for_session(end: Json) -> dict[str, Json]:
    """A turn's result is none of its session's business, and may be large."""
    assert isinstance(end, dict)
    return {name: value for name, value in end.items() if name not in ("result", "error")}

"""Tell another job something from within a job: a step of the teller's, so it is told once, however often replayed.

The arrival's name derives from the step, or is given; so a teller that dies after it has told, and tells again, tells
nothing new.
"""

from dataclasses import dataclass

from functions.application.agent_ports import TellRequest
from functions.application.ports import HistoryStore
from functions.application.read_state import read_state
from functions.application.send_arrival import SendArrival
from functions.domain.ids import session_job_id
from functions.domain.job.events import Json
from functions.domain.job.state import JobState
from functions.domain.job.turns import ended_among, ended_body, merged_ids, session_of


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
        told = ended_among(await self.history.arrivals(session_job_id(state.job.tenant, name)), job_id)
        if told is None:
            arrivals = await self.history.arrivals(job_id) if merged_ids(state) else ()
            end = ended_body(job_id, state, arrivals)
        else:
            end = told.body
        assert isinstance(end, dict)
        return {name: value for name, value in end.items() if name not in ("result", "error")}

"""Tell another job something from within a job: a step of the teller's, so it is told once, however often replayed.

The arrival's name derives from the step, or is given; so a teller that dies after it has told, and tells again, tells
nothing new.
"""

from dataclasses import dataclass

from functions.application.agent_ports import TellRequest
from functions.application.ports import HistoryStore
from functions.application.read_state import read_state
from functions.application.send_arrival import SendArrival
from functions.domain.job.events import Json
from functions.domain.job.state import JobState
from functions.domain.job.turns import ended_body, merged_ids, session_of


@dataclass(frozen=True, slots=True, kw_only=True)
class TellJob:
    """The use case, for the worker that runs the teller."""

    send: SendArrival
    history: HistoryStore

    async def tell(self, teller: JobState, request: TellRequest, key: str) -> dict[str, Json]:
        """Return {"told": true}, or false with {"end"} when the job has ended, and without when nothing is known of it.

        A job of another tenant's is as good as none. Raises StateUnavailable.
        """
        _, state = await read_state(self.history, request.job_id)
        if state is None or state.job.tenant != teller.job.tenant:
            return {"told": False}
        if state.finished:
            return {"told": False, "end": await self._end(request.job_id, state)}
        name = f"{request.topic}/{request.key or key}"
        await self.send.send(request.job_id, state, request.kind, name, by=teller.job.agent, body=request.body)
        return {"told": True}

    async def _end(self, job_id: str, state: JobState) -> Json:
        if session_of(state) is None:
            return {"status": state.status}
        arrivals = await self.history.arrivals(job_id) if merged_ids(state) else ()
        end = ended_body(job_id, state, arrivals)
        assert isinstance(end, dict)
        return {name: value for name, value in end.items() if name not in ("result", "error")}

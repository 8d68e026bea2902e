"""Accept a job that may name a session: such a job, a turn, is asked for at its session before its client hears of it.

So of two turns the one whose 202 came before the other was submitted is asked for first. If the process dies before
that, the turn is there, and the sweeper has it asked for.
"""

from dataclasses import dataclass

from functions.application.enlist_turn import EnlistTurn
from functions.application.ports import StateUnavailable
from functions.application.read_state import read_state
from functions.application.submit_job import SubmitJob, SubmitRequest
from functions.domain.errors import AntipodeError
from functions.domain.ids import job_id
from functions.domain.job.events import Json
from functions.domain.job.turns import is_held


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitTurn:
    """The use case of POST /v1/jobs."""

    submit_job: SubmitJob
    turns: EnlistTurn

    async def submit(self, request: SubmitRequest) -> dict[str, Json]:
        """Return the job as clients see it. Raises AntipodeError; after a 503 the same key leads to the same job."""
        if request.session is None:
            return await self.submit_job.submit(request)
        try:
            if not await self._is_known(request):
                await self.turns.check(request.tenant, str(request.session["name"]))
            view = await self.submit_job.submit(request)
            if not request.delay_seconds:
                await self._enlist(str(view["id"]))
        except StateUnavailable as error:
            raise AntipodeError("state_unavailable", "the state table refuses; send again with the same key") from error
        return view

    async def _is_known(self, request: SubmitRequest) -> bool:
        if request.idempotency_key is None:
            return False
        known = await read_state(self.turns.history, job_id(request.tenant, request.idempotency_key))
        return known[1] is not None

    async def _enlist(self, turn_id: str) -> None:
        _, turn = await read_state(self.turns.history, turn_id)
        if turn is not None and is_held(turn) and turn.job.run_at is None:  # else it is asked for when it is due
            await self.turns.enlist(turn_id, turn)

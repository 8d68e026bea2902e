"""Ask that all of a tenant's unfinished jobs end, or those of one agent: page by page, each call bounded."""

import asyncio
from dataclasses import dataclass

from functions.application.ports import HistoryStore, Projections
from functions.application.read_state import read_state
from functions.application.request_change import ChangeRequest, RequestChange
from functions.domain.job.arrivals import ArrivalKind
from functions.domain.job.events import Json
from functions.domain.job.turns import SESSION_AGENT

#: How many jobs one call looks at. Each costs a read, two writes and a hint.
PAGE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelJobs:
    """The use case. Begun again, also from the start, it asks only those that have not been asked."""

    history: HistoryStore
    projections: Projections
    change: RequestChange

    async def cancel(
        self, tenant: str, *, by: str, agent: str | None, before: str | None, reason: str | None
    ) -> dict[str, Json]:
        """Return {"cancelled": N, "next": ...}: `next` is the `before` of the following call, null after the last.

        Raises StateUnavailable; who was asked so far stays asked.
        """
        rows = await self.projections.list_jobs(tenant, before=before, limit=PAGE)
        jobs = dict.fromkeys(job_id for _, job_id in rows)
        asked = ChangeRequest(kind=ArrivalKind.CANCEL, by=by, reason=reason)
        outcomes = await asyncio.gather(*(self._cancel(tenant, job_id, agent, asked) for job_id in jobs))
        following = f"{rows[-1][0]}#{rows[-1][1]}" if len(rows) == PAGE else None
        return {"cancelled": sum(outcomes), "next": following}

    async def _cancel(self, tenant: str, job_id: str, agent: str | None, asked: ChangeRequest) -> bool:
        """Say whether the job was asked now."""
        record, state = await read_state(self.history, job_id)
        if state is None or state.finished or state.job.tenant != tenant or agent not in (None, state.job.agent):
            return False
        if agent is None and state.job.agent == SESSION_AGENT:
            return False  # its turns end, but not the conversation, which could not be begun anew under its name
        requested = await self.change.ask(job_id, record, state, asked)
        return requested.arrival is not None

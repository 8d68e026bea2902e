"""List a tenant's jobs, newest first: the index gives the order, history gives the truth."""

import asyncio
from dataclasses import dataclass

from functions.application.get_job import read_job
from functions.application.keep_payloads import list_result
from functions.application.ports import HistoryStore, Projections, StateUnavailable
from functions.application.view_job import durability_of, view_job
from functions.domain.errors import AntipodeError
from functions.domain.job.events import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class ListJobs:
    """The use case. Filters apply to a page after it was read, so a page may hold fewer jobs than its limit."""

    history: HistoryStore
    projections: Projections
    region: str

    async def list(
        self,
        tenant: str,
        before: str | None = None,
        limit: int = 50,
        status: str | None = None,
        agent: str | None = None,
    ) -> dict[str, Json]:
        """Return {"jobs": [...], "next": ...}; `next` is the `before` of the following page, or null on the last."""
        try:
            rows = await self.projections.list_jobs(tenant, before=before, limit=limit)
        except StateUnavailable as error:
            raise AntipodeError("state_unavailable", "the state table refuses; ask again") from error
        entries = dict.fromkeys(rows)  # two Regions may have accepted one submission in the same millisecond
        views = await asyncio.gather(*(self._view(tenant, created_at, job_id) for created_at, job_id in entries))
        jobs: list[Json] = [
            view
            for view in views
            if view is not None and status in (None, view["status"]) and agent in (None, view["agent"])
        ]
        following = f"{rows[-1][0]}#{rows[-1][1]}" if len(rows) == limit else None
        return {"jobs": jobs, "next": following}

    async def _view(self, tenant: str, created_at: str, job_id: str) -> dict[str, Json] | None:
        try:
            record, state = await read_job(self.history, tenant, job_id)
        except AntipodeError as error:
            if error.code in ("job_not_found", "history_frozen"):
                return None  # the index may run ahead of what has been replicated
            raise
        if created_at != state.job.at:
            return None  # the entry of a rival submission that the peer accepted; the job has its own
        return list_result(view_job(job_id, state, durability_of(record, state, self.region)))

"""List what a group of people is asked for: the index says where to look, each job's history whether it is still so."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from functions.application.ports import Clock, HistoryStore, Projections
from functions.application.read_state import read_state
from functions.domain.job.approvals import ApprovalId, decision_among, over_because, read_approval_id, view_approval
from functions.domain.job.events import Json
from functions.domain.job.history import Ask


@dataclass(frozen=True, slots=True, kw_only=True)
class ListApprovals:
    """The use case. What is over is left out of a page after it was read, so a page may be short, or empty."""

    history: HistoryStore
    projections: Projections
    clock: Clock

    async def list(self, tenant: str, group: str, after: str | None = None, limit: int = 50) -> dict[str, Json]:
        """Return {"approvals": [...], "next": ...}, the latest first; `next` is the following page's `after`, or null.

        Raises StateUnavailable.
        """
        asks = await self.projections.list_asks(tenant, group, before=after, limit=limit)
        by_job: dict[str, list[Ask]] = {}
        for ask in asks:
            by_job.setdefault(ask.job_id, []).append(ask)
        found = await asyncio.gather(*(self._open_ones(tenant, job, each) for job, each in by_job.items()))
        views = {str(view["id"]): view for views in found for view in views}  # both Regions may have listed one
        latest_first = sorted(views.values(), key=lambda view: (str(view["asked_at"]), str(view["id"])), reverse=True)
        return {"approvals": list[Json](latest_first), "next": asks[-1].position if len(asks) == limit else None}

    async def _open_ones(self, tenant: str, job_id: str, asks: Sequence[Ask]) -> Sequence[dict[str, Json]]:
        record, state = await read_state(self.history, job_id)
        if state is None or state.job.tenant != tenant:
            return []
        now = self.clock.now()
        views = []
        for ask in asks:
            wait = state.waits.get(ask.step)
            if wait is None or over_because(state, wait, now) is not None:
                continue
            view = view_approval(job_id, state, wait)
            approval = read_approval_id(str(view["id"]))
            assert isinstance(approval, ApprovalId)
            if decision_among(record.arrivals, approval, state.owner_region) is None:
                views.append(view)
        return views

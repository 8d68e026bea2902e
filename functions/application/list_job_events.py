"""Read a job's history from any sequence number on, in either Region."""

from dataclasses import dataclass

from functions.application.get_job import read_job
from functions.application.ports import HistoryStore
from functions.application.read_state import read_whole_state
from functions.domain.job.events import Json, to_json


@dataclass(frozen=True, slots=True, kw_only=True)
class ListJobEvents:
    """The use case."""

    history: HistoryStore

    async def list(self, tenant: str, job_id: str, after: int = 0, limit: int = 100) -> dict[str, Json]:
        """Return {"events": [...], "next": N}: events with a sequence above `after`, and the `after` to go on with."""
        _, state = await read_job(self.history, tenant, job_id)
        if state.last_sequence - len(state.history) > after:  # what is asked for lies before the job's snapshot
            _, whole = await read_whole_state(self.history, job_id)
            state = whole or state
        page = [item for item in state.history if item.sequence > after][:limit]
        events: list[Json] = [
            {"sequence": item.sequence, "epoch": item.epoch, "region": item.region, **to_json(item.event)}
            for item in page
        ]
        return {"events": events, "next": page[-1].sequence if page else after}

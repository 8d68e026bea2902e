"""Show a session as clients see it: who runs, who waits, and the newest of what it remembers."""

from dataclasses import dataclass

from functions.application.ports import HistoryStore, StateUnavailable
from functions.application.read_state import read_state
from functions.domain.errors import AntipodeError
from functions.domain.ids import session_job_id
from functions.domain.job.events import Json
from functions.domain.job.turns import SESSION_NAME


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowSession:
    """The use case. A session of another tenant is as unknown as one that does not exist."""

    history: HistoryStore

    async def show(self, tenant: str, name: str) -> dict[str, Json]:
        """Return the session. Raises AntipodeError session_not_found, state_unavailable."""
        job_id = session_job_id(tenant, name)
        try:
            _, state = await read_state(self.history, job_id) if SESSION_NAME.fullmatch(name) else (None, None)
        except StateUnavailable as error:
            raise AntipodeError("state_unavailable", "the state table refuses; ask again") from error
        if state is None:
            raise AntipodeError("session_not_found", f"there is no session {name!r} of this tenant in this Region")
        told = state.progress if isinstance(state.progress, dict) else {}
        return {
            "name": name,
            "job_id": job_id,
            "status": state.status,
            "home_region": state.home_region,
            "owner_region": state.owner_region,
            "epoch": state.epoch,
            "running": told.get("running"),
            "queued": told.get("queued", []),
            "offered": told.get("offered", []),
            "turns": told.get("turns", 0),
            "memory": told.get("memory", []),
            "corrections": told.get("corrections", []),
            "created_at": state.job.at,
            "updated_at": state.updated_at,
        }

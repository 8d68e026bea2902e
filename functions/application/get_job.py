"""Read one job from this Region's replica, at once or as soon as it is finished."""

from dataclasses import dataclass

from functions.application.archive_ports import HistoryFrozen
from functions.application.keep_payloads import KeepPayloads
from functions.application.ports import Clock, HistoryStore, StateUnavailable
from functions.application.read_state import read_state
from functions.application.view_job import durability_of, view_job
from functions.domain.errors import AntipodeError
from functions.domain.ids import is_job_id
from functions.domain.job.decider import unheard
from functions.domain.job.events import Json
from functions.domain.job.history import JobRecord
from functions.domain.job.state import FINISHED, JobState

FIRST_LOOK_SECONDS = 0.1
LONGEST_LOOK_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GetJob:
    """The use case. A job of another tenant is as unknown as one that does not exist."""

    history: HistoryStore
    payloads: KeepPayloads
    region: str

    async def get(self, tenant: str, job_id: str) -> dict[str, Json]:
        """Return the job as clients see it. Raises AntipodeError job_not_found, history_frozen, state_unavailable."""
        record, state = await read_job(self.history, tenant, job_id)
        news = unheard(state, record.arrivals, state.owner_region)
        view = view_job(job_id, state, durability_of(record, state, self.region), news)
        if record.archived is not None:
            view["archived_at"] = record.archived.at
        return await self.payloads.show_result(tenant, view)


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitForJob:
    """Read a job when it is finished, or as it is when the time is over."""

    get_job: GetJob
    clock: Clock

    async def wait(self, tenant: str, job_id: str, seconds: float) -> dict[str, Json]:
        """Return the job, at the latest after `seconds`. Raises what GetJob raises."""
        end = self.clock.monotonic() + seconds
        pause = FIRST_LOOK_SECONDS
        while True:
            view = await self.get_job.get(tenant, job_id)
            left = end - self.clock.monotonic()
            if view["status"] in FINISHED or left <= 0:
                return view
            await self.clock.sleep(min(pause, left))
            pause = min(pause * 1.5, LONGEST_LOOK_SECONDS)


async def read_job(history: HistoryStore, tenant: str, job_id: str) -> tuple[JobRecord, JobState]:
    """Return what is held of a tenant's job. Raises AntipodeError job_not_found, history_frozen, state_unavailable."""
    if is_job_id(job_id):
        try:
            record, state = await read_state(history, job_id)
        except HistoryFrozen as error:
            raise AntipodeError("history_frozen", str(error)) from error
        except StateUnavailable as error:
            raise AntipodeError("state_unavailable", "the state table refuses; ask again") from error
        if state is not None and state.job.tenant == tenant:
            return record, state
    raise AntipodeError("job_not_found", f"there is no job {job_id!r} of this tenant in this Region")

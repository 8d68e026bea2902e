"""The door for new work: a lane whose queue is too long takes in nothing more, before anything is written of it.

Only what a client submits comes through it. What follows from accepted work (jobs that jobs call, turns' sessions,
fires of a schedule, redrives, adopted jobs) goes to SubmitJob or to the lane itself, and is never turned away half-way.
A client that repeats a submit that was accepted gets its answer, however long the queue has become since.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from functions.application.ports import Clock, HistoryStore, StateUnavailable
from functions.application.read_state import read_state
from functions.application.submit_job import DEFAULT_LANE, SubmitRequest
from functions.application.submit_turn import SubmitTurn
from functions.application.watch_flow import WatchFlow
from functions.domain.admission import LaneFull, full
from functions.domain.errors import AntipodeError
from functions.domain.ids import job_id
from functions.domain.job.events import Json
from functions.domain.lane_flow import flow_of
from functions.domain.moments import add_seconds, seconds_between


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmitJob:
    """The use case of POST /v1/jobs. `bounds` says for each lane how long new work may have to wait."""

    turns: SubmitTurn
    history: HistoryStore
    flow: WatchFlow
    bounds: Mapping[str, float]
    clock: Clock
    region: str

    async def submit(self, request: SubmitRequest) -> dict[str, Json]:
        """Return the job as clients see it. Raises AntipodeError; lane_full says when to come again."""
        refused = await self._refusal(request)
        if refused is not None and not await self._is_known(request):
            raise self._lane_full(refused)
        return await self.turns.submit(request)

    async def _refusal(self, request: SubmitRequest) -> LaneFull | None:
        lane = request.lane or DEFAULT_LANE
        bound = self.bounds.get(lane)
        if bound is None:
            return None  # whoever takes it in says that there is no such lane
        flow = flow_of(lane, await self.flow.of(self.region), self.clock.now())
        ahead = 0.0 if request.run_at is None else seconds_between(self.clock.now(), request.run_at)
        return full(lane, flow, bound, in_seconds=max(request.delay_seconds, ahead))

    async def _is_known(self, request: SubmitRequest) -> bool:
        if request.idempotency_key is None:
            return False
        try:
            _, state = await read_state(self.history, job_id(request.tenant, request.idempotency_key))
        except StateUnavailable as error:
            raise AntipodeError("state_unavailable", "the state table refuses; send again with the same key") from error
        return state is not None

    def _lane_full(self, refused: LaneFull) -> AntipodeError:
        wait = refused.estimated_wait_seconds
        detail = (
            f"lane {refused.lane!r} takes in no new work: it would start in about {_in_words(wait)}, "
            f"the lane's bound is {_in_words(refused.bound_seconds)}; come again in {refused.retry_after_seconds} s"
        )
        return AntipodeError(
            "lane_full",
            detail,
            lane=refused.lane,
            estimated_start=add_seconds(self.clock.now(), wait),
            estimated_wait_seconds=wait,
            bound_seconds=refused.bound_seconds,
            retry_after_seconds=refused.retry_after_seconds,
        )


def _in_words(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"

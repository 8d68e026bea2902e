"""Accept a job: its first segment in both replicas, then a hint on its lane.

What holds if the process dies after any line: before the local append nothing exists; after it the job exists, and the
sweeper of this Region finds it by its due entry and runs it, whether or not the client got its answer. A client that
tries again with the same idempotency key, in either Region, gets the same job.
"""

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

from functions.application.agent_ports import Agent, Agents
from functions.application.keep_payloads import KeepPayloads
from functions.application.ports import (
    AppendConflict,
    Clock,
    Due,
    Entropy,
    HistoryStore,
    Lanes,
    LaneUnavailable,
    PayloadUnavailable,
    Projections,
    StateUnavailable,
    hint,
)
from functions.application.read_state import read_state
from functions.application.view_job import durability_of, view_job
from functions.domain.errors import AntipodeError
from functions.domain.ids import body_digest, digest_of, job_id
from functions.domain.job.events import JobSubmitted, Json, SubmissionWithdrawn
from functions.domain.job.history import Head, JobRecord, Segment
from functions.domain.job.redrive import REDRIVE_AGENT
from functions.domain.job.state import JobState, fold, head_of
from functions.domain.job.turns import SESSION_AGENT
from functions.domain.lanes import can_be_hinted, look_at
from functions.domain.moments import add_seconds, seconds_between
from functions.domain.payload import size_of_value

#: No job is put off for longer: a year.
LONGEST_DELAY_SECONDS = 31_536_000
DEFAULT_LANE = "standard"


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitRequest:
    """What a client asks for, already checked for form: at most one of `delay_seconds` and `run_at`, a moment."""

    tenant: str
    agent: str
    input: Json
    idempotency_key: str | None = None
    lane: str | None = None
    delay_seconds: float = 0
    run_at: str | None = None
    deadline: str | None = None
    budget: Mapping[str, Json] | None = None
    callback_url: str | None = None
    tags: Mapping[str, Json] | None = None
    session: Mapping[str, Json] | None = None
    limit_keys: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitJob:
    """The use case. `peer` is the peer Region's replica, reached directly."""

    history: HistoryStore
    peer: HistoryStore
    projections: Projections
    lanes: Lanes
    payloads: KeepPayloads
    agents: Agents
    clock: Clock
    entropy: Entropy
    region: str
    peer_region: str
    stall_seconds: float

    async def submit(self, request: SubmitRequest) -> dict[str, Json]:
        """Return the job as clients see it. Raises AntipodeError; after a 503 the same key leads to the same job."""
        agent, lane = self._check(request)
        job = job_id(request.tenant, request.idempotency_key or self.entropy.token())
        try:
            recorded = await self.payloads.adopt_input(request.tenant, request.input, agent.check_input)
            view = await self._accept(job, self._submitted(request, agent, lane, recorded))
            return await self.payloads.show_result(request.tenant, view)
        except (StateUnavailable, AppendConflict) as error:
            raise AntipodeError("state_unavailable", "the state table refuses; send again with the same key") from error
        except PayloadUnavailable as error:
            raise AntipodeError("payload_unavailable", "the payload store refuses; send again") from error
        except LaneUnavailable as error:
            detail = "the job is recorded and will run; its lane refuses for now"
            raise AntipodeError("lane_unavailable", detail, job_id=job) from error

    async def submit_child(self, job: str, request: SubmitRequest, parent: dict[str, Json]) -> None:
        """Accept the job that another one calls. Raises AntipodeError for what is wrong, StateUnavailable."""
        agent, lane = self._check(request, own=_calls_itself(parent))
        agent.check_input(request.input)
        size = size_of_value(request.input, "input")
        recorded = await self.payloads.externalise(request.tenant, request.input, size)
        with contextlib.suppress(LaneUnavailable):  # it is recorded, and the sweeper will find it
            await self._accept(job, replace(self._submitted(request, agent, lane, recorded), parent=parent))

    async def submit_session(self, job: str, tenant: str, name: str) -> None:
        """Accept the job that is a tenant's session of that name: the same one, whichever of its turns begins it.

        Raises StateUnavailable.
        """
        lane = self.lanes.names()[0]  # its work is short, and turns wait for it
        agent = self.agents.find(SESSION_AGENT)
        assert agent is not None
        request = SubmitRequest(tenant=tenant, agent=SESSION_AGENT, input={"name": name})
        submitted = self._submitted(request, agent, lane, request.input)
        with contextlib.suppress(LaneUnavailable):  # it is recorded, and the sweeper will find it
            await self._accept(job, replace(submitted, body_digest=digest_of([SESSION_AGENT, tenant, name])))

    async def submit_redrive(self, job: str, tenant: str, value: dict[str, Json]) -> dict[str, Json]:
        """Accept the job that redrives a tenant's dead letters, and return it as clients see it.

        Raises AntipodeError idempotency_conflict, state_unavailable.
        """
        agent = self.agents.find(REDRIVE_AGENT)
        assert agent is not None
        lane = self.lanes.names()[0]  # its work is short; what it redrives goes by lanes of its own
        request = SubmitRequest(tenant=tenant, agent=REDRIVE_AGENT, input=value)
        try:
            return await self._accept(job, self._submitted(request, agent, lane, value))
        except (StateUnavailable, AppendConflict, LaneUnavailable) as error:
            raise AntipodeError("state_unavailable", "send again with the same key", job_id=job) from error

    def _check(self, request: SubmitRequest, *, own: bool = False) -> tuple[Agent, str]:
        """Return agent and lane. `own`: a job of Antipode's own asks, not a client or an author."""
        agent = self.agents.find(request.agent)
        if agent is None or agent.name == SESSION_AGENT or (agent.name == REDRIVE_AGENT and not own):
            detail = f"no agent is named {request.agent!r}; there are {', '.join(self.agents.names())}"
            raise AntipodeError("unknown_agent", detail, field="agent")
        lane = request.lane or DEFAULT_LANE
        if lane not in self.lanes.names():
            detail = f"no lane is named {lane!r}; there are {', '.join(self.lanes.names())}"
            raise AntipodeError("unknown_lane", detail, field="lane")
        if request.run_at is not None and seconds_between(self.clock.now(), request.run_at) > LONGEST_DELAY_SECONDS:
            raise AntipodeError("invalid_body", "run_at may lie a year ahead, no further", field="run_at")
        return agent, lane

    def _submitted(self, request: SubmitRequest, agent: Agent, lane: str, recorded: Json) -> JobSubmitted:
        now = self.clock.now()
        asked: dict[str, object] = {
            "agent": request.agent,
            "input": request.input,
            "lane": lane,
            "delay_seconds": request.delay_seconds,
            "deadline": request.deadline,
            "budget": request.budget,
            "callback_url": request.callback_url,
            "tags": request.tags,
        }
        if request.session is not None:
            asked["session"] = dict(request.session)
        if request.run_at is not None:
            asked["run_at"] = request.run_at
        if request.limit_keys is not None:
            asked["limit_keys"] = list(request.limit_keys)
        return JobSubmitted(
            at=now,
            tenant=request.tenant,
            agent=agent.name,
            agent_version=agent.version,
            lane=lane,
            input=recorded,
            body_digest=body_digest(asked),
            run_at=_start_of(request, now),
            deadline=request.deadline,
            budget=dict(request.budget) if request.budget else None,
            callback_url=request.callback_url,
            tags=dict(request.tags) if request.tags else None,
            session=dict(request.session) if request.session else None,
            limit_keys=list(request.limit_keys) if request.limit_keys else None,
        )

    async def _accept(self, job: str, submitted: JobSubmitted) -> dict[str, Json]:
        known = await self._known(job, submitted)
        if known is not None:
            return known
        segment = Segment(job, 1, self.region, 1, (submitted,))
        due = self._due(submitted)
        try:
            await self.history.append(segment, due=due)
        except AppendConflict:
            known = await self._known(job, submitted)
            if known is None:
                raise StateUnavailable("the place is taken, yet nothing can be read there") from None
            return known
        copied, rival = await self._reach_peer(segment, due)
        if rival is not None:
            return await self._withdraw(job, segment, rival)
        state = _state_of(segment)
        durability = await self._noted(job, state, None, due, copied=copied)
        await self._hint(job, submitted)
        return view_job(job, state, durability)

    async def _known(self, job: str, submitted: JobSubmitted) -> dict[str, Json] | None:
        record, state = await read_state(self.history, job)
        if state is None:
            return None
        _same_body(state, submitted)
        durability = await self._durability_again(job, record, state)
        if state.owner_region == self.region and state.status == "queued" and state.attempts == 0:
            await self._hint(job, state.job, epoch=state.epoch)
        await self._have_found(job, record, state)
        return view_job(job, state, durability)

    async def _have_found(self, job: str, record: JobRecord, state: JobState) -> None:
        """Have this Region's sweeper look at a long job of the peer's for which somebody asks again.

        A snapshot may be here without the beginning; if that is lost with the peer, so is the entry that led to the job
        (simulation seed 13094). The sweeper sees whether it is here: then it leaves the job to the peer.
        """
        head = record.head_of(self.region)
        noted = head is not None and head.due_at is not None
        if record.snapshot is not None and state.owner_region != self.region and not (state.finished or noted):
            due_at = add_seconds(self.clock.now(), self.stall_seconds)
            await self.projections.put_head(head_of(job, state, self.region, head, due_at))

    async def _durability_again(self, job: str, record: JobRecord, state: JobState) -> str:
        """The first try may have died before it reached the peer: copy again before answering."""
        if state.home_region != self.region:
            return durability_of(record, state, self.region)
        first, due = Segment(job, 1, self.region, 1, (state.job,)), self._due(state.job)
        copied, _ = await self._reach_peer(first, due)
        return await self._noted(job, state, record.head_of(self.region), due, copied=copied)

    async def _reach_peer(self, segment: Segment, due: Due) -> tuple[bool, Segment | None]:
        """Copy the segment to the peer's replica and look there for a rival acceptance of the same submission.

        Each Region writes its own replica before it looks at the other's, so of two rivals at least one sees the other.
        """
        copy, rival = await asyncio.gather(
            self.peer.append(segment, due=due),
            self.peer.read_opening(segment.job_id, self.peer_region),
            return_exceptions=True,
        )
        if isinstance(copy, AppendConflict):
            detail = "the peer holds another history of ours: this Region has not caught up with what it had lost"
            raise StateUnavailable(detail) from copy
        for outcome in (copy, rival):
            if isinstance(outcome, BaseException) and not isinstance(outcome, StateUnavailable):
                raise outcome
        copied = not isinstance(copy, StateUnavailable)
        return copied, rival if isinstance(rival, Segment) else None

    async def _withdraw(self, job: str, mine: Segment, rival: Segment) -> dict[str, Json]:
        """Leave the job to the peer: once its segment is in this replica too, it is durable in both Regions."""
        await self.history.append(rival, due=self._due(_submission_in(rival)))
        withdrawn = Segment(job, 1, self.region, 2, (SubmissionWithdrawn(at=self.clock.now()),))
        # a conflict: the sweeper has begun to run it here; the fold reads one result only
        with contextlib.suppress(AppendConflict):
            await self.history.append(withdrawn)
        state = fold((mine, withdrawn, rival))
        assert state is not None
        _same_body(state, _submission_in(mine))
        return view_job(job, state, "both")

    async def _noted(self, job: str, state: JobState, head: Head | None, due: Due, *, copied: bool) -> str:
        """Return the durability, and let the head say when it is the exception, so that a later read says so too."""
        noted = "local" if head is not None and head.durability == "local" else "both"
        durability = "both" if copied else "local"
        if durability != noted:
            due_at = None if state.finished else due.at
            fresh = head_of(job, state, self.region, None, due_at)
            await self.projections.put_head(replace(head or fresh, durability=None if copied else "local"))
        return durability

    async def _hint(self, job: str, submitted: JobSubmitted, epoch: int = 1) -> None:
        now = self.clock.now()
        start = submitted.run_at or now
        if not can_be_hinted(now, start) or (submitted.session is not None and submitted.run_at is None):
            return  # the sweeper will find it; a turn runs when its session has admitted it
        delay = max(0.0, seconds_between(now, start))
        await self.lanes.send([hint(job, epoch, submitted, "submitted", delay)])

    def _due(self, submitted: JobSubmitted) -> Due:
        start = submitted.run_at or submitted.at
        return Due(look_at(submitted.at, start, self.stall_seconds), submitted.lane)


def _calls_itself(parent: dict[str, Json]) -> bool:
    """Whether it is a redrive that calls the job: it has parts of it done by jobs of its own kind."""
    chain = parent["chain"]
    return isinstance(chain, list) and isinstance(last := chain[-1], list) and last[0] == REDRIVE_AGENT


def _start_of(request: SubmitRequest, now: str) -> str | None:
    """Return the moment before which the job does not run; one that has passed means at once."""
    if request.run_at is not None:
        return request.run_at if request.run_at > now else None
    return add_seconds(now, request.delay_seconds) if request.delay_seconds else None


def _submission_in(segment: Segment) -> JobSubmitted:
    opening = segment.events[0]
    assert isinstance(opening, JobSubmitted)
    return opening


def _state_of(segment: Segment) -> JobState:
    state = fold((segment,))
    assert state is not None
    return state


def _same_body(state: JobState, submitted: JobSubmitted) -> None:
    if state.job.body_digest != submitted.body_digest:
        raise AntipodeError("idempotency_conflict", "this Idempotency-Key was used with another body before")

"""Have a failed job go on: the request is an arrival, durable in both Regions, that the job's owner takes in once.

It is named after the redrive as a whole, so the same request, sent again by whoever repeats a page of jobs, in either
Region, is the same arrival. If the process dies after the first write, the arrival's due entry leads to it.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from functions.application.agent_ports import Agents
from functions.application.get_job import read_job
from functions.application.note_failure import NoteFailure
from functions.application.ports import HistoryStore, LaneSend, LaneUnavailable, hint
from functions.application.send_arrival import SendArrival
from functions.domain.dead_letter import Over
from functions.domain.errors import AntipodeError
from functions.domain.ids import session_job_id
from functions.domain.job.approvals import how_it_ended
from functions.domain.job.arrivals import ArrivalKind
from functions.domain.job.decider import ARRIVED
from functions.domain.job.history import JobRecord
from functions.domain.job.redrive import Terms, goes_alone
from functions.domain.job.state import JobState
from functions.domain.job.turns import TAKES_NO_TURN_AGAIN, session_of


@dataclass(frozen=True, slots=True, kw_only=True)
class RedriveRequest:
    """What is asked of each job: `name` tells this redrive from all others, `by` who wants it."""

    name: str
    by: str
    terms: Terms = field(default_factory=Terms)


@dataclass(frozen=True, slots=True, kw_only=True)
class RedriveJob:
    """The use case."""

    history: HistoryStore
    send: SendArrival
    agents: Agents
    failures: NoteFailure

    async def redrive(self, tenant: str, jobs: Sequence[str], asked: RedriveRequest) -> dict[str, str]:
        """Redrive these jobs at once, and return the code of the refusal of each that could not be.

        Raises StateUnavailable; who was asked so far stays asked, and may be asked again.
        """
        outcomes = await asyncio.gather(*(self._ask(tenant, job, asked) for job in dict.fromkeys(jobs)))
        await self._hint([(job, told) for job, told, _ in outcomes if told is not None])
        return {job: refused for job, _, refused in outcomes if refused is not None}

    async def check(self, job_id: str, record: JobRecord, state: JobState, asked: RedriveRequest) -> bool:
        """Say whether this very request was made before. Raises AntipodeError: why the job cannot be redriven."""
        if any((each.kind, each.name) == (ArrivalKind.REDRIVE, asked.name) for each in record.arrivals):
            return True
        if state.status != "failed":
            said = how_it_ended(state) if state.finished else f"is {state.status}"
            raise AntipodeError("job_not_failed", f"{job_id} {said}")
        await self._refuse_family(job_id, state, asked.terms)
        wanted = asked.terms.agent_version
        if wanted is not None and self.agents.find(state.job.agent, wanted) is None:
            versions = ", ".join(self.agents.versions(state.job.agent)) or "none"
            detail = f"this release has {state.job.agent!r} in version {versions}, not in {wanted!r}"
            raise AntipodeError("agent_version_missing", detail, field="agent_version")
        return False

    async def _refuse_family(self, job_id: str, state: JobState, terms: Terms) -> None:
        """Raise AntipodeError for a job whose end others have gone on from, or may yet: see `refuse_child`."""
        if session_of(state) is not None:
            await self._refuse_turn(job_id, state)
        link = state.job.parent
        if link is not None and not goes_alone(link):
            try:
                _, parent = await read_job(self.history, state.job.tenant, str(link["job_id"]))
            except AntipodeError as error:
                if error.code != "job_not_found":
                    raise
                parent = None
            refuse_child(job_id, str(link["job_id"]), parent, terms)

    async def _refuse_turn(self, job_id: str, state: JobState) -> None:
        """Raise AntipodeError for a turn that its session would not let run again: any other waits there for its turn.

        A session that cannot be read is begun by the turn itself, as it is by a first one.
        """
        name, tenant = str(session_of(state)), state.job.tenant
        try:
            _, session = await read_job(self.history, tenant, session_job_id(tenant, name))
        except AntipodeError as error:
            if error.code != "job_not_found":
                raise
            return
        again = f"submit its input as a new turn of {name!r}"
        if session.finished:
            detail = f"{job_id} was a turn of {name!r}, which {how_it_ended(session)}: begin another session with it"
            raise AntipodeError("session_ended", detail, session=name)
        if session.job.agent_version in TAKES_NO_TURN_AGAIN:
            detail = f"{job_id} was a turn of {name!r}, which an earlier release began, and which has gone on: {again}"
            raise AntipodeError("turn_over", detail, session=name)

    async def _ask(self, tenant: str, job_id: str, asked: RedriveRequest) -> tuple[str, JobState | None, str | None]:
        """Write the request. Return the job's state when it needs a hint, and the refusal's code if it was refused."""
        try:
            record, state = await read_job(self.history, tenant, job_id)
            await self.check(job_id, record, state, asked)
        except AntipodeError as error:
            if error.code == "state_unavailable":
                raise
            return job_id, None, error.code
        body = asked.terms.body(state.failure)
        await self.send.record(job_id, state, ArrivalKind.REDRIVE, asked.name, by=asked.by, body=body)
        await self.failures.over(record.dead, Over.REDRIVEN, except_of=state.owner_region)
        return job_id, state, None

    async def _hint(self, jobs: Sequence[tuple[str, JobState]]) -> None:
        """Send the hints in batches, each to the job's own lane where its owner is. The sweeper goes by due entries."""
        own: list[LaneSend] = []
        peers: list[LaneSend] = []
        for job_id, state in jobs:
            where = own if state.owner_region == self.send.region else peers
            where.append(hint(job_id, state.epoch, state.job, ARRIVED))
        for lanes, sends in ((self.send.lanes, own), (self.send.peer_lanes, peers)):
            if sends:
                with contextlib.suppress(LaneUnavailable):
                    await lanes.send(sends)


def refuse_child(job_id: str, parent_id: str, parent: JobState | None, terms: Terms) -> None:
    """Raise AntipodeError for a job that another one called, unless it is to go on alone and that one has ended.

    While its parent runs, or may be redriven with it, it would do what nobody hears of, or what is done again beside
    it. A parent that ended otherwise has made its peace with the failure, perhaps by doing something in its stead: so
    only who knows that has the job go on. `parent` is None where it has not been replicated yet.
    """
    if parent is None or not parent.finished:
        detail = f"{job_id} was called by {parent_id}, which has not ended: see what it makes of the failure"
        raise AntipodeError("redrive_parent", detail, parent=parent_id)
    if parent.status == "failed":
        detail = f"{job_id} was called by {parent_id}, which has failed, too: redrive that one"
        raise AntipodeError("redrive_parent", detail, parent=parent_id)
    if not terms.alone:
        said = f"{job_id} was called by {parent_id}, which {how_it_ended(parent)} without it"
        detail = f'{said}: redrive it with "alone" if its work is still wanted'
        raise AntipodeError("parent_ended", detail, parent=parent_id)

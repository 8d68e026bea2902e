"""A job's children: beginning one, telling the parent of a child's end, ending the children of a job that has ended.

A child's id derives from its parent and the step that calls it, so beginning it again begins nothing new. What a dying
process leaves undone here, the sweeper does: it looks once at each job, and at a finished one it settles its family.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from functions.application.agent_ports import CallRequest
from functions.application.call_again import CallAgain
from functions.application.enlist_turn import EnlistTurn
from functions.application.ports import HistoryStore
from functions.application.read_state import read_state
from functions.application.send_arrival import SendArrival
from functions.application.step_ends import end_taken
from functions.application.submit_job import SubmitJob, SubmitRequest
from functions.application.tell_job import TellJob
from functions.domain.errors import AntipodeError
from functions.domain.ids import child_job_id
from functions.domain.job.arrivals import ArrivalKind, awaited, in_order
from functions.domain.job.events import Json
from functions.domain.job.progress import CALL
from functions.domain.job.redrive import call_name, call_number, goes_alone
from functions.domain.job.state import JobState
from functions.domain.payload import as_inline, digest_of_input

#: How many jobs may call each other in a chain.
DEEPEST = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class CallChild:
    """The use case, for the worker that runs the parent or the child, and for the sweeper."""

    submit: SubmitJob
    send: SendArrival
    history: HistoryStore

    @property
    def turns(self) -> EnlistTurn:
        """What a job has to do with its session."""
        return EnlistTurn(submit=self.submit, send=self.send, history=self.history)

    @property
    def again(self) -> CallAgain:
        """What a job that was redriven does with its calls."""
        return CallAgain(send=self.send, history=self.history)

    @property
    def tell(self) -> TellJob:
        """What a job may tell others."""
        return TellJob(send=self.send, history=self.history)

    async def choose(self, parent_id: str, parent: JobState, step: str, request: CallRequest) -> str:
        """Return the id of the child with which a call begins, or goes on. Raises StateUnavailable."""
        if parent.redrives:
            return await self.again.choose(parent_id, parent, step, request)
        return child_job_id(parent_id, step)

    async def begin(
        self, parent_id: str, parent: JobState, step: str, request: CallRequest, chosen: str | None = None
    ) -> str:
        """Submit the child, if it has not been, and return its id; have an earlier one go on where that was `chosen`.

        Raises AntipodeError (call_cycle, call_too_deep, and what a client would be told), StateUnavailable.
        """
        child = child_job_id(parent_id, call_name(step, parent.redrives))
        chain = _chain_with(parent, request)
        if chosen is not None and chosen != child:
            await self.again.go_on(parent_id, parent, step, chosen)
            return chosen
        link: dict[str, Json] = {"job_id": parent_id, "step": step, "chain": chain}
        link |= {"call": parent.redrives} if parent.redrives else {}
        asked = SubmitRequest(
            tenant=parent.job.tenant,
            agent=request.agent,
            input=request.input,
            lane=request.lane or parent.job.lane,
            deadline=parent.job.deadline,
        )
        try:
            await self.submit.submit_child(child, asked, link)
        except AntipodeError as error:
            if error.code != "idempotency_conflict":
                raise
            # it was begun by a history of its parent's that is superseded, which had come to another input: it stands
        return child

    async def settle_family(self, job_id: str, state: JobState) -> None:
        """After a job's end: tell its parent and its session, and end the children that it waited for.

        Raises StateUnavailable.
        """
        await asyncio.gather(
            self._tell_parent(job_id, state),
            self.turns.tell_end(job_id, state),
            self.end_children(state, f"the job that called it has {state.status}"),
        )

    async def tell_own_parent(self, job_id: str, state: JobState) -> None:
        """After the end of a job that the peer ran: tell its parent, if that is this Region's.

        Both may have begun the family while apart: the peer held the parent for its own and told it there, where that
        counts for nothing (seed 35505). Raises StateUnavailable.
        """
        await self._tell_parent(job_id, state, own_only=True)

    async def end_from_parent(self, state: JobState) -> Json:
        """Return the end that the parent of an adopted job has already been told of, or None.

        The Region that had run it to its end may be lost with that part of its history; but the parent may have gone on
        with the result, so it stands. What the parent's history has taken in counts; else what it would take.
        """
        link = state.job.parent
        if link is None or goes_alone(link):
            return None
        parent_id, step = str(link["job_id"]), str(link["step"])
        key = awaited(ArrivalKind.CHILD_ENDED, call_name(step, call_number(link)))
        record, parent = await read_state(self.history, parent_id)
        if parent is not None and (taken := end_taken(parent.steps.get(step), key)) is not None:
            return taken
        owner = self.send.region if parent is None else parent.owner_region
        return next((arrival.body for arrival in in_order(record.arrivals, owner) if arrival.key == key), None)

    async def _tell_parent(self, job_id: str, state: JobState, *, own_only: bool = False) -> None:
        link = state.job.parent
        if link is None:
            return
        parent_id, name = str(link["job_id"]), call_name(str(link["step"]), call_number(link))
        _, parent = await read_state(self.history, parent_id)
        if own_only and (parent is None or parent.owner_region != self.send.region):
            return
        if goes_alone(link):
            if parent is None or not _waits_again(parent, link, job_id):
                return
            name = call_name(str(link["step"]), parent.redrives)
        body: dict[str, Json] = {"job_id": job_id, **state.end}
        if parent is None:  # not replicated yet: left for whoever can read it
            await self.send.leave(parent_id, state, ArrivalKind.CHILD_ENDED, name, by=job_id, body=body)
            return
        if _has_ended(parent, link) or awaited(ArrivalKind.CHILD_ENDED, name) in parent.taken:
            return
        if call_number(link) < parent.redrives and not goes_alone(link):
            return  # it has been redriven since, and waits for another
        await self.send.send(parent_id, parent, ArrivalKind.CHILD_ENDED, name, by=job_id, body=body)

    async def end_child(self, parent: JobState, child_id: str, reason: str) -> None:
        """Ask that a child end. Raises StateUnavailable."""
        await self.again.end(parent, child_id, reason)

    async def outlives_parent(self, job_id: str, state: JobState) -> bool:
        """Say whether a child that was adopted goes on after its parent's end, and then ask that it end, too.

        The part of the parent's history that tells of the child may have been lost with a Region. Raises
        StateUnavailable.
        """
        link = state.job.parent
        if link is None or goes_alone(link) or not state.adoptions or state.cancel is not None:
            return False
        _, parent = await read_state(self.history, str(link["job_id"]))
        return parent is not None and await self._end_after(parent, job_id, state)

    async def end_abandoned(self, job_id: str, state: JobState) -> bool:
        """Ask that a job end which the peer began while the Regions were apart, if its parent is ours and has ended.

        The history that called it is superseded, and the one that counts knows nothing of it. Return whether no further
        look is needed: none while the parent runs, for it may call it yet. Raises StateUnavailable.
        """
        link = state.job.parent
        if link is None or goes_alone(link) or state.cancel is not None:
            return True
        _, parent = await read_state(self.history, str(link["job_id"]))
        if parent is None or parent.owner_region != self.send.region:
            return parent is not None  # it is the peer's, which ends its own children
        await self._end_after(parent, job_id, state)
        return parent.finished

    async def _end_after(self, parent: JobState, job_id: str, state: JobState) -> bool:
        """Ask that a child end if its parent has, which was told of no end of it; say whether that was asked."""
        link = state.job.parent
        if link is None or not _has_ended(parent, link) or await self.end_from_parent(state) is not None:
            return False
        await self.end_child(parent, job_id, f"the job that called it has {parent.status}")
        return True

    async def end_children(self, parent: JobState, reason: str) -> None:
        """Ask that all children end for whose end the job waits. Raises StateUnavailable."""
        await asyncio.gather(*(self.end_child(parent, child, reason) for child in _open_calls(parent)))


def _has_ended(parent: JobState, link: Mapping[str, Json]) -> bool:
    """Say whether a parent has ended, for the child with this link: it may know of a redrive that is not here yet."""
    return parent.finished and call_number(link) <= parent.redrives


def _waits_again(parent: JobState, link: Mapping[str, Json], child_id: str) -> bool:
    """Say whether a job waits for a child that was redriven by itself.

    Its own end was superseded then by one that failed: it was redriven, too, and chose this child before that.
    """
    return not parent.finished and call_number(link) < parent.redrives and child_id in _open_calls(parent)


def _open_calls(state: JobState) -> list[str]:
    calls = (wait.about for wait in state.waits.values() if wait.step_kind == CALL)
    return [str(about["job_id"]) for about in calls if about is not None]


def _chain_with(parent: JobState, request: CallRequest) -> list[Json]:
    """Return the chain of calls down to the child. Raises AntipodeError when it is too long or leads back to itself."""
    above = parent.job.parent["chain"] if parent.job.parent is not None else []
    assert isinstance(above, list)
    chain: list[Json] = [*above, [parent.job.agent, digest_of_input(parent.job.input)]]
    path = " -> ".join([*(str(link[0]) for link in chain if isinstance(link, list)), request.agent])
    if [request.agent, digest_of_input(as_inline(request.input))] in chain:
        detail = f"{path}: {request.agent!r} is called again with the input that it is working on"
        raise AntipodeError("call_cycle", detail)
    if len(chain) >= DEEPEST:
        raise AntipodeError("call_too_deep", f"{path}: {len(chain) + 1} jobs in a chain, the limit is {DEEPEST}")
    return chain

"""What a redriven parent does with a call that had failed: have the child that failed go on, or call a new one.

After each redrive a call has another name, by which the child's end is told; so what a child had told before is not
taken for its new end. The child is chosen once, when the wait for it is recorded; all else here may be done again.
"""

from dataclasses import dataclass

from functions.application.agent_ports import CallRequest
from functions.application.ports import HistoryStore
from functions.application.read_state import read_state
from functions.application.send_arrival import SendArrival
from functions.domain.ids import child_job_id
from functions.domain.job.arrivals import ArrivalKind
from functions.domain.job.decider import is_over, unheard
from functions.domain.job.redrive import Terms, call_name, call_number, goes_alone, within_family
from functions.domain.job.state import JobState
from functions.domain.payload import as_inline, digest_of_input


@dataclass(frozen=True, slots=True, kw_only=True)
class CallAgain:
    """The use case, for the worker that runs the parent. Every method raises StateUnavailable."""

    send: SendArrival
    history: HistoryStore

    async def choose(self, parent_id: str, parent: JobState, step: str, request: CallRequest) -> str:
        """Return the child with which the call goes on: the latest one, if it has failed or succeeded, else a new one.

        A latest one that has not ended is asked to: what it was called for is over. One that was cancelled stays so,
        and one that was asked for something else is of no use.
        """
        for number in range(parent.redrives - 1, -1, -1):
            child_id = child_job_id(parent_id, call_name(step, number))
            _, child = await read_state(self.history, child_id)
            if child is None:
                continue
            if not child.finished:
                await self.end(parent, child_id, "the job that called it is redriven")
            elif child.status != "cancelled" and child.cancel is None and _is_asked_for(child, request):
                return child_id
            break
        return child_job_id(parent_id, call_name(step, parent.redrives))

    async def go_on(self, parent_id: str, parent: JobState, step: str, child_id: str) -> None:
        """Have an earlier child go on from its failure, or tell the parent its end anew, if it has no other."""
        _, child = await read_state(self.history, child_id)
        link = None if child is None else child.job.parent
        if child is None or link is None or call_number(link) >= parent.redrives or not child.finished:
            return
        name = call_name(step, parent.redrives)
        if child.status == "failed":
            terms = Terms(deadline=parent.job.deadline, parent=within_family(link, parent.redrives))
            again = call_name("parent", parent.redrives)
            await self.send.send(
                child_id, child, ArrivalKind.REDRIVE, again, by=parent.job.agent, body=terms.body(child.failure)
            )
            return
        body = {"job_id": child_id, **child.end}
        await self.send.send(parent_id, parent, ArrivalKind.CHILD_ENDED, name, by=child_id, body=body)

    async def end(self, parent: JobState, child_id: str, reason: str) -> None:
        """Ask that a child end, unless it has, for good, or goes on by itself after its parent's end."""
        record, child = await read_state(self.history, child_id)
        by, name = parent.job.agent, call_name("parent", parent.redrives)
        if child is None:  # another worker may be about to begin it, or it is on its way here: it will find this
            await self.send.leave(child_id, parent, ArrivalKind.CANCEL, name, by=by, body=reason)
        elif parent.finished and goes_alone(child.job.parent or {}):
            return
        elif not is_over(child, unheard(child, record.arrivals, child.owner_region)):
            await self.send.send(child_id, child, ArrivalKind.CANCEL, name, by=by, body=reason)


def _is_asked_for(child: JobState, request: CallRequest) -> bool:
    same_input = digest_of_input(child.job.input) == digest_of_input(as_inline(request.input))
    return child.job.agent == request.agent and same_input

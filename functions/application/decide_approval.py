"""Decide what a job asks a group of people: once, whoever decides and in whichever Region.

The owner's replica says who was first, so it is asked there. While it is out of reach the decision is kept here, and
counts unless somebody was quicker there. A decision may come as the time to decide runs out: then whoever decides is
told what the job's history says, which is waited for a little.
"""

import contextlib
from dataclasses import dataclass

from functions.application.ports import Clock, HistoryStore, StateUnavailable
from functions.application.read_state import read_state
from functions.application.send_arrival import SendArrival
from functions.application.step_ends import APPROVAL
from functions.domain.errors import AntipodeError
from functions.domain.ids import digest_of
from functions.domain.job.approvals import (
    ApprovalId,
    decision_among,
    how_it_ended,
    over_because,
    read_approval_id,
)
from functions.domain.job.arrivals import Arrival, ArrivalKind
from functions.domain.job.events import Json, StepFailed
from functions.domain.job.state import JobState, StepEnd
from functions.domain.moments import add_seconds

UNSETTLED = (
    "a Region is out of reach, or has just taken the job over, or the time to decide is nearly over: the decision is "
    "recorded here, and counts as soon as the Region that runs the job takes it in, unless another one was recorded "
    "there first, or the time was over before that"
)
#: So shortly before its deadline a decision may lie there after the job's last look, as clocks differ and writes take
#: time: only the history says whether it was taken.
CLOSE_SECONDS = 10.0
#: That is waited for so long, and looked at so often.
LOOK_SECONDS, LOOKS = 0.5, 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What somebody decides; `via` is whose token said so. Sent again with the same `key`, it is the same decision."""

    approved: bool
    comment: str
    by: str
    via: str
    key: str | None = None

    def to_json(self) -> dict[str, Json]:
        """Return it as it is sent to the job."""
        said: dict[str, Json] = {"approved": self.approved, "comment": self.comment, "via": self.via}
        return said if self.key is None else {**said, "key": digest_of(self.key)}


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is known of an approval's job, and what has arrived for it in either Region."""

    state: JobState
    arrivals: tuple[Arrival, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideApproval:
    """The use case. `peer` is the peer Region's replica, reached directly."""

    history: HistoryStore
    peer: HistoryStore
    send: SendArrival
    clock: Clock
    region: str

    async def decide(self, tenant: str, text: str, decision: Decision) -> dict[str, Json]:
        """Return the decision as it is recorded, and whether it is settled that it is the one that counts.

        Raises AntipodeError approval_not_found, already_decided, approval_over, state_unavailable, StateUnavailable.
        """
        approval = read_approval_id(text)
        asked = None if approval is None else await self._read(tenant, approval.job_id)
        if approval is None or asked is None:
            raise AntipodeError("approval_not_found", f"there is no approval {text!r} of this tenant")
        earlier = decision_among(asked.arrivals, approval, asked.state.owner_region)
        if earlier is not None:
            _not_in_vain(asked.state, earlier.name, text)
            settled = await self.send.holds(asked.state, earlier) and await self._is_taken(asked.state, earlier, text)
            return _again(text, earlier, decision, settled=settled)
        step = _open_step(asked.state, approval, text, self.clock.now())
        body = decision.to_json()
        kind = ArrivalKind.DECISION
        sent = await self.send.send_once(approval.job_id, asked.state, kind, step, by=decision.by, body=body)
        settled = sent.settled and await self._is_taken(asked.state, sent.arrival, text)
        if sent.earlier:
            return _again(text, sent.arrival, decision, settled=settled)
        return {**_view(text, sent.arrival, settled=settled), "durability": sent.durability}

    async def _is_taken(self, asked: JobState, arrival: Arrival, text: str) -> bool:
        """Say whether the job takes this decision: it has, or its wait lasts long enough for that it will.

        Raises AntipodeError approval_over when the history has the wait without it.
        """
        wait = asked.waits.get(arrival.name)
        if wait is None:
            return True  # it has been taken: else `_not_in_vain` would have said so
        until = min(filter(None, (wait.until, asked.job.deadline)))
        if self.clock.now() < add_seconds(until, -CLOSE_SECONDS):
            return True
        for _ in range(LOOKS):
            with contextlib.suppress(StateUnavailable):
                _, now = await read_state(
                    self.history if asked.owner_region == self.region else self.peer, arrival.job_id
                )
                if now is not None and arrival.key in now.taken:
                    return now.owner_region == asked.owner_region
                if now is not None:
                    _not_in_vain(now, arrival.name, text)
            await self.clock.sleep(LOOK_SECONDS)
        return False

    async def _read(self, tenant: str, job_id: str) -> _Asked | None:
        """Read the job here and, where the newest is not known here, in the Region that runs it."""
        record, state = await read_state(self.history, job_id)
        arrivals = record.arrivals
        if state is None or state.owner_region != self.region:
            with contextlib.suppress(StateUnavailable):
                record, there = await read_state(self.peer, job_id)
                arrivals += record.arrivals
                if there is not None and (state is None or there.epoch >= state.epoch):
                    state = there
        return None if state is None or state.job.tenant != tenant else _Asked(state, arrivals)


def _open_step(state: JobState, approval: ApprovalId, text: str, now: str) -> str:
    """Return the step that waits for the decision. Raises AntipodeError approval_over, approval_not_found."""
    for wait in state.waits.values():
        if wait.step_kind == APPROVAL and approval.means(wait.step):
            why = over_because(state, wait, now)
            if why is not None:
                raise AntipodeError("approval_over", f"nobody had decided on {text} before {why}")
            return wait.step
    for step, end in state.steps.items():
        if end.step_kind == APPROVAL and approval.means(step):
            raise AntipodeError("approval_over", f"nobody had decided on {text} before {_why_over(end)}")
    raise AntipodeError("approval_not_found", f"{approval.job_id} asks nothing under the id {text}")


def _not_in_vain(state: JobState, step: str, text: str) -> None:
    """Raise AntipodeError approval_over when the history has the end of a wait, or of its job, without a decision."""
    end = state.steps.get(step)
    if (end is not None and end.arrival is None) or (end is None and state.finished and step in state.waits):
        why = f"the job {how_it_ended(state)}" if end is None else _why_over(end)
        raise AntipodeError("approval_over", f"nobody had decided on {text} before {why}")


def _why_over(end: StepEnd) -> str:
    cancelled = isinstance(end, StepFailed) and end.code == "cancelled"
    return "the job was asked to end" if cancelled else "the time to decide was over"


def _again(text: str, earlier: Arrival, decision: Decision, *, settled: bool) -> dict[str, Json]:
    """Return a decision that was sent twice. Raises AntipodeError already_decided when another was first."""
    known = _view(text, earlier, settled=settled)
    body = earlier.body if isinstance(earlier.body, dict) else {}
    if decision.key is not None and body.get("key") == decision.to_json()["key"]:
        return {**known, "durability": "both" if settled else "local"}
    word = "approved" if known["approved"] else "rejected"
    detail = f"{earlier.by} {word} it at {earlier.at}"
    raise AntipodeError("already_decided", detail, decision=known)


def _view(text: str, arrival: Arrival, *, settled: bool) -> dict[str, Json]:
    body = arrival.body if isinstance(arrival.body, dict) else {}
    view: dict[str, Json] = {
        "id": text,
        "job": arrival.job_id,
        "approved": body.get("approved") is True,
        "by": arrival.by,
        "comment": body.get("comment"),
        "at": arrival.at,
        "settled": settled,
    }
    return view if settled else {**view, "explanation": UNSETTLED}

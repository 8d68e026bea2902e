"""Send something to a job from outside of its worker: durable in both Regions, then a hint where it can wake the job.

The item's due entry leads the owner's sweeper to it, so no hint has to arrive. Sent again, it is the same arrival. If
the process dies after the first write, the due entry is there: what was not acknowledged may still take effect.
"""

import contextlib
from dataclasses import dataclass, replace

from functions.application.ports import (
    Clock,
    HistoryStore,
    Lanes,
    LaneUnavailable,
    StateUnavailable,
    hint,
)
from functions.application.read_state import read_state
from functions.application.tell_both import tell_peer
from functions.domain.ids import digest_of
from functions.domain.job.arrivals import PROVISIONAL, Arrival, ArrivalKind, is_provisional
from functions.domain.job.decider import ARRIVED
from functions.domain.job.events import Json
from functions.domain.job.state import JobState


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of it. `arrival` lies there now: the one that was sent, or an earlier one under the same key.

    `settled`, of what may be sent once only: it lies in both replicas, and did before another Region took the job over;
    so whoever owns the job takes this one.
    """

    arrival: Arrival
    earlier: bool
    durability: str
    settled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SendArrival:
    """The use case. `peer` is the peer Region's replica, reached directly; `peer_lanes` are its queues."""

    history: HistoryStore
    peer: HistoryStore
    lanes: Lanes
    peer_lanes: Lanes
    clock: Clock
    region: str
    peer_region: str

    async def send(self, job_id: str, state: JobState, kind: ArrivalKind, name: str, *, by: str, body: Json) -> Sent:
        """Send it. Raises StateUnavailable when it lies nowhere, or perhaps somewhere: send it again."""
        sent = await self.record(job_id, state, kind, name, by=by, body=body)
        await self.remind(job_id, state)
        return sent

    async def record(self, job_id: str, state: JobState, kind: ArrivalKind, name: str, *, by: str, body: Json) -> Sent:
        """Send it without the hint, for whoever sends many hints at once. Raises StateUnavailable, as `send` does."""
        arrival = self._arrival(job_id, self.region, kind, name, by, body)
        return await self._write(arrival, state.owner_region, state.job.lane)

    async def leave(self, job_id: str, sender: JobState, kind: ArrivalKind, name: str, *, by: str, body: Json) -> None:
        """Leave it for a job that cannot be read here yet, as due in this Region. Raises StateUnavailable."""
        arrival = self._arrival(job_id, self.region, kind, name, by, body)
        await self._write(arrival, self.region, sender.job.lane)

    def _arrival(self, job_id: str, region: str, kind: ArrivalKind, name: str, by: str, body: Json) -> Arrival:
        return Arrival(job_id=job_id, region=region, kind=kind, name=name, at=self.clock.now(), by=by, body=body)

    async def _write(self, arrival: Arrival, owner: str, lane: str) -> Sent:
        there = await self.history.receive(arrival, owner=owner, lane=lane)
        durability = await tell_peer(self.peer.receive(there, owner=owner, lane=lane))
        return Sent(there, there != arrival, durability, settled=False)

    async def send_once(
        self, job_id: str, state: JobState, kind: ArrivalKind, name: str, *, by: str, body: Json
    ) -> Sent:
        """Send what may be sent once only, whoever sends it and where: the owner's replica says who came first."""
        if state.owner_region == self.region:
            sent = await self.send(job_id, state, kind, name, by=by, body=body)
            return replace(sent, settled=await self._is_settled(sent.arrival, state, sent.durability))
        arrival = self._arrival(job_id, state.owner_region, kind, name, by, body)
        try:
            there = await self.peer.receive(arrival, owner=state.owner_region, lane=state.job.lane)
        except StateUnavailable:  # the owner is out of reach: recorded here, and it counts if nobody was first there
            said = {**body, PROVISIONAL: True} if isinstance(body, dict) else body
            return await self.send(job_id, state, kind, name, by=by, body=said)
        await self.history.receive(there, owner=state.owner_region, lane=state.job.lane)
        await self.remind(job_id, state)
        return Sent(there, there != arrival, "both", settled=await self._is_settled(there, state, "both"))

    async def holds(self, state: JobState, arrival: Arrival) -> bool:
        """Say whether something that was sent once is settled, after seeing to it that it lies in both replicas."""
        if arrival.region != state.owner_region:
            return False
        sent = await self._write(arrival, state.owner_region, state.job.lane)
        return await self._is_settled(arrival, state, sent.durability)

    async def _is_settled(self, arrival: Arrival, state: JobState, durability: str) -> bool:
        """Look whether the other Region has taken the job over, or holds another that it would prefer if it did.

        Else it finds this one when it takes the job over.
        """
        if durability != "both":
            return False
        other = self.peer if state.owner_region == self.region else self.history
        try:
            record, there = await read_state(other, arrival.job_id)
        except StateUnavailable:
            return False
        rivals = (each for each in record.arrivals if each.key == arrival.key and each.region != arrival.region)
        if any(not is_provisional(each) for each in rivals):
            return False
        return there is None or there.epoch < state.epoch or there.owner_region == state.owner_region

    async def remind(self, job_id: str, state: JobState) -> None:
        """Send the hint alone, for what lies in both replicas already."""
        if state.owner_region == self.region and state.status == "running":
            _, now = await read_state(self.history, job_id)  # again, for it may have left its worker meanwhile
            if now is not None and now.status == "running":
                return  # its worker looks out for arrivals
        lanes = self.lanes if state.owner_region == self.region else self.peer_lanes
        with contextlib.suppress(LaneUnavailable):
            await lanes.send([hint(job_id, state.epoch, state.job, ARRIVED)])


def sent_name(key: str | None, now: str, token: str) -> str:
    """Return by what something is told from others of its kind: its sender's key, or else the moment and chance."""
    return digest_of(key) if key is not None else f"{now}.{token[-12:]}"

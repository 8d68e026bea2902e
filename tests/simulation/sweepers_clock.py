"""The clock of a simulated sweeper, which sleeps through rounds that can find nothing new.

Half of what a simulation costs would be rounds over a table that nobody has written to. What a round does follows from
the replica, from what has come due by then, and from whether the last round was refused something: while none of these
has changed, another round is left out. It changes nothing that a new sweeper begins with a round.
"""

from dataclasses import dataclass

from functions.adapters.memory import MemoryProjections
from tests.simulation.lanes import LANE
from tests.simulation.machine import Process
from tests.simulation.replication import Replica
from tests.simulation.virtual_time import VirtualClock, pass_time


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a round could build on."""

    at: str
    changes: int
    refusals: int


@dataclass(slots=True, kw_only=True)
class SweepersClock(VirtualClock):
    """The port Clock. `shards`: how many partitions the due index has."""

    region: str
    replica: Replica
    process: Process
    shards: int
    _last: _Seen | None = None

    async def sleep(self, seconds: float) -> None:
        """See Clock. Returns at the end of one of so many such sleeps: when the next round may differ from the last."""
        await pass_time(seconds)
        while await self._nothing_new():
            await pass_time(seconds)
        self._last = _Seen(self.now(), self.replica.changes, self.process.refusals)

    async def _nothing_new(self) -> bool:
        last = self._last
        if last is None or (last.changes, last.refusals) != (self.replica.changes, self.process.refusals):
            return False
        index, now = MemoryProjections(self.replica.table), self.now()
        for shard in range(self.shards):
            if await index.due(self.region, LANE, shard, after=last.at, upto=now, limit=1):
                return False
        return True

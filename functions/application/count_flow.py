"""Count what the lanes' workers do, in the process's memory, and tell the table now and then.

If the process dies, what it has not told is lost: a few seconds' counts. So that counting costs next to nothing, a
process tells at most once in five seconds, and sooner than after twenty only when ten attempts have begun: one write
for ten jobs where there is much to do, and one in twenty seconds where there is little. A process that gets no more
jobs keeps what it has counted last for itself.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from functions.application.flow_ports import FlowBook
from functions.application.ports import Clock, StateUnavailable
from functions.domain.job.state import JobState
from functions.domain.lane_flow import TOLD_AFTER_SECONDS, LaneCounts, Tally, bucket_of, first_wait

TELL_SECONDS = 5.0
#: Fewer attempts than this are not worth a write of their own yet.
WORTH_A_WRITE = 10


@dataclass(slots=True, kw_only=True)
class CountFlow:
    """The use case (port FlowCounts) of one process."""

    book: FlowBook
    clock: Clock
    region: str
    _tally: Tally = field(default_factory=Tally)
    _told_at: float | None = None

    def started(self, state: JobState, at: str) -> None:
        """See FlowCounts. A first attempt has waited on its lane; that of a turn for its session instead."""
        first = state.attempts == 0 and state.job.session is None
        counts = first_wait(at, state.job.run_at or state.job.at) if first else LaneCounts(starts=1)
        self._tally.count(state.job.lane, counts)

    def ended(self, lane: str, *, failed: bool) -> None:
        """See FlowCounts."""
        self._tally.count(lane, LaneCounts(ends=1, failures=int(failed)))

    @asynccontextmanager
    async def telling(self) -> AsyncIterator[None]:
        """Tell what is counted meanwhile, and what is left at the end if it is time."""
        telling = asyncio.create_task(self._keep_telling())
        try:
            yield
        finally:
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)
            await self.tell()

    async def tell(self) -> None:
        """Tell what was counted, if it is time; a table that refuses is told later."""
        if not self._is_time():
            return
        self._told_at = self.clock.monotonic()
        lanes = self._tally.take()
        try:
            await self.book.add(self.region, bucket_of(self.clock.now()), lanes)
        except StateUnavailable:
            for lane, counts in lanes.items():
                self._tally.count(lane, counts)

    def _is_time(self) -> bool:
        if not self._tally.lanes:
            return False
        if self._told_at is None:
            return True
        since = self.clock.monotonic() - self._told_at
        return since >= TOLD_AFTER_SECONDS or (since >= TELL_SECONDS and self._tally.starts >= WORTH_A_WRITE)

    async def _keep_telling(self) -> None:
        while True:
            await self.clock.sleep(TELL_SECONDS)
            await self.tell()

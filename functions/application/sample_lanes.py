"""Write down every few seconds how deep this Region's queues are: for the admission, and for the peer to read.

A part of the sentinel. If it dies the next one goes on a minute later at most; meanwhile nobody is turned away.
"""

from dataclasses import dataclass

from functions.application.flow_ports import FlowBook
from functions.application.ports import Clock, Lanes, LaneUnavailable, StateUnavailable
from functions.application.record_steps import Say
from functions.domain.lane_flow import DepthSample, sampled


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleLanes:
    """The use case: started once a minute, samples every `pause_seconds` for that minute."""

    book: FlowBook
    lanes: Lanes
    clock: Clock
    region: str
    pause_seconds: float

    async def run(self, seconds: float, say: Say) -> None:
        """Work for about `seconds`. A queue or table that refuses is said to the log; the next round tries again."""
        end = self.clock.monotonic() + seconds
        before: DepthSample | None = None
        while True:
            try:
                before = await self.sample(before)
            except (StateUnavailable, LaneUnavailable) as error:
                say("sample_refused", error=str(error))
            if self.clock.monotonic() + self.pause_seconds >= end:
                return
            await self.clock.sleep(self.pause_seconds)

    async def sample(self, before: DepthSample | None) -> DepthSample:
        """Write a sample and return it; `before` is the last one, or None to look for it.

        Raises StateUnavailable, LaneUnavailable.
        """
        if before is None:
            before = (await self.book.read(self.region)).sample
        sample = sampled(before, await self.lanes.depths(), self.clock.now())
        await self.book.put_sample(self.region, sample)
        return sample

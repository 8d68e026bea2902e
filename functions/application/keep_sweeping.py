"""The sweeper's loop: it is started once a minute, which is the finest schedule AWS has, and works for that minute."""

from dataclasses import dataclass

from functions.application.adopt_jobs import AdoptJobs
from functions.application.ports import Clock, LaneUnavailable, RegionRegister, StateUnavailable
from functions.application.record_steps import Say
from functions.application.sweep_jobs import SweepJobs

PAUSE_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepSweeping:
    """Sweeps, and adopts while this Region holds its peer for lost. `adopt` is None where that is switched off."""

    sweep: SweepJobs
    adopt: AdoptJobs | None
    register: RegionRegister
    clock: Clock
    region: str

    async def run(self, seconds: float, say: Say) -> None:
        """Work for about `seconds`. A refusing table or lane is said to the log and tried again in the next round."""
        end = self.clock.monotonic() + seconds
        while True:
            try:
                await self._round(say)
            except (StateUnavailable, LaneUnavailable) as error:
                say("sweep_refused", error=str(error))
            if self.clock.monotonic() + PAUSE_SECONDS >= end:
                return
            await self.clock.sleep(PAUSE_SECONDS)

    async def _round(self, say: Say) -> None:
        swept = await self.sweep.sweep()
        if swept.examined:
            say("swept", examined=swept.examined, put_back=swept.put_back)
        verdict = await self.register.verdict(self.region)
        if self.adopt is None or verdict is None or not verdict.lost:
            return
        adopted = await self.adopt.adopt()
        if adopted.examined:
            say(
                "adopted",
                examined=adopted.examined,
                adopted=adopted.adopted,
                peer=verdict.peer,
                lost_since=verdict.since,
            )

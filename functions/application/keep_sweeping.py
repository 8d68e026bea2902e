"""The sweeper's loop: it is started once a minute, which is the finest schedule AWS has, and works for that minute.

After each round it leaves a sign that it works. Should its process die, `keep_firing` stands in for it until the next
one is started, and it does for that: so a death costs a quarter of a minute, and not a whole one.
"""

from dataclasses import dataclass

from functions.application.adopt_jobs import AdoptJobs
from functions.application.copy_payloads import CopyPayloads
from functions.application.fire_round import FireRound
from functions.application.keep_standing import KeepStanding
from functions.application.lease_ports import UNFENCED, Fence
from functions.application.ports import Clock, LaneUnavailable, RegionRegister, StateUnavailable
from functions.application.record_steps import Say
from functions.application.return_leases import ReturnLeases
from functions.application.stand_in import Signs
from functions.application.sweep_jobs import SweepJobs

PAUSE_SECONDS = 5.0
LEAST_PAUSE_SECONDS = 0.05
#: After so long adoption gives way to the Region's own jobs, and goes on in the next round, which then begins at once.
ADOPT_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepSweeping:
    """Sweeps, adopts while this Region holds its peer for lost, and looks back for a while when the peer is back.

    `adopt` is None where that is switched off, `leases` where there are no leases, `firing`, for whom it stands in,
    where there is nothing to fire, and `copies` where there are no payloads.
    """

    sweep: SweepJobs
    adopt: AdoptJobs | None
    register: RegionRegister
    clock: Clock
    region: str
    signs: Signs
    firing: FireRound | None = None
    fence: Fence = UNFENCED
    leases: ReturnLeases | None = None
    standing: KeepStanding | None = None
    copies: CopyPayloads | None = None

    async def run(self, seconds: float, say: Say) -> None:
        """Work for about `seconds`. A refusing table or lane is said to the log and tried again in the next round."""
        end = self.clock.monotonic() + seconds
        while True:
            began = self.clock.monotonic()
            left = await self.round(say)
            used = self.clock.monotonic() - began if left else 0.0  # a lane without room has one in a moment
            pause = max(LEAST_PAUSE_SECONDS, PAUSE_SECONDS - used)
            if self.firing is not None and await self.firing.signs.are_missing(say):
                pause = min(pause, await self.firing.round(say))
            if self.clock.monotonic() + pause >= end:
                return
            await self.clock.sleep(pause)

    async def round(self, say: Say) -> bool:
        """Look once at everything, and leave a sign of it. Return whether adoption has more to look at."""
        left = False
        if await self.fence.may_start_steps():
            if await self._stand(say):
                unclear = await self._sweep_once(say)
                left = await self._adopt_once(unclear, say)
        elif not await self._leave(say):
            say("fenced")  # a hint would only go round and round on its lane
        await self._return_leases(say)
        await self.signs.leave()
        if self.copies is not None:  # whoever works on the jobs: what lies here alone is this Region's to copy
            await self.copies.round(say)
        return left

    async def _stand(self, say: Say) -> bool:
        """Do what follows from how the Region stands, and say whether its jobs are swept and its peer's adopted."""
        if self.standing is None:
            return True
        try:
            return await self.standing.round(say)
        except (StateUnavailable, LaneUnavailable) as error:
            say("standing_refused", error=str(error))
            return False

    async def _leave(self, say: Say) -> bool:
        """Hand jobs over without the lease, if the Region was told to go, and say whether that was so."""
        try:
            return self.standing is not None and await self.standing.leave(say)
        except (StateUnavailable, LaneUnavailable) as error:
            say("standing_refused", error=str(error))
            return True

    async def _return_leases(self, say: Say) -> None:
        if self.leases is None:
            return
        try:
            await self.leases.round(say)
        except StateUnavailable as error:
            say("return_refused", error=str(error))

    async def _sweep_once(self, say: Say) -> tuple[str, ...]:
        """Sweep, and return the jobs with which only adoption can go on."""
        try:
            swept = await self.sweep.sweep()
        except (StateUnavailable, LaneUnavailable) as error:
            say("sweep_refused", error=str(error))
            return ()
        if swept.examined:
            say("swept", examined=swept.examined, put_back=swept.put_back, unclear=len(swept.unclear))
        return swept.unclear

    async def _adopt_once(self, unclear: tuple[str, ...], say: Say) -> bool:
        """Adopt while the peer is lost, also when this Region's own jobs could not be swept."""
        if self.adopt is None:
            return False
        try:
            verdict = await self.register.verdict(self.region)
            if verdict is None:
                return False
            if not verdict.lost:
                if verdict.parted_at is not None and verdict.looks_back(self.clock.now()):
                    await self.adopt.wake.look_back(verdict.parted_at, verdict.since)
                return False
            heard = await self.register.last_beat(verdict.peer)
            adopted = await self.adopt.adopt(
                unclear,
                lost_since=verdict.since,
                heard_at="" if heard is None else min(heard.at, verdict.since),
                seconds=ADOPT_SECONDS,
            )
        except (StateUnavailable, LaneUnavailable) as error:
            say("adoption_refused", error=str(error))
            return False
        if adopted.examined:
            say(
                "adopted",
                examined=adopted.examined,
                adopted=adopted.adopted,
                peer=verdict.peer,
                lost_since=verdict.since,
            )
        return adopted.left

"""Carry out what this Region was told, or what follows from its having been lost: a part of each round of the sweeper.

The Region's own account says how far it is. It is written by this Region alone; whatever dies, the next round reads it
and goes on.
"""

from dataclasses import dataclass, field, replace

from functions.application.catch_up import CatchUp
from functions.application.evacuate_jobs import EvacuateJobs
from functions.application.ports import Clock, StateUnavailable
from functions.application.record_steps import Say
from functions.application.standing_ports import Standings
from functions.domain.moments import seconds_between
from functions.domain.ownership.standing import Order, Phase, Progress, RegionNotes, gives_way, phase_of, settled

#: After so long a round gives way to the next one, which reads anew what people say.
SECONDS_A_ROUND = 5.0
#: A Region that cannot catch up for so long, for the peer's replica is out of reach, works all the same: the fold reads
#: one history only.
LONGEST_RETURN_SECONDS = 1800.0
#: Its peer must be seen to hold it for lost no longer in so many rounds: its workers ask every five seconds.
CLEAR_ROUNDS = 2


@dataclass(slots=True, kw_only=True)
class KeepStanding:
    """The use case. `peer` is the peer's replica of how the Regions stand, reached directly."""

    standings: Standings
    peer: Standings
    evacuate: EvacuateJobs
    catch_up: CatchUp
    clock: Clock
    region: str
    peer_region: str
    _clear_rounds: int = field(default=0)

    async def round(self, say: Say) -> bool:
        """Do what is to be done now, and say whether this Region sweeps. Raises StateUnavailable, LaneUnavailable."""
        notes = await self.standings.read(self.region)
        match phase_of(notes):
            case Phase.ACTIVE:
                if notes.progress is not None and notes.progress.phase is Phase.RETURNING:
                    await self._work_again(notes, notes.progress, say)  # the peer is lost: this is the last one
                return True
            case Phase.EVACUATING | Phase.EVACUATED:
                return await self._leave(notes, say)
            case Phase.RETURNING:
                return await self._return(notes, say)

    async def leave(self, say: Say) -> bool:
        """Hand over what is left if this Region was told to go, and say whether it was: it begins nothing with that.

        Raises StateUnavailable, LaneUnavailable.
        """
        notes = await self.standings.read(self.region)
        if phase_of(notes) not in (Phase.EVACUATING, Phase.EVACUATED):
            return False
        await self._leave(notes, say)
        return True

    async def _leave(self, notes: RegionNotes, say: Say) -> bool:
        order = notes.told_to_go
        assert order is not None
        if gives_way(notes, await self.standings.read(self.peer_region)):
            stays = Progress(region=self.region, phase=Phase.ACTIVE, since=self.clock.now(), answers=order.at)
            await self._account(notes, replace(stays, **_of_losses(notes.progress)), say)  # type: ignore[arg-type]
            return True
        known = self._known(notes, order)
        if notes.progress is None or notes.progress.answers != order.at:
            await self._account(notes, known, say)  # so that it is seen that it has begun
        tally = await self.evacuate.evacuate(order.at, SECONDS_A_ROUND)
        away = known.phase is Phase.EVACUATED or tally.done
        account = replace(
            known,
            phase=Phase.EVACUATED if away else Phase.EVACUATING,
            since=self.clock.now() if away and known.phase is not Phase.EVACUATED else known.since,
            left=tally.left,
            running=tally.running,
            handing=tally.handing,
            handed_over=max(known.handed_over, tally.handed_over),
        )
        if account != known:
            await self._account(notes, account, say)
        return False

    def _known(self, notes: RegionNotes, order: Order) -> Progress:
        if notes.progress is not None and notes.progress.answers == order.at:
            return notes.progress
        begun = Progress(region=self.region, phase=Phase.EVACUATING, since=self.clock.now(), answers=order.at)
        return replace(begun, **_of_losses(notes.progress))  # type: ignore[arg-type]

    async def _return(self, notes: RegionNotes, say: Say) -> bool:
        progress = notes.progress
        assert progress is not None
        now, order = self.clock.now(), notes.order
        if progress.phase is not Phase.RETURNING:
            answers = None if order is None else order.at
            progress = replace(
                progress, phase=Phase.RETURNING, since=now, answers=answers, left=0, running=0, handing=0
            )
            self.catch_up.forget()
        waits_for = await self._waits_for(progress)
        if waits_for is None or seconds_between(progress.since, now) >= LONGEST_RETURN_SECONDS:
            await self._work_again(notes, progress, say)
            return True
        account = replace(progress, waits_for=waits_for)
        if account != notes.progress:
            await self._account(notes, account, say)
        return False

    async def _waits_for(self, progress: Progress) -> str | None:
        """Return what it has to wait for yet, in words, or None."""
        try:
            there = await self.peer.read(self.peer_region)
        except StateUnavailable:
            self._clear_rounds = 0
            return f"{self.peer_region}'s replica, which cannot be reached"
        if there.peer_lost:
            self._clear_rounds = 0
            return f"{self.peer_region} to see that it is back"
        self._clear_rounds += 1
        if self._clear_rounds < CLEAR_ROUNDS and progress.losses:
            return f"{self.peer_region} to leave its jobs to it"
        behind, whole = await self.catch_up.behind(SECONDS_A_ROUND)
        if behind or not whole:
            return (
                f"what it has lost: {self.peer_region} knows more of {behind} jobs" if behind else "a look at all jobs"
            )
        if progress.until is not None and progress.until > self.clock.now():
            return f"calm: it was lost {len(progress.losses)} times within an hour"
        return None

    async def _work_again(self, notes: RegionNotes, progress: Progress, say: Say) -> None:
        self._clear_rounds = 0
        self.catch_up.forget()
        await self._account(notes, settled(progress, self.clock.now()), say)

    async def _account(self, notes: RegionNotes, account: Progress, say: Say) -> None:
        await self.standings.put_progress(account)
        say(
            "standing",
            phase=account.phase.value,
            before=phase_of(notes).value,
            left=account.left,
            handing=account.handing,
            handed_over=account.handed_over,
            waits_for=account.waits_for,
        )


def _of_losses(progress: Progress | None) -> dict[str, object]:
    """Return what an account keeps of the one before it."""
    return {} if progress is None else {"losses": progress.losses, "settled": progress.settled}

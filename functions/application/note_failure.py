"""Have a job stand in its tenant's list of dead letters while it has failed for good, and not otherwise.

The list is a projection: whoever ends, takes up or looks over a job calls this, so what one of them leaves undone when
it dies, another does. Whether a letter has been dismissed its item says, so it is not listed again.
"""

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass

from functions.application.dead_letter_ports import DeadLetters
from functions.application.ports import StateUnavailable
from functions.domain.dead_letter import DeadLetter, LetterType, Over
from functions.domain.job.decider import is_over, unheard
from functions.domain.job.events import JobFailed
from functions.domain.job.history import JobRecord
from functions.domain.job.state import JobState


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteFailure:
    """The use case. `dead_letters` are those in this Region's replica, `peer` those in the peer's, reached directly."""

    dead_letters: DeadLetters
    peer: DeadLetters
    region: str

    async def failed(self, job_id: str, state: JobState, failed: JobFailed) -> None:
        """List a job that has just failed. Raises StateUnavailable."""
        await self.dead_letters.put(self._letter(job_id, state, failed.at, failed.code, failed.detail))

    async def redriven(self, record: JobRecord) -> None:
        """List a job no longer that goes on, or has ended otherwise. Raises StateUnavailable."""
        own = self._own(record)
        if own is not None and own.over is None:
            await self.dead_letters.settle(own.settled(Over.REDRIVEN))

    async def settle(self, job_id: str, record: JobRecord, state: JobState, *, lost_region: str | None = None) -> None:
        """See to it that the list is right about a job at its end. Raises StateUnavailable.

        Of a job that `lost_region` has ended, it is this Region that lists it, unless that one did.
        """
        if state.status != "failed":
            await self.redriven(record)
            return
        if state.owner_region not in (self.region, lost_region) or state.error is None:
            return
        if not any(each.at == state.updated_at for each in record.dead):
            error = state.error
            await self.dead_letters.put(self._letter(job_id, state, state.updated_at, error["code"], error["detail"]))

    async def over(self, letters: Iterable[DeadLetter], why: Over, *, except_of: str | None = None) -> None:
        """List these no longer, each in its Region's replica, as far as the peer's can be reached.

        Those of the Region `except_of` are left to it. Raises StateUnavailable.
        """
        for letter in letters:
            if letter.over is not None or letter.region == except_of:
                continue
            if letter.region == self.region:
                await self.dead_letters.settle(letter.settled(why))
                continue
            with contextlib.suppress(StateUnavailable):
                await self.peer.settle(letter.settled(why))

    async def take_off(self, letter: DeadLetter, written: Iterable[DeadLetter], why: Over) -> None:
        """List a letter no longer, of which the Regions have `written` this. Raises StateUnavailable.

        Where another Region wrote it this one writes beside it that it is over: that counts at once, and where the
        other cannot be reached.
        """
        known = tuple(written)
        await self.over(known, why)
        if all(each.region != self.region or each.at != letter.at for each in known):
            await self.dead_letters.put(letter.settled(why, self.region))

    def _own(self, record: JobRecord) -> DeadLetter | None:
        return next((each for each in record.dead if each.region == self.region), None)

    def _letter(self, job_id: str, state: JobState, at: str, code: str, detail: str) -> DeadLetter:
        return DeadLetter(
            type=LetterType.JOB,
            id=job_id,
            tenant=state.job.tenant,
            at=at,
            region=self.region,
            code=code,
            detail=detail,
            agent=state.job.agent,
            lane=state.job.lane,
            job_id=job_id,
        )


def stands(record: JobRecord, state: JobState) -> bool:
    """Say whether a job is a dead letter now: it has failed, and nobody has redriven or dismissed it."""
    if not is_over(state, unheard(state, record.arrivals, state.owner_region)) or state.status != "failed":
        return False
    return not any(each.over is Over.DISMISSED and each.at == state.updated_at for each in record.dead)

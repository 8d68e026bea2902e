"""Copy to the peer what was kept while the peer was away, so that the loss of this Region does not take it along.

Who kept such a payload has written down that a copy is owed (`keep_payloads.py`). Copying twice is no harm, for a
payload is named by its content; so whoever dies between the copy and striking it out has it copied once more.
"""

import asyncio
import contextlib
from dataclasses import dataclass

from functions.application.copy_ports import OwedCopies
from functions.application.ports import (
    Clock,
    PayloadKey,
    PayloadMissing,
    Payloads,
    PayloadUnavailable,
    RegionRegister,
    StateUnavailable,
)
from functions.application.record_steps import Say

#: So often it is looked what is owed, which most of the time is nothing: one read.
LOOK_SECONDS = 60.0
#: After so long copying gives way to the sweeper's other work, and goes on in its next round.
COPY_SECONDS = 5.0
#: Copied side by side, once a first one has shown that the peer answers.
AT_ONCE = 4


@dataclass(slots=True, kw_only=True)
class CopyPayloads:
    """The use case. An instance remembers when it looked, and how far it came: nothing bars what lies behind it."""

    owed: OwedCopies
    own: Payloads
    peer: Payloads
    register: RegionRegister
    clock: Clock
    region: str
    _looks_at: float = 0.0
    _after: PayloadKey | None = None

    async def round(self, say: Say) -> None:
        """Copy what is owed, if it is time to look. What refuses is said to the log and tried again a minute later."""
        began = self.clock.monotonic()
        if began < self._looks_at:
            return
        self._looks_at = began + LOOK_SECONDS
        try:
            copied = await self._copy_until(began + COPY_SECONDS)
        except (StateUnavailable, PayloadUnavailable) as error:
            say("copying_refused", error=str(error))
            return
        if copied:
            say("payloads_copied", copied=copied)

    async def _copy_until(self, end: float) -> int:
        """Copy what is owed, from behind what was tried last, and return how many."""
        copied, wraps = 0, self._after is not None
        while True:
            page = await self.owed.owed(after=self._after, limit=AT_ONCE if copied else 1)
            if not page:
                self._after = None
                if not wraps:
                    return copied
                wraps = False
                continue
            if not copied and await self._peer_is_lost():
                return 0
            if self.clock.monotonic() >= end:
                self._looks_at = end
                return copied
            self._after = page[-1]
            outcomes = await asyncio.gather(*(self._copy(key) for key in page), return_exceptions=True)
            for outcome in outcomes:
                if outcome is not None:
                    raise outcome
            copied += len(page)

    async def _copy(self, key: PayloadKey) -> None:
        place = await self.own.find(key)
        if place is not None:  # else its time has run out, and nobody can be owed it
            with contextlib.suppress(PayloadMissing):
                await self.peer.take_over(key, place)
        await self.owed.settle(key)

    async def _peer_is_lost(self) -> bool:
        verdict = await self.register.verdict(self.region)
        return verdict is not None and verdict.lost

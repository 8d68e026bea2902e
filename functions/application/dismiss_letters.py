"""Dismiss dead letters: they are listed no longer; what they are about stays as it is.

A letter is settled in the replica of the Region that wrote it, and noted here beside it where that is not this one.
Dismissing again does no harm: what has failed anew since is another letter.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from functions.application.find_letters import FindLetters, view_letter
from functions.application.note_failure import NoteFailure
from functions.domain.dead_letter import DeadLetter, LetterFilter, Over
from functions.domain.job.events import Json

#: How many letters one call dismisses.
PAGE = 100
#: Up to so many a preview counts, and so many it shows.
MOST_COUNTED = 10_000
SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class DismissLetters:
    """The use case. Begun again, also from the start, it dismisses what is left."""

    find: FindLetters
    failures: NoteFailure

    async def dismiss(
        self, tenant: str, *, wanted: LetterFilter, ids: Sequence[str] | None, before: str | None = None
    ) -> dict[str, Json]:
        """Return {"dismissed": N, "next": ...}: `next` is the `before` of the following call, null after the last.

        Raises StateUnavailable; what was dismissed so far stays so.
        """
        following = None
        if ids is None:
            page = await self.find.page(tenant, wanted, before=before, limit=PAGE)
            letters, following = await self.find.whole(tenant, page.letters), page.next
        else:
            letters = await self.find.named(tenant, ids)
        await asyncio.gather(*map(self._dismiss, letters))
        return {"dismissed": len(letters), "next": following}

    async def preview(self, tenant: str, *, wanted: LetterFilter, ids: Sequence[str] | None) -> dict[str, Json]:
        """Return how many there are, whether there are more than were counted, and the first of them."""
        return await preview(self.find, tenant, wanted, ids)

    async def _dismiss(self, letter: DeadLetter) -> None:
        await self.failures.take_off(letter, await self.find.written(letter), Over.DISMISSED)


async def preview(find: FindLetters, tenant: str, wanted: LetterFilter, ids: Sequence[str] | None) -> dict[str, Json]:
    """Count what a filter takes by the list alone, and show the first. Of ids, show what stands of them."""
    if ids is not None:
        named = await find.named(tenant, ids)
        return {"count": len(named), "more": False, "dead_letters": [view_letter(each) for each in named[:SHOWN]]}
    shown: list[Json] = []
    count, before = 0, None
    while True:
        page = await find.page(tenant, wanted, before=before, limit=1_000)
        count, before = count + len(page.letters), page.next
        if len(shown) < SHOWN and page.letters:
            first = await find.whole(tenant, page.letters[: 2 * SHOWN])
            shown = [*shown, *(view_letter(each) for each in first)][:SHOWN]
        if before is None or count >= MOST_COUNTED:
            return {"count": count, "more": before is not None, "dead_letters": shown}

"""Find dead letters: the list says where to look and goes by filters alone; what each one is now, it says itself.

A letter may be listed that is over, for the Region that wrote it may be lost; so whoever shows one, or acts on it,
looks at the job or the letter itself.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from functions.application.dead_letter_ports import DeadLetters
from functions.application.note_failure import stands
from functions.application.ports import HistoryStore
from functions.application.read_state import read_state
from functions.domain.dead_letter import DeadLetter, LetterFilter, LetterType, public_id, read_public_id
from functions.domain.ids import is_job_id
from functions.domain.job.events import Json, UnreadableEvent

#: So many entries of the list one page looks at, at most, whatever the filter leaves of them.
MOST_LOOKED_AT = 2_000
PAGE = 200


@dataclass(frozen=True, slots=True)
class LetterPage:
    """Letters as the list tells them, the latest first. `next`: the following page's `before`; None after the last."""

    letters: tuple[DeadLetter, ...]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FindLetters:
    """The use case. Every method raises StateUnavailable."""

    history: HistoryStore
    dead_letters: DeadLetters

    async def page(
        self, tenant: str, wanted: LetterFilter, *, before: str | None, limit: int, shard: int | None = None
    ) -> LetterPage:
        """Return at most `limit` letters that the filter takes; a page before the last may have fewer, or none."""
        taken: list[DeadLetter] = []
        looked_at = 0
        while True:
            size = min(PAGE, max(limit, 20))
            found = await self.dead_letters.list(
                tenant, since=wanted.since, until=wanted.until, before=before, limit=size, shard=shard
            )
            looked_at += len(found)
            for letter in found:
                if letter.position == before:
                    continue  # both Regions have listed it
                before = letter.position
                if wanted.takes(letter):
                    taken.append(letter)
                if len(taken) == limit:
                    return LetterPage(tuple(taken), before)
            if len(found) < size:
                return LetterPage(tuple(taken), None)
            if looked_at >= MOST_LOOKED_AT:
                return LetterPage(tuple(taken), before)

    async def named(self, tenant: str, names: Sequence[str]) -> Sequence[DeadLetter]:
        """Return what stands of these, by the ids by which clients know them."""
        known = [each for each in map(read_public_id, dict.fromkeys(names)) if each is not None]
        found = await asyncio.gather(*(self._read(tenant, type, id) for type, id in known))
        return [letter for letter in found if letter is not None]

    async def whole(self, tenant: str, letters: Sequence[DeadLetter]) -> Sequence[DeadLetter]:
        """Return those of these letters that stand, in full."""
        found = await asyncio.gather(*(self._read(tenant, each.type, each.id) for each in letters))
        return [letter for letter in found if letter is not None]

    async def written(self, letter: DeadLetter) -> Sequence[DeadLetter]:
        """Return what each Region has written of it."""
        return await self.dead_letters.find(letter.tenant, letter.type, letter.id)

    async def _read(self, tenant: str, type: LetterType, id: str) -> DeadLetter | None:
        if type is LetterType.JOB:
            return await self._read_job(tenant, id)
        found = await self.dead_letters.find(tenant, type, id)
        newest = max((each.at for each in found), default=None)
        present = [each for each in found if each.at == newest]
        return None if not present or any(each.over for each in present) else present[0]

    async def _read_job(self, tenant: str, job_id: str) -> DeadLetter | None:
        if not is_job_id(job_id):
            return None
        try:
            record, state = await read_state(self.history, job_id)
        except UnreadableEvent:
            return None  # a newer version has written it: that one shows it
        if state is None or state.job.tenant != tenant or state.error is None or not stands(record, state):
            return None
        return DeadLetter(
            type=LetterType.JOB,
            id=job_id,
            job_id=job_id,
            tenant=tenant,
            at=state.updated_at,
            region=state.owner_region,
            code=state.error["code"],
            detail=state.error["detail"],
            agent=state.job.agent,
            lane=state.job.lane,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ListLetters:
    """The use case of whoever looks at the list."""

    find: FindLetters

    async def list(self, tenant: str, wanted: LetterFilter, *, before: str | None, limit: int) -> dict[str, Json]:
        """Return {"dead_letters": [...], "next": ...}, the latest first. Raises StateUnavailable.

        What is over is left out of a page after it was read, so a page may be short, or empty.
        """
        page = await self.find.page(tenant, wanted, before=before, limit=limit)
        letters = await self.find.whole(tenant, page.letters)
        return {"dead_letters": [view_letter(each) for each in letters], "next": page.next}


def view_letter(letter: DeadLetter) -> Json:
    """Return a letter as clients see it."""
    shown: dict[str, Json] = {
        "id": public_id(letter),
        "type": letter.type.value,
        "at": letter.at,
        "region": letter.region,
        "code": letter.code,
        "detail": letter.detail,
    }
    optional = ("agent", "lane", "job_id", "endpoint", "event", "body", "receives")
    return shown | {name: value for name in optional if (value := getattr(letter, name)) is not None}

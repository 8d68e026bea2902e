"""Redrive one page of dead letters at a chosen rate: a step of a redrive's, which may be repeated at any time.

Each job gets an arrival that is named after the redrive, so a page that is repeated asks nothing anew. Of what a page
asks, writes go out side by side and hints in batches; a redriven job costs a read, two writes and a tenth of a batch.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from functions.application.agent_ports import Agents, RedrivePage
from functions.application.find_letters import FindLetters
from functions.application.note_failure import NoteFailure
from functions.application.ports import Clock, LaneSend
from functions.application.redrive_job import RedriveJob, RedriveRequest
from functions.application.send_arrival import SendArrival
from functions.domain.dead_letter import DeadLetter, LetterFilter, LetterType, Over
from functions.domain.ids import is_job_id
from functions.domain.job.events import Json
from functions.domain.job.redrive import terms_in
from functions.domain.lanes import LaneMessage

#: So many jobs are asked side by side.
SIDE_BY_SIDE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class PageToRedrive:
    """Which letters: `ids`, or what the filter takes of `shard`, from before the position `before`; `rate` a second."""

    request: RedriveRequest
    wanted: LetterFilter
    ids: tuple[str, ...] | None
    before: str | None
    limit: int
    rate: float
    shard: int | None = None


def read_page(page: RedrivePage) -> PageToRedrive:
    """Read what the agent `redrive` asks for."""
    plan = page.plan
    wanted, ids, shard, rate = plan["wanted"], plan["ids"], plan["shard"], plan["rate"]
    assert isinstance(wanted, dict)
    assert isinstance(rate, int | float)
    kind = wanted.get("type")
    texts = {name: str(value) for name, value in wanted.items() if name != "type"}
    return PageToRedrive(
        request=RedriveRequest(name=str(plan["name"]), by=str(plan["by"]), terms=terms_in(plan["terms"])),
        wanted=LetterFilter(type=None if kind is None else LetterType(str(kind)), **texts),
        ids=tuple(map(str, ids)) if isinstance(ids, list) else None,
        before=page.before,
        limit=page.limit,
        rate=float(rate),
        shard=shard if isinstance(shard, int) else None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RedriveLetters:
    """The use case, for the worker that runs the redrive."""

    find: FindLetters
    jobs: RedriveJob
    clock: Clock

    async def page(self, tenant: str, page: PageToRedrive) -> Json:
        """Return {"next", "redriven", "refused": {code: how many}, "examples": {id: code}}. Raises StateUnavailable."""
        letters, following = await self._letters(tenant, page)
        began, done = self.clock.monotonic(), 0
        refused: dict[str, str] = {}
        size = max(1, min(SIDE_BY_SIDE, int(page.rate)))
        for start in range(0, len(letters), size):
            some = letters[start : start + size]
            refused |= await self._redrive(tenant, some, page.request)
            done += len(some)
            await self.clock.sleep(max(0.0, began + done / page.rate - self.clock.monotonic()))
        codes = Counter(refused.values())
        return {
            "next": following,
            "redriven": done - len(refused),
            "refused": dict(sorted(codes.items())),
            "examples": dict(sorted(refused.items())[:3]),
        }

    async def _letters(self, tenant: str, page: PageToRedrive) -> tuple[Sequence[DeadLetter], str | None]:
        if page.ids is None:
            found = await self.find.page(tenant, page.wanted, before=page.before, limit=page.limit, shard=page.shard)
            return found.letters, found.next
        start = int(page.before or 0)
        names = page.ids[start : start + page.limit]
        following = str(start + page.limit) if start + page.limit < len(page.ids) else None
        jobs = [name for name in names if is_job_id(name)]
        others = await self.find.named(tenant, [name for name in names if not is_job_id(name)])
        return [*(_job_letter(tenant, job) for job in jobs), *others], following

    async def _redrive(self, tenant: str, letters: Sequence[DeadLetter], request: RedriveRequest) -> dict[str, str]:
        """Return the code of the refusal of each letter that could not be redriven."""
        jobs = [each.id for each in letters if each.type is LetterType.JOB]
        others = [each for each in letters if each.type is not LetterType.JOB]
        refused, sent = await asyncio.gather(
            self.jobs.redrive(tenant, jobs, request),
            asyncio.gather(*(self._send_again(tenant, each) for each in others)),
        )
        return refused | {each.id: code for each, code in zip(others, sent, strict=True) if code is not None}

    async def _send_again(self, tenant: str, listed: DeadLetter) -> str | None:
        """Put a message on its lane again, and say why that cannot be done where it cannot."""
        whole = await self.find.whole(tenant, [listed])
        if not whole:
            return "letter_over"
        (letter,) = whole
        send = _message_in(letter)
        if send is None:
            return "message_unreadable" if letter.type is LetterType.MESSAGE else "not_available"
        await self.jobs.send.lanes.send([send])
        await self.jobs.failures.over(await self.find.written(letter), Over.REDRIVEN)
        return None


def redrives_of(send: SendArrival, agents: Agents, failures: NoteFailure, clock: Clock) -> RedriveLetters:
    """Return the use case, from what a worker has."""
    find = FindLetters(history=send.history, dead_letters=failures.dead_letters)
    jobs = RedriveJob(history=send.history, send=send, agents=agents, failures=failures)
    return RedriveLetters(find=find, jobs=jobs, clock=clock)


def _job_letter(tenant: str, job_id: str) -> DeadLetter:
    return DeadLetter(type=LetterType.JOB, id=job_id, tenant=tenant, at="", region="", code="")


def _message_in(letter: DeadLetter) -> LaneSend | None:
    """Return a dead message as it was, if it can be read at all."""
    if letter.type is not LetterType.MESSAGE or letter.lane is None:
        return None
    try:
        body = json.loads(letter.body or "")
    except ValueError:
        return None
    match body:
        case {"job_id": str(job_id), "epoch": int(epoch)} if is_job_id(job_id) and epoch > 0:
            return LaneSend(letter.lane, LaneMessage(job_id, epoch, "redriven"), letter.tenant)
        case _:
            return None

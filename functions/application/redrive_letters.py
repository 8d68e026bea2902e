"""Redrive one page of dead letters at a chosen rate: a step of a redrive's, which may be repeated at any time.

Each job gets an arrival that is named after the redrive, so a page that is repeated asks nothing anew. Of what a page
asks, writes go out side by side and hints in batches; a redriven job costs a read, two writes and a tenth of a batch.
Messages and webhooks are sent before they are taken off the list: a process that dies in between has them sent twice.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from functions.application.agent_ports import Agents, RedrivePage
from functions.application.find_letters import FindLetters
from functions.application.note_failure import NoteFailure
from functions.application.ports import Clock, LaneSend, LaneUnavailable, StateUnavailable
from functions.application.redrive_job import RedriveJob, RedriveRequest
from functions.application.resend_webhooks import ResendWebhooks
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
    """The use case, for the worker that runs the redrive. Without `webhooks` there are none here to send to."""

    find: FindLetters
    jobs: RedriveJob
    clock: Clock
    webhooks: ResendWebhooks | None = None

    async def page(self, tenant: str, page: PageToRedrive) -> Json:
        """Return {"next", "redriven", "refused": {code: how many}, "examples": {id: code}}. Raises StateUnavailable."""
        began, done = self.clock.monotonic(), 0  # before the list is read: that takes a twentieth of a page's time
        letters, following = await self._letters(tenant, page)
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
        refused, unsent = await asyncio.gather(
            self.jobs.redrive(tenant, jobs, request), self._send_again(tenant, others)
        )
        return refused | unsent

    async def _send_again(self, tenant: str, listed: Sequence[DeadLetter]) -> dict[str, str]:
        """Put messages on their lanes and webhooks on their queue again, then list them no longer.

        Return the code of the refusal of each that could not be. Raises StateUnavailable, also for a queue that
        refuses: the page comes again.
        """
        once = {each.id: each for each in listed}  # both Regions may have listed it, each at its own moment
        letters = await self.find.whole(tenant, list(once.values()))
        refused = dict.fromkeys(once.keys() - {each.id for each in letters}, "letter_over")
        messages = [each for each in letters if each.type is LetterType.MESSAGE]
        webhooks = [each for each in letters if each.type is LetterType.WEBHOOK]
        try:
            refused |= await self._send_messages(messages)
            refused |= await self._send_webhooks(tenant, webhooks)
        except LaneUnavailable as error:
            raise StateUnavailable(str(error)) from error
        await asyncio.gather(*(self._take_off(each) for each in letters if each.id not in refused))
        return refused

    async def _send_messages(self, letters: Sequence[DeadLetter]) -> dict[str, str]:
        found = [(letter.id, _message_in(letter)) for letter in letters]
        sends = [send for _, send in found if send is not None]
        if sends:
            await self.jobs.send.lanes.send(sends)
        return {id: "message_unreadable" for id, send in found if send is None}

    async def _send_webhooks(self, tenant: str, letters: Sequence[DeadLetter]) -> dict[str, str]:
        if self.webhooks is None:
            return {each.id: "webhook_not_found" for each in letters}
        return await self.webhooks.send(tenant, letters)

    async def _take_off(self, letter: DeadLetter) -> None:
        await self.jobs.failures.take_off(letter, await self.find.written(letter), Over.REDRIVEN)


def redrives_of(
    send: SendArrival, agents: Agents, failures: NoteFailure, clock: Clock, webhooks: ResendWebhooks | None
) -> RedriveLetters:
    """Return the use case, from what a worker has."""
    find = FindLetters(history=send.history, dead_letters=failures.dead_letters)
    jobs = RedriveJob(history=send.history, send=send, agents=agents, failures=failures)
    return RedriveLetters(find=find, jobs=jobs, clock=clock, webhooks=webhooks)


def _job_letter(tenant: str, job_id: str) -> DeadLetter:
    return DeadLetter(type=LetterType.JOB, id=job_id, tenant=tenant, at="", region="", code="")


def _message_in(letter: DeadLetter) -> LaneSend | None:
    """Return a dead message as it was, if it can be read at all."""
    if letter.lane is None:
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

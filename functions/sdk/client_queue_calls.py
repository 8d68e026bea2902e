"""What a client sends to steer how work flows: limits, and what becomes of dead letters. The rest: `client_calls`."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypedDict
from urllib.parse import quote

from functions.sdk.answers import Job, Limits, LimitSet
from functions.sdk.client_calls import (
    JOBS_PER_PAGE,
    SIGNS_IN_A_PATH,
    Flow,
    Item,
    Stream,
    ask,
    asking,
    posting,
    sending,
)
from functions.sdk.dead_letter_answers import DeadLetter, DeadLetterPage, DeadLetterPreview, DeadLettersDismissed

#: A call that looks at many jobs may take as long as API Gateway lets it.
LONG_SECONDS = 30.0


class LetterFilter(TypedDict, total=False):
    """Which dead letters are meant; none of these means all. Times are ISO 8601; `until` itself counts no more."""

    type: Literal["job", "message", "webhook"]
    agent: str
    code: str
    since: str
    until: str


class RedriveTerms(TypedDict, total=False):
    """On which terms jobs go on; what is left out stays as it was. `key`: the same key is the same redrive.

    `alone`: jobs that another one had called, and has ended without, go on by themselves.
    """

    rate_per_second: float
    agent_version: str
    deadline: str
    budget: Mapping[str, int]
    alone: bool
    key: str


def dead_letters(meant: LetterFilter) -> Stream[DeadLetter]:
    """List what has failed for good."""
    query: dict[str, Any] = {**meant, "limit": JOBS_PER_PAGE}
    while True:
        page: DeadLetterPage = yield asking("/dead-letters", DeadLetterPage, query=query)
        for each in page.dead_letters:
            yield Item(each)
        if page.next is None:
            return
        query["before"] = page.next


def preview(ids: Sequence[str] | None, meant: LetterFilter | None) -> Flow[DeadLetterPreview]:
    """Count what is meant."""
    body = {**_meant(ids, meant), "preview": True}
    return (yield from ask(posting("/dead-letters/redrive", body, DeadLetterPreview, None, seconds=LONG_SECONDS)))


def redrive(
    new_key: Callable[[], str], ids: Sequence[str] | None, meant: LetterFilter | None, terms: RedriveTerms
) -> Flow[Job]:
    """Have dead letters go on."""
    body = {**_meant(ids, meant), **{name: value for name, value in terms.items() if name != "key"}}
    return (yield from ask(posting("/dead-letters/redrive", body, Job, terms.get("key") or new_key())))


def dismiss(ids: Sequence[str] | None, meant: LetterFilter | None) -> Flow[int]:
    """Take dead letters off the list. Begun again it takes off what is left."""
    body, count = _meant(ids, meant), 0
    while True:
        call = posting("/dead-letters/dismiss", body, DeadLettersDismissed, None, seconds=LONG_SECONDS)
        page = yield from ask(call)
        count += page.dismissed
        if page.next is None:
            return count
        body["before"] = page.next


def limits() -> Flow[Limits]:
    """Read the limits that hold."""
    return (yield from ask(asking("/limits", Limits)))


def set_limit(
    agent: str | None, key: str | None, concurrency: int | None, starts_per_minute: float | None
) -> Flow[LimitSet]:
    """Limit the tenant's jobs, or those of an agent or a key."""
    given = {"concurrency": concurrency, "starts_per_minute": starts_per_minute}
    body = {name: value for name, value in given.items() if value is not None}
    return (yield from ask(sending("PUT", _limit_path(agent, key), body, LimitSet, None)))


def clear_limit(agent: str | None, key: str | None) -> Flow[LimitSet]:
    """Limit nothing there any more."""
    return (yield from ask(sending("DELETE", _limit_path(agent, key), None, LimitSet, None)))


def _limit_path(agent: str | None, key: str | None) -> str:
    if agent is not None:
        return f"/limits/agents/{quote(agent, safe='')}"
    return "/limits/tenant" if key is None else f"/limits/keys/{quote(key, safe=SIGNS_IN_A_PATH)}"


def _meant(ids: Sequence[str] | None, meant: LetterFilter | None) -> dict[str, Any]:
    return {"filter": dict(meant or {})} if ids is None else {"ids": list(ids)}

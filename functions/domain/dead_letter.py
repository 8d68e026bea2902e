"""Dead letters: what has come to its end without success and waits for somebody to look at it.

Failed jobs, messages that nobody could read, and webhooks that could not be delivered are on one list of their tenant.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from functions.domain.ids import is_job_id

#: In how many index partitions a tenant's list lies: DynamoDB gives one partition 1,000 writes a second.
LETTER_SHARDS = 4


class LetterType(StrEnum):
    """What a dead letter is."""

    JOB = "job"
    MESSAGE = "message"
    WEBHOOK = "webhook"


class Over(StrEnum):
    """Why a dead letter is listed no longer."""

    REDRIVEN = "redriven"
    DISMISSED = "dismissed"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """One of them, as one Region wrote it. `id`, without a "#": of a job its id. `at`: when it last failed.

    `region` is the Region that writes it. `over` is set once it is listed no longer. `endpoint` and `event` are those
    of a webhook; `body` and `receives`, how often it was delivered, those of a message.
    """

    type: LetterType
    id: str
    tenant: str
    at: str
    region: str
    code: str
    detail: str = ""
    agent: str | None = None
    lane: str | None = None
    job_id: str | None = None
    endpoint: str | None = None
    event: str | None = None
    body: str | None = None
    receives: int | None = None
    over: Over | None = None

    @property
    def position(self) -> str:
        """Where it lies in its tenant's list: the same for whoever wrote it."""
        return f"{self.at}#{self.type}#{self.id}"

    def settled(self, why: Over, region: str | None = None) -> "DeadLetter":
        """Return it as listed no longer: what its Region writes, or what `region` writes beside it."""
        return replace(self, over=why, region=region or self.region)


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterFilter:
    """Which dead letters are meant. `since` is a moment that counts still, `until` one that does not any more."""

    type: LetterType | None = None
    agent: str | None = None
    code: str | None = None
    since: str | None = None
    until: str | None = None

    def takes(self, letter: DeadLetter) -> bool:
        """Say whether it is one of them, as far as its list tells; times are left to whoever lists."""
        wanted = ((self.type, letter.type), (self.agent, letter.agent), (self.code, letter.code))
        return all(asked is None or asked == has for asked, has in wanted)


def public_id(letter: DeadLetter) -> str:
    """Return by what id clients know it: a job by its own, others by their type and id."""
    return letter.id if letter.type is LetterType.JOB else f"{letter.type}:{letter.id}"


def read_public_id(text: str) -> tuple[LetterType, str] | None:
    """Read an id of a client's; None when it cannot be one."""
    kind, colon, id = text.partition(":")
    if not colon:
        return (LetterType.JOB, text) if is_job_id(text) else None
    return (LetterType(kind), id) if kind in (LetterType.MESSAGE, LetterType.WEBHOOK) and id else None

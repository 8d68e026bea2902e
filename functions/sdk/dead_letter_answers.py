"""What the API answers about dead letters: beside `answers`, which has all the rest."""

from typing import Literal

from functions.sdk.answers import Answer


class DeadLetter(Answer):
    """What has failed for good: a job, a message that nobody could read, or a webhook that was not delivered."""

    id: str
    type: Literal["job", "message", "webhook"]
    at: str
    region: str
    code: str
    detail: str
    agent: str | None = None
    lane: str | None = None
    job_id: str | None = None
    endpoint: str | None = None
    event: str | None = None
    body: str | None = None
    receives: int | None = None


class DeadLetterPage(Answer):
    """Dead letters, the latest first; `next` is the `before` of the page that follows, null after the last."""

    dead_letters: list[DeadLetter]
    next: str | None


class DeadLetterPreview(Answer):
    """How many dead letters are meant, `more` where not all were counted, and the first of them."""

    count: int
    more: bool
    dead_letters: list[DeadLetter]


class DeadLettersDismissed(Answer):
    """How many were taken off the list; `next` is the `before` of the call that goes on, null after the last."""

    dismissed: int
    next: str | None

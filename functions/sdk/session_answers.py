"""What the API answers of sessions, as types: see `answers`."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from functions.sdk.answers import Answer, Status


class MemoryEntry(BaseModel):
    """An entry of a conversation's memory, with the turn that remembered it."""

    model_config = ConfigDict(extra="allow", frozen=True)
    role: str
    content: Any


class TakenEnd(Answer):
    """One of the ends that a turn came to while neither Region reached the other, and the turns it answers for."""

    status: Status
    place: str | None
    answers_for: list[str]


class Correction(Answer):
    """Of a turn that both Regions ran to an end, which end counts, and instead of which its session had heard.

    `heard_by` are the turns that came after it and had heard the other one, `answered_for` those for which only the
    other one answers. `also_in` is a turn that answers for this one, which has run all the same.
    """

    turn: str
    counts: TakenEnd
    instead_of: TakenEnd | None
    heard_by: list[str]
    answered_for: list[str]
    also_in: str | None


class Session(Answer):
    """A conversation: the turn that runs, those that wait, and the newest of what it remembers."""

    name: str
    job_id: str
    status: Status
    home_region: str
    owner_region: str
    epoch: int
    running: str | None
    queued: list[str]
    offered: list[str]
    turns: int
    memory: list[MemoryEntry]
    corrections: list[Correction] = Field(default_factory=list)
    created_at: str
    updated_at: str

"""What a turn of a session has of the conversation: what came before it, what it adds, and what it tells other jobs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from functions.application.agent_ports import StepOutcome, StepRequest, TellRequest
from functions.domain.errors import AntipodeError
from functions.domain.job.conversation import LARGEST_ENTRY_BYTES, bytes_of, entries_within
from functions.domain.job.events import Json
from functions.domain.job.progress import REMEMBER
from functions.domain.job.turns import RESERVED, is_reserved
from functions.sdk.tool import check_name


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a session's memory. `turn` is the id of the job that it comes from."""

    role: str
    content: Any
    turn: str


def newest(memory: Sequence[Json], max_tokens: int | None) -> list[Entry]:
    """Return the newest entries that count for so many tokens, or all."""
    entries = [each for each in memory if isinstance(each, dict)]
    chosen = entries if max_tokens is None else entries_within(entries, max_tokens)
    return [Entry(str(each["role"]), each["content"], str(each.get("turn", ""))) for each in chosen]


def remember(name: str, role: str, content: Json) -> StepRequest:
    """Return the request of `Context.remember`. Raises AntipodeError memory_too_large, TypeError."""
    if not role:
        raise TypeError("an entry of the memory has a role, for example 'user'")
    size = bytes_of(content)
    if size > LARGEST_ENTRY_BYTES:
        detail = f"an entry of the memory may have {LARGEST_ENTRY_BYTES:,} bytes, this one has {size:,}"
        raise AntipodeError("memory_too_large", detail)

    async def effect(idempotency_key: str) -> StepOutcome:
        return StepOutcome({"role": role, "content": content})

    return StepRequest(name=name, kind=REMEMBER, arguments=[role, content], effect=effect)


def signal_to(name: str, job_id: str, signal: str, body: Json) -> TellRequest:
    """Return the request of `Context.tell`. Raises TypeError for a name that no author may use."""
    check_name(signal)
    if is_reserved(signal):
        raise TypeError(f"{signal!r}: names that begin with {RESERVED!r} are Antipode's own signals")
    return TellRequest(name=name, job_id=job_id, topic=signal, body=body)


def was_told(answer: Json) -> bool:
    """Read what telling a job came to."""
    return isinstance(answer, dict) and answer["told"] is True

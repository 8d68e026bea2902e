"""The twin of the port DeadLetters in memory, on the rows of a MemoryTable."""

from collections.abc import Sequence
from dataclasses import dataclass

from functions.adapters.memory import MemoryTable
from functions.domain.dead_letter import LETTER_SHARDS, DeadLetter, LetterType
from functions.domain.ids import shard_of


@dataclass(slots=True)
class MemoryDeadLetters:
    """DeadLetters on a MemoryTable."""

    table: MemoryTable

    async def put(self, letter: DeadLetter) -> None:
        """See DeadLetters."""
        self.table.check()
        self.table.dead[_key(letter)] = letter

    async def settle(self, letter: DeadLetter) -> None:
        """See DeadLetters."""
        self.table.check()
        known = self.table.dead.get(_key(letter))
        if known is not None and known.at == letter.at:
            self.table.dead[_key(letter)] = letter

    async def find(self, tenant: str, type: LetterType, id: str) -> Sequence[DeadLetter]:
        """See DeadLetters."""
        self.table.check()
        wanted = (tenant, type, id)
        return [each for _, each in sorted(self.table.dead.items()) if (each.tenant, each.type, each.id) == wanted]

    async def list(
        self,
        tenant: str,
        *,
        since: str | None = None,
        until: str | None = None,
        before: str | None = None,
        limit: int,
        shard: int | None = None,
    ) -> Sequence[DeadLetter]:
        """See DeadLetters."""
        self.table.check()
        found = [
            DeadLetter(
                type=each.type,
                id=each.id,
                tenant=each.tenant,
                at=each.at,
                region=each.region,
                code=each.code,
                agent=each.agent,
                lane=each.lane,
                job_id=each.id if each.type is LetterType.JOB else None,
            )
            for each in self.table.dead.values()
            if each.over is None
            and each.tenant == tenant
            and (shard is None or shard_of(each.id, LETTER_SHARDS) == shard)
            and (since is None or each.at >= since)
            and (until is None or each.at < until)
            and (before is None or each.position < before)
        ]
        return sorted(found, key=lambda each: each.position, reverse=True)[:limit]


def _key(letter: DeadLetter) -> tuple[str, str, str, str]:
    return letter.tenant, letter.type, letter.id, letter.region

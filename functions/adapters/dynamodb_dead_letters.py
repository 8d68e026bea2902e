"""Dead letters on DynamoDB: of a job an item beside its history, of all else one under a key of its own.

Their place in the listing index holds all that a filter asks for, so a list is read without reading the items.
"""

import asyncio
from collections.abc import Sequence

from functions.adapters.dynamodb_table import DynamodbTable, Item, number, text
from functions.domain.dead_letter import LETTER_SHARDS, DeadLetter, LetterType, Over
from functions.domain.ids import shard_of
from functions.domain.job.history import job_key

LISTING_INDEX = "listing"
_DEAD = "DEAD#"
#: Sorts after the segments of a job, with what is read of a long job, too.
_LETTER = "LETTER#"
_OPTIONAL = ("agent", "lane", "job_id", "endpoint", "event", "body")
#: Sorts after every moment.
_LAST = "~"


class DynamodbDeadLetters:
    """The dead letters in one replica; on the peer's table it writes the same items as on the own."""

    def __init__(self, table: DynamodbTable) -> None:
        self._table = table

    async def put(self, letter: DeadLetter) -> None:
        """See DeadLetters."""
        await self._table.put(_item(letter))

    async def settle(self, letter: DeadLetter) -> None:
        """See DeadLetters."""
        await self._table.put_in_place(_item(letter), "at")

    async def find(self, tenant: str, type: LetterType, id: str) -> Sequence[DeadLetter]:
        """See DeadLetters."""
        values = {":key": text(_key(tenant, type, id)), ":letters": text(_LETTER)}
        items = await self._table.query("pk = :key AND begins_with(sk, :letters)", values)
        letters = (letter_from_item(item) for item in items)
        return [letter for letter in letters if letter.tenant == tenant]

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
        shards = range(LETTER_SHARDS) if shard is None else (shard,)
        first, last = since or "", min(before or _LAST, until or _LAST)
        if first > last:
            return []
        found = await asyncio.gather(*(self._list_shard(tenant, each, first, last, limit) for each in shards))
        letters = [letter for page in found for letter in page]
        return sorted(letters, key=lambda each: each.position, reverse=True)[:limit]

    async def _list_shard(self, tenant: str, shard: int, first: str, last: str, limit: int) -> Sequence[DeadLetter]:
        condition = "list_pk = :partition AND list_sk BETWEEN :first AND :last"
        values = {":partition": text(_partition(tenant, shard)), ":first": text(first or " "), ":last": text(last)}
        items = await self._table.query(condition, values, index=LISTING_INDEX, newest_first=True, limit=limit)
        return [_listed(tenant, item) for item in items]


def _partition(tenant: str, shard: int) -> str:
    """Return the partition of a tenant's dead letters. A group that is asked for decisions has a name without "#"."""
    return f"{tenant}##dead#{shard}"


def _key(tenant: str, type: LetterType, id: str) -> str:
    return job_key(id) if type is LetterType.JOB else f"{_DEAD}{tenant}#{type}#{id}"


def _item(letter: DeadLetter) -> Item:
    item = {
        "pk": text(_key(letter.tenant, letter.type, letter.id)),
        "sk": text(_LETTER + letter.region),
        "writer": text(letter.region),
        "type": text(letter.type),
        "id": text(letter.id),
        "tenant": text(letter.tenant),
        "at": text(letter.at),
        "code": text(letter.code),
        "detail": text(letter.detail),
    }
    for name in _OPTIONAL:
        value = getattr(letter, name)
        if value is not None:
            item[name] = text(value)
    if letter.receives is not None:
        item["receives"] = number(letter.receives)
    if letter.over is not None:
        item["over"] = text(letter.over)
        return item
    told = (letter.position, letter.code, letter.lane or "", letter.agent or "")
    item["list_pk"] = text(_partition(letter.tenant, shard_of(letter.id, LETTER_SHARDS)))
    item["list_sk"] = text("#".join(told))
    return item


def letter_from_item(item: Item) -> DeadLetter:
    """Read a dead letter."""
    receives, over = item.get("receives"), item.get("over")
    return DeadLetter(
        type=LetterType(item["type"]["S"]),
        id=item["id"]["S"],
        tenant=item["tenant"]["S"],
        at=item["at"]["S"],
        region=item["writer"]["S"],
        code=item["code"]["S"],
        detail=item["detail"]["S"],
        receives=None if receives is None else int(receives["N"]),
        over=None if over is None else Over(over["S"]),
        **{name: item[name]["S"] for name in _OPTIONAL if name in item},
    )


def is_dead_letter(item: Item) -> bool:
    """Say whether an item of a job is its dead letter."""
    return str(item["sk"]["S"]).startswith(_LETTER)


def _listed(tenant: str, item: Item) -> DeadLetter:
    at, kind, id, code, lane, agent = item["list_sk"]["S"].split("#", 5)
    return DeadLetter(
        type=LetterType(kind),
        id=id,
        tenant=tenant,
        at=at,
        region=item["sk"]["S"].removeprefix(_LETTER),
        code=code,
        lane=lane or None,
        agent=agent or None,
        job_id=id if kind == LetterType.JOB else None,
    )

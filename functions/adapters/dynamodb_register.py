"""RegionRegister on DynamoDB: each Region writes its own heartbeat and its own verdict, and reads the other's copy."""

from functions.adapters.dynamodb_table import DynamodbTable, Item, number, text
from functions.domain.ownership.verdict import Heartbeat, Verdict

#: The sort key of a Region's heartbeat.
HEARTBEAT = "HEARTBEAT"
#: The sort key of what a Region holds of its peer.
PEER = "PEER"


class DynamodbRegister:
    """The register in one replica."""

    def __init__(self, table: DynamodbTable) -> None:
        self._table = table

    async def beat(self, heartbeat: Heartbeat) -> None:
        """See RegionRegister."""
        key = {"pk": text(f"REGION#{heartbeat.region}"), "sk": text(HEARTBEAT), "writer": text(heartbeat.region)}
        fenced = {"fenced": {"BOOL": True}} if heartbeat.fenced else {}
        await self._table.put({**key, **fenced, "at": text(heartbeat.at), "beat": number(heartbeat.beat)})

    async def last_beat(self, region: str) -> Heartbeat | None:
        """See RegionRegister."""
        item = await self._table.get(f"REGION#{region}", HEARTBEAT, consistent=True)
        return None if item is None else Heartbeat(region, item["at"]["S"], int(item["beat"]["N"]), is_fenced(item))

    async def put_verdict(self, verdict: Verdict) -> None:
        """See RegionRegister."""
        key = {"pk": text(f"REGION#{verdict.region}"), "sk": text(PEER), "writer": text(verdict.region)}
        parted = {} if verdict.parted_at is None else {"parted_at": text(verdict.parted_at)}
        beat = {} if verdict.beat is None else {"beat": number(verdict.beat)}
        await self._table.put(
            {
                **key,
                **parted,
                **beat,
                "peer": text(verdict.peer),
                "lost": {"BOOL": verdict.lost},
                "since": text(verdict.since),
            }
        )

    async def verdict(self, region: str) -> Verdict | None:
        """See RegionRegister."""
        item = await self._table.get(f"REGION#{region}", PEER, consistent=True)
        return None if item is None else verdict_in(region, item)


def is_fenced(item: Item) -> bool:
    """Read off a heartbeat whether its Region begins nothing."""
    return "fenced" in item and bool(item["fenced"]["BOOL"])


def verdict_in(region: str, item: Item) -> Verdict:
    """Read what a Region holds of its peer."""
    parted_at = item["parted_at"]["S"] if "parted_at" in item else None
    beat = int(item["beat"]["N"]) if "beat" in item else None
    return Verdict(region, item["peer"]["S"], bool(item["lost"]["BOOL"]), item["since"]["S"], parted_at, beat)

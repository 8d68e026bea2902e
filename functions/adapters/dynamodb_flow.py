"""The lanes' statistics on DynamoDB: an item for ten seconds of a Region, one for its last sample, in one partition.

All lanes of a Region share an item, so that a process tells of all it has done in one write: one partition takes a
thousand a second, and five hundred workers make a hundred. Buckets expire after a day.
"""

from collections.abc import Mapping
from typing import Any

from functions.adapters.dynamodb_table import DynamodbTable, Item, number, text
from functions.domain.lane_flow import (
    READ_BUCKETS,
    DepthSample,
    FlowBucket,
    LaneCounts,
    LaneDepth,
    RegionFlow,
    expiry_of,
)

#: It comes after every moment, so that the newest items begin with it.
_SAMPLE = "SAMPLE"
KEPT_SECONDS = 86_400
_COUNTED = ("starts", "ends", "failures", "first_starts", "waited_ms")


class DynamodbFlow:
    """The statistics in one replica."""

    def __init__(self, table: DynamodbTable) -> None:
        self._table = table

    async def add(self, region: str, bucket: str, lanes: Mapping[str, LaneCounts]) -> None:
        """See FlowBook."""
        adds = {
            f"{lane}_{name}": getattr(counts, name)
            for lane, counts in lanes.items()
            for name in _COUNTED
            if getattr(counts, name)
        }
        sets = {"writer": text(region), "ttl": number(expiry_of(bucket, KEPT_SECONDS))}
        await self._table.add(_partition(region), bucket, adds, sets)

    async def put_sample(self, region: str, sample: DepthSample) -> None:
        """See FlowBook."""
        item: dict[str, Mapping[str, Any]] = {
            "pk": text(_partition(region)),
            "sk": text(_SAMPLE),
            "writer": text(region),
            "at": text(sample.at),
        }
        for lane, depth in sample.lanes.items():
            item[f"{lane}_waiting"] = number(depth.waiting)
            item[f"{lane}_in_flight"] = number(depth.in_flight)
            if depth.backlog_since is not None:
                item[f"{lane}_since"] = text(depth.backlog_since)
            if depth.still_since is not None:
                item[f"{lane}_still"] = text(depth.still_since)
        await self._table.put(item)

    async def read(self, region: str) -> RegionFlow:
        """See FlowBook."""
        items = await self._table.query(
            "pk = :region", {":region": text(_partition(region))}, newest_first=True, limit=READ_BUCKETS
        )
        sample = next((_sample(item) for item in items if item["sk"]["S"] == _SAMPLE), None)
        return RegionFlow(tuple(_bucket(item) for item in items if item["sk"]["S"] != _SAMPLE), sample)


def _partition(region: str) -> str:
    return f"FLOW#{region}"


def _lanes_of(item: Item, attribute: str) -> list[str]:
    """The lanes of which an item has this attribute. A lane's name has no underscore."""
    return [name.partition("_")[0] for name in item if name.endswith(f"_{attribute}")]


def _bucket(item: Item) -> FlowBucket:
    lanes = {name.partition("_")[0] for name in item if name.partition("_")[2] in _COUNTED}
    return FlowBucket(
        item["sk"]["S"],
        {
            lane: LaneCounts(**{name: int(item.get(f"{lane}_{name}", {"N": "0"})["N"]) for name in _COUNTED})
            for lane in sorted(lanes)
        },
    )


def _sample(item: Item) -> DepthSample:
    depths = {}
    for lane in _lanes_of(item, "waiting"):
        since, still = (item[name]["S"] if name in item else None for name in (f"{lane}_since", f"{lane}_still"))
        waiting, in_flight = (int(item[f"{lane}_{name}"]["N"]) for name in ("waiting", "in_flight"))
        depths[lane] = LaneDepth(waiting, in_flight, since, still)
    return DepthSample(item["at"]["S"], depths)

"""The replication link: keeps the global tables of two emulator processes alike, as DynamoDB does between two Regions.

`python -m localstack.link --socket PATH --region us-east-1=URL --region us-west-2=URL` follows the stream of every
table whose name starts with the prefix, in both Regions, and writes each change into the other with realistic lag. It
outlives the loss of either process and goes on when it is back. Orders come in over its socket (localstack/faults.py).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import statistics
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from localstack.bell import Bell
from localstack.control import OrderRefused, serving
from localstack.lifeline import die_with
from localstack.replication.change import Change
from localstack.replication.direction import Counts, Direction, Surroundings
from localstack.replication.echoes import Echoes
from localstack.replication.ledger import WriterLedger
from localstack.replication.pairs import Pairs, Side, hand_over
from localstack.replication.reader import StreamReader
from localstack.replication.replica import Replica, Unreachable
from localstack.replication.shape import DEFAULT_SHAPE, Shape

_LOOK_SECONDS = 1.0
_FASTEST_POLL_SECONDS = 0.01
_SLOWEST_POLL_SECONDS = 0.15
_READ_THROUGH_SECONDS = 4.0
_CONFLICTS_NAMED = 1_000


class Link:
    def __init__(
        self,
        endpoints: Mapping[str, str],
        shape: Shape,
        prefix: str = "antipode-",
        bells: Mapping[str, Bell] | None = None,
    ) -> None:
        """`bells`: of the Regions that have one (localstack/bell.py); streams of the others are read all the time."""
        first, second = endpoints
        self._bells = bells or {}
        self._shared = Surroundings(threading.Lock(), WriterLedger((first, second)), Echoes())
        replicas = {region: Replica(region, url) for region, url in endpoints.items()}
        self._sides: dict[str, Side] = {}
        for region, peer in ((first, second), (second, first)):
            self._sides[region] = self._side(region, replicas[region], replicas[peer], shape)
        self.pairs = Pairs(self._sides, self._shared, prefix)

    def _side(self, region: str, replica: Replica, peer: Replica, shape: Shape) -> Side:
        def take(changes: list[Change]) -> None:
            hand_over(changes, self._sides[region].outgoing, self._shared)

        outgoing = Direction(
            source=region,
            target=peer,
            # Both directions draw from one seed, but not the same numbers.
            shape=shape.changed(seed=shape.seed + len(self._sides)),
            shared=self._shared,
            read_target_through=lambda: self._sides[peer.region].reader.read_through(_READ_THROUGH_SECONDS),
        )
        bell = self._bells.get(region)
        reader = StreamReader(
            replica,
            take,
            may_read=lambda: not outgoing.full,
            interval=lambda: _poll_seconds(outgoing.shape),
            rung=bell.rung if bell else None,
        )
        return Side(replica, reader, outgoing)

    def start(self) -> None:
        for side in self._sides.values():
            side.reader.start()
            side.outgoing.start()

    def stop(self) -> None:
        for side in self._sides.values():
            side.reader.stop()
            side.outgoing.stop()

    # -- orders

    def carry_out(self, order: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        match order:
            case "status":
                return self.status()
            case "shape":
                self._reshape(parameters.get("source"), dict(parameters["fields"]))
                return self.status()
            case "lose":
                return self._lose(str(parameters["region"]))
            case "freeze" | "thaw":
                self._side_of(parameters["region"]).outgoing.freeze(order == "freeze")
                return {}
            case "refill":
                return self._refill(str(parameters["region"]))
            case "drain":
                return {"drained": self.drain(float(parameters["seconds"]))}
            case _:
                raise OrderRefused(f"the link knows no order {order!r}")

    def drain(self, seconds: float) -> bool:
        """Wait until everything written before now has arrived on the other side."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            sides = self._sides.values()
            read = all(side.reader.read_through(max(0.0, deadline - time.monotonic())) for side in sides)
            if read and not any(side.outgoing.pending() for side in sides):
                return True
            time.sleep(0.02)
        return False

    def status(self) -> dict[str, Any]:
        with self._shared.lock:
            conflicts = self._shared.ledger.conflicts()
        return {
            "regions": {name: {"reachable": side.reader.reachable} for name, side in self._sides.items()},
            "tables": {name: pair.state for name, pair in self.pairs.known.items()},
            "directions": [_direction_status(side) for side in self._sides.values()],
            "conflicts": {
                "count": len(conflicts),
                "items": [{"table": table, "key": key} for table, key in conflicts[:_CONFLICTS_NAMED]],
            },
        }

    def _reshape(self, source: str | None, fields: dict[str, Any]) -> None:
        sides = [self._side_of(source)] if source else list(self._sides.values())
        try:
            for side in sides:
                side.outgoing.reshape(side.outgoing.shape.changed(**fields))
        except (TypeError, ValueError) as error:
            raise OrderRefused(str(error)) from error

    def _lose(self, region: str) -> Mapping[str, Any]:
        lost = self._side_of(region).outgoing.lose()
        for name, side in self._sides.items():
            if name != region:
                side.outgoing.await_refill()
        return {"lost": lost}

    def _refill(self, region: str) -> Mapping[str, Any]:
        self._side_of(region)
        try:
            return {"copied": self.pairs.refill(region)}
        except Unreachable as error:
            raise OrderRefused(f"{region} cannot be refilled: {error}") from error

    def _side_of(self, region: str) -> Side:
        if region not in self._sides:
            raise OrderRefused(f"no Region is called {region!r}; there are {', '.join(self._sides)}")
        return self._sides[region]


def _poll_seconds(shape: Shape) -> float:
    """Often enough that reading does not show in the lag, seldom enough that waiting costs nothing."""
    return min(max(shape.median_seconds / 4, _FASTEST_POLL_SECONDS), _SLOWEST_POLL_SECONDS)


def _direction_status(side: Side) -> dict[str, Any]:
    outgoing = side.outgoing
    shape, counts = outgoing.shape, outgoing.counts
    return {
        "source": outgoing.source,
        "target": outgoing.target.region,
        "cut": shape.cut,
        "median_seconds": shape.median_seconds,
        "pending": outgoing.pending(),
        "replicated": counts.replicated,
        "deleted": counts.deleted,
        "already_there": counts.already_there,
        "superseded": counts.superseded,
        "duplicates": counts.duplicates,
        "out_of_order": counts.out_of_order,
        "lost_with_region": counts.lost_with_region,
        "lag_ms": _lag_ms(counts),
        "error": outgoing.error,
    }


def _lag_ms(counts: Counts) -> dict[str, float | None]:
    lags = list(counts.lags)
    if len(lags) < 2:
        return {"p50": None, "p99": None}
    cuts = statistics.quantiles(lags, n=100, method="inclusive")
    return {"p50": round(cuts[49] * 1000, 1), "p99": round(cuts[98] * 1000, 1)}


async def serve(link: Link, socket: Path) -> None:
    """Look for tables and answer orders until the process is told to stop."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)

    async def handle(order: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        return await asyncio.to_thread(link.carry_out, order, parameters)

    link.start()
    async with serving(socket, handle):
        while not stop.is_set():
            await asyncio.to_thread(link.pairs.look)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), _LOOK_SECONDS)
    link.stop()


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m localstack.link", description="Replicate tables between Regions.")
    parser.add_argument("--socket", required=True, type=Path)
    parser.add_argument("--parent", type=int, default=os.getppid(), help="the process to die with")
    parser.add_argument("--region", action="append", required=True, metavar="NAME=URL", help="given twice")
    parser.add_argument("--bell", action="append", default=[], metavar="NAME=PATH", help="rung for each new record")
    parser.add_argument("--prefix", default="antipode-")
    parser.add_argument("--median-seconds", type=float, default=DEFAULT_SHAPE.median_seconds)
    parser.add_argument("--p99-seconds", type=float, default=DEFAULT_SHAPE.p99_seconds)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    die_with(options.parent)
    endpoints = dict(pair.split("=", 1) for pair in options.region)
    if len(endpoints) != 2:
        parser.error("name two Regions")
    shape = Shape(median_seconds=options.median_seconds, p99_seconds=options.p99_seconds, seed=options.seed)
    bells = {name: Bell(Path(path)) for name, path in (pair.split("=", 1) for pair in options.bell)}
    asyncio.run(serve(Link(endpoints, shape, options.prefix, bells), options.socket))


if __name__ == "__main__":
    main()

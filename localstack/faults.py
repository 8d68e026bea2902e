"""Faults to order on a running local cloud: what drills and tests do to it, in the words of AWS where it has them.

faults = Faults(cloud.layout)
with faults.partitioned("us-east-1"):
    ...
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from typing import Any

from localstack import control
from localstack.layout import GLOBAL, Layout
from localstack.parts import DNS, LINK
from localstack.plain_http import plain_client
from localstack.replication.shape import DEFAULT_SHAPE
from localstack.shims import peering
from localstack.shims.border import CLIENTS
from localstack.shims.impaired_control_planes import ORDER as CONTROL_PLANES
from localstack.supervisor import NAME as SUPERVISOR
from localstack.workers import end_processes

__all__ = ["CLIENTS", "Faults"]

_LONG_SECONDS = 120.0


class Faults:
    """Orders to the link, the DNS server and the supervisor of one local cloud. `source` None means both directions."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    # -- replication

    def slow_replication(
        self, median_seconds: float, p99_seconds: float, source: str | None = None, seed: int = 1
    ) -> None:
        """Changes written from now on take this long to arrive."""
        self._shape(source, median_seconds=median_seconds, p99_seconds=p99_seconds, seed=seed)

    def keep_order(self, keep: bool = True, source: str | None = None) -> None:
        """Whether the order across items is kept; AWS keeps it for each item alone."""
        self._shape(source, reorder=not keep)

    def duplicate(self, share: float, source: str | None = None) -> None:
        """This share of the changes is delivered twice."""
        self._shape(source, duplicate_share=share)

    def pause_replication(self) -> None:
        """Like the FIS action of that name: nothing is replicated, in either direction."""
        self._shape(None, cut=True)

    def resume_replication(self) -> None:
        self._shape(None, cut=False)

    def cut_replication(self, source: str, *, cut: bool = True) -> None:
        """What this Region writes does not reach its peer until it is healed."""
        self._shape(source, cut=cut)

    def shape_replication(self, **fields: float) -> None:
        """Change the shape of both directions (localstack/replication/shape.py)."""
        self._shape(None, **fields)

    def restore_replication(self) -> None:
        """Both directions as they are when a cloud comes up."""
        self._shape(None, **asdict(DEFAULT_SHAPE))

    @contextmanager
    def partitioned(self, source: str) -> Iterator[None]:
        """What this Region writes does not reach its peer; the other direction works."""
        self._shape(source, cut=True)
        try:
            yield
        finally:
            self._shape(source, cut=False)

    def replication(self) -> dict[str, Any]:
        """Counts, lag and conflicting writes, for each direction."""
        return self._order(LINK, "status")

    def conflicts(self) -> list[dict[str, str]]:
        """The items that both Regions wrote, each in its own way; there must never be one."""
        return list(self.replication()["conflicts"]["items"])

    def wait_until_replicated(self, seconds: float = 30.0) -> bool:
        """Whether, within that time, all that was written before now has arrived on the other side."""
        return bool(self._order(LINK, "drain", _LONG_SECONDS, seconds=seconds)["drained"])

    # -- Regions

    def kill_region(self, region: str) -> float:
        """Lose a Region for good, and tell the last moment (time.monotonic) at which it was still there."""
        before = time.monotonic()
        self._order(SUPERVISOR, "kill", region=region)
        return before

    def freeze_region(self, region: str) -> None:
        """Stop a Region as it is; it goes on with its old state when it is thawed."""
        self._order(SUPERVISOR, "freeze", region=region)

    def thaw_region(self, region: str) -> None:
        self._order(SUPERVISOR, "start", region=region)

    # -- what passes between Regions and clients

    def close_border(self, region: str, to: Collection[str]) -> dict[str, Any]:
        """Let nobody of `to` (the peer's name, CLIENTS) into a Region, and open it to all others; () opens it.

        Returns how the border stands, with how many it has turned away so far. What they send gets no answer. `region`
        may be any emulator process. Raises httpx.HTTPStatusError where callers cannot be told apart.
        """
        return self._tell(region, "border", closed_to=sorted(to))

    def cut_off_from_control_table(self, *regions: str) -> dict[str, Any]:
        """Let the functions of these Regions not reach the control table, and those of all others; () ends it.

        Returns how the border of its process stands, with how many it has turned away so far.
        """
        return self._tell(GLOBAL, "border", closed_to=sorted(regions))

    def border(self, region: str) -> dict[str, Any]:
        """How a Region's border stands, and what it has turned away and throttled so far."""
        return self._tell(region, "border")

    def throttle_table(self, region: str, share: float, seed: int = 1) -> dict[str, Any]:
        """Refuse this share of all calls of functions to the Region's tables, as throttled."""
        return self._tell(region, "border", throttled_share=share, seed=seed)

    def lose_answers(self, region: str, share: float, seed: int = 1) -> dict[str, Any]:
        """Lose this share of what a Region answers to clients' POSTs, which it carries out all the same."""
        return self._tell(region, "border", lost_share=share, seed=seed)

    def spoil_queues(
        self, region: str, shares: Mapping[str, float], queues: Collection[str], seed: int = 1
    ) -> dict[str, Any]:
        """Have these shares of the messages to these queues be "lost", "doubled", "late"; {} ends it.

        Late ones are delivered when it ends.
        """
        return self._tell(region, "queues", shares=dict(shares), queues=sorted(queues), seed=seed)

    def queues(self, region: str) -> dict[str, Any]:
        """What has befallen messages in a Region so far."""
        return self._tell(region, "queues")

    # -- workers and the model

    def kill_workers(self, region: str) -> int:
        """kill -9 every process that runs jobs in a Region; say how many there were."""
        return end_processes(self._layout.emulator(region), ["advance-jobs"])

    def skew_clock(self, region: str, ahead_seconds: float) -> dict[str, Any]:
        """Let a Region's functions go by a clock that is so far ahead; all that run are ended, to begin with it."""
        answer = self._tell(region, "clock", ahead_seconds=ahead_seconds)
        end_processes(self._layout.emulator(region), [None])
        return answer

    def clock(self, region: str) -> float:
        """By how many seconds the clock of a Region's functions is ahead."""
        return float(self._tell(region, "clock")["ahead_seconds"])

    def model(self, **behaviour: Any) -> dict[str, Any]:
        """Change how the model behaves (localstack/model/faults.py), if asked; how it behaves, and its counts."""
        url = f"{self._layout.model.url}/control"
        with plain_client(timeout_seconds=5) as client:
            answer = client.post(url, json=behaviour) if behaviour else client.get(url)
        return dict(answer.raise_for_status().json())

    # -- control planes

    def impair_control_planes(self, *, refuse: bool) -> list[str]:
        """Refuse, or no longer, all calls that make, change or describe; return those refused since the last order.

        In every process that is alive: the calls that people and deploys make, of Route 53 and IAM as well.
        """
        refused: list[str] = []
        for place in self._layout.emulators:
            with suppress(peering.PeerUnreachable):
                refused += peering.ask(place.url, CONTROL_PLANES, {"refuse": refuse})["refused"]
        return refused

    # -- names

    def health_checks(self) -> dict[str, Any]:
        """What Route 53's checkers see, by check."""
        return dict(self._order(DNS, "status")["health_checks"])

    def locate_clients(self, *nearest_first: str) -> None:
        """Where clients are, for latency records: Regions from the nearest to the farthest."""
        self._order(DNS, "locate", nearest=list(nearest_first))

    def _shape(self, source: str | None, **fields: Any) -> None:
        self._order(LINK, "shape", source=source, fields=fields)

    def _order(self, part: str, order: str, timeout_seconds: float = 15.0, **parameters: Any) -> dict[str, Any]:
        return control.ask(control.socket_path(self._layout.folder, part), order, timeout_seconds, **parameters)

    def _tell(self, region: str, subject: str, **order: Any) -> dict[str, Any]:
        """Tell one emulator process, past its border."""
        url = f"{self._layout.emulator(region).url}/_antipode/{subject}"
        with plain_client(timeout_seconds=5) as client:
            return dict(client.post(url, json=order).raise_for_status().json())

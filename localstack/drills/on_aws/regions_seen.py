"""How both Regions look from outside and in their replicas: health, the verdict on the peer, replication by markers.

A marker is an item of the state table that a drill alone writes, one in each Region; when the other Region's replica
has it, what was written before it is most probably there too (order is kept for an item, not across items: a drill
waits for the jobs' own items as well).
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from localstack.drills.on_aws.deployed import Clients, Deployed

HEALTH_SECONDS = 3.0
PAUSE_SECONDS = 0.1
#: Markers are kept for a day, for whoever looks; then the table's TTL takes them away.
KEPT_SECONDS = 86_400


@dataclass(slots=True)
class RegionsSeen:
    """Looks. What cannot be asked raises, but for what says otherwise."""

    deployed: Deployed
    clients: Clients
    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    transport: httpx.BaseTransport | None = None
    _sent: dict[str, list[tuple[int, float]]] = field(default_factory=dict)
    _lags: dict[str, deque[float]] = field(default_factory=dict)
    _run: str = field(default_factory=lambda: secrets.token_hex(4))
    _number: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    # -- health

    def unwell(self) -> str | None:
        """Why no drill may begin; None if both Regions are well."""
        for region in self.deployed.regions:
            if self.served_by(self.deployed.region_api_urls[region]) != region:
                return f"{region} does not answer its health check"
            if self.peer_lost(region) is not False:
                return f"{region} holds its peer for lost, or does not say"
        if (led_to := self.served_by(self.deployed.api_url)) != self.deployed.regions[0]:
            return f"the failover name leads to {led_to or 'no Region'}, not to {self.deployed.regions[0]}"
        return None

    def served_by(self, url: str) -> str | None:
        """The Region that answers there that it is well, as a new client sees it: a fresh connection each time."""
        try:
            with httpx.Client(timeout=HEALTH_SECONDS, transport=self.transport) as http:
                answer = http.get(f"{url}/health")
        except httpx.HTTPError:
            return None
        if answer.status_code != 200:
            return None
        region: str | None = answer.json().get("region")
        return region

    def peer_lost(self, region: str) -> bool | None:
        """Whether a Region holds its peer for lost, by its own word in its replica; None if it cannot be asked."""
        item = self._item(region, f"REGION#{region}", "PEER")
        return None if item is None else bool(item["lost"]["BOOL"])

    # -- replication

    def mark(self) -> Mapping[str, int]:
        """Write a marker in each Region; return how many of each Region's the other one does not have yet."""
        behind = {}
        with self._lock:
            for region in self.deployed.regions:
                self._look_for_arrivals(region)
                sent = self._sent.setdefault(region, [])
                self._number += 1
                sent.append((self._number, self.now()))
                self._put(region, self._number)
                behind[region] = len(sent) - 1
        return behind

    def settle(self, seconds: float) -> bool:
        """Wait until a marker that is written now has arrived on the other side, in both directions."""
        end = self.now() + seconds
        self.mark()
        while any(self._sent.values()):
            with self._lock:
                for region in self.deployed.regions:
                    self._look_for_arrivals(region)
            if self.now() >= end:
                return not any(self._sent.values())
            self.sleep(PAUSE_SECONDS)
        return True

    def lag_ms(self) -> Mapping[str, Mapping[str, float | None]]:
        """What markers took, by the Region that they came from. Right to how often was looked."""
        return {region: _percentiles(self._lags.get(region, ())) for region in self.deployed.regions}

    def _look_for_arrivals(self, region: str) -> None:
        first, second = self.deployed.regions
        sent = self._sent.get(region, [])
        if not sent:
            return
        item = self._item(second if region == first else first, f"DRILL#{region}", "MARKER")
        if item is None or item["run"]["S"] != self._run:
            return
        arrived = int(item["number"]["N"])
        lags = self._lags.setdefault(region, deque(maxlen=10_000))
        lags.extend((self.now() - at) * 1000 for number, at in sent if number <= arrived)
        self._sent[region] = [(number, at) for number, at in sent if number > arrived]

    def _put(self, region: str, number: int) -> None:
        item = {
            "pk": {"S": f"DRILL#{region}"},
            "sk": {"S": "MARKER"},
            "writer": {"S": region},
            "run": {"S": self._run},
            "number": {"N": str(number)},
            "ttl": {"N": str(int(self.now()) + KEPT_SECONDS)},
        }
        self.clients.get("dynamodb", region).put_item(TableName=self.deployed.table, Item=item)

    def _item(self, region: str, pk: str, sk: str) -> Any:
        key = {"pk": {"S": pk}, "sk": {"S": sk}}
        client = self.clients.get("dynamodb", region)
        return client.get_item(TableName=self.deployed.table, Key=key, ConsistentRead=True).get("Item")


def _percentiles(values: Any) -> Mapping[str, float | None]:
    ordered = sorted(values)
    if not ordered:
        return {"p50": None, "p99": None}
    return {name: round(ordered[min(len(ordered) - 1, int(len(ordered) * share))], 1) for name, share in _SHARES}


_SHARES = (("p50", 0.5), ("p99", 0.99))

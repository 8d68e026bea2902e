"""Which record sets Route 53 returns for a question: routing policies, health, aliases and CNAMEs.

Names of API Gateway (`<something>.execute-api.<region>.amazonaws.com`) lead to the address at which that Region's
emulator listens. Asked for SRV records of `_http._tcp.<name>`, the answer also tells the port, for layouts in which
the Regions share one address.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from localstack.naming.records import ALIAS_TTL_SECONDS, Deployed, RecordSet, domain_name

SERVICE_PREFIX = "_http._tcp."
_REGIONAL_NAME = re.compile(r"\.execute-api\.([a-z0-9-]+)\.amazonaws\.com(\.cn)?\.$")
_LONGEST_CHAIN = 8
_MULTIVALUE_ANSWERS = 8


@dataclass(frozen=True, slots=True)
class Line:
    """One resource record of an answer."""

    name: str
    type: str
    ttl_seconds: int
    value: str
    regional_name: str = field(default="", compare=False)
    """Of an address: the API Gateway name it belongs to, which an alias does not show."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`zone` is None where nobody here answers for the name; `exists` tells an empty answer from an unknown name."""

    lines: tuple[Line, ...] = ()
    zone: str | None = None
    exists: bool = True


@dataclass(frozen=True, slots=True)
class Endpoint:
    address: str
    port: int


class Answers:
    def __init__(
        self,
        regions: Mapping[str, Endpoint],
        is_healthy: Callable[[str], bool],
        chance: random.Random | None = None,
        nearest: Sequence[str] = (),
    ) -> None:
        self._regions = regions
        self._is_healthy = is_healthy
        self._chance = chance or random.Random()
        self.nearest = list(nearest or regions)
        """Regions from the nearest to the farthest, as seen by whoever asks; for latency records."""
        self.deployed = Deployed()

    def answer(self, name: str, kind: str) -> Answer:
        name = domain_name(name)
        if kind == "SRV" and name.startswith(SERVICE_PREFIX):
            return self._service(name)
        if region := self._region_named(name):
            found = [Line(name, "A", ALIAS_TTL_SECONDS, region.address, name)] if kind == "A" else []
            return Answer(tuple(found), zone="amazonaws.com.")
        zone = self.deployed.zone_of(name)
        if zone is None:
            return Answer(exists=False)
        lines = self._lines(name, kind, _LONGEST_CHAIN)
        return Answer(tuple(lines), zone, exists=bool(lines) or self._exists(name) or name == zone)

    def endpoint(self, name: str) -> Endpoint | None:
        """Where a connection to the name would go now."""
        lines = self.answer(name, "A").lines
        return self._endpoint_of(lines)

    # -- following names

    def _lines(self, name: str, kind: str, hops: int) -> list[Line]:
        if not hops:
            return []
        lines: list[Line] = []
        for record in self._chosen(name, kind):
            if record.alias is None:
                lines += [Line(name, kind, record.ttl_seconds, value) for value in record.values]
            else:
                lines += [
                    replace(line, name=name, ttl_seconds=min(line.ttl_seconds, record.ttl_seconds))
                    for line in self._target(record.alias, kind, hops - 1)
                    if line.type == kind
                ]
        if lines or kind == "CNAME":
            return lines
        for record in self._chosen(name, "CNAME"):
            for value in record.values:
                lines.append(Line(name, "CNAME", record.ttl_seconds, domain_name(value)))
                lines += self._target(domain_name(value), kind, hops - 1)
        return lines

    def _target(self, name: str, kind: str, hops: int) -> list[Line]:
        if self._region_named(name):
            return list(self.answer(name, kind).lines)
        return self._lines(name, kind, hops) if self.deployed.zone_of(name) else []

    def _service(self, name: str) -> Answer:
        host = name.removeprefix(SERVICE_PREFIX)
        plain = self.answer(host, "A")
        endpoint = self._endpoint_of(plain.lines)
        if endpoint is None:
            return Answer(zone=plain.zone, exists=plain.exists)
        # The target must be a name of that one Region: asked again, the host may lead to the other.
        target = next((line.regional_name for line in plain.lines if line.regional_name), host)
        ttl_seconds = min(line.ttl_seconds for line in plain.lines)
        service = Line(name, "SRV", ttl_seconds, f"0 0 {endpoint.port} {target}")
        address = Line(target, "A", ttl_seconds, endpoint.address)
        return Answer((service, address), plain.zone)

    def _endpoint_of(self, lines: Sequence[Line]) -> Endpoint | None:
        for line in lines:
            if region := self._region_named(line.regional_name):
                return region
        addresses = [line.value for line in lines if line.type == "A"]
        return next((place for place in self._regions.values() if place.address in addresses), None)

    def _region_named(self, name: str) -> Endpoint | None:
        match = _REGIONAL_NAME.search(name)
        return self._regions.get(match[1]) if match else None

    def _exists(self, name: str) -> bool:
        return any(owner == name or owner.endswith(f".{name}") for owner, _ in self.deployed.records)

    # -- routing policies

    def _chosen(self, name: str, kind: str) -> Sequence[RecordSet]:
        """What the routing policy picks. If nothing is healthy, everything is considered."""
        candidates = self.deployed.records.get((name, kind), ())
        healthy = [record for record in candidates if self._healthy(record, _LONGEST_CHAIN)]
        if not candidates:
            return ()
        first = candidates[0]
        if first.failover is not None:
            return _failover(candidates, healthy)
        considered = healthy or list(candidates)
        if first.region is not None:
            return [min(considered, key=self._distance)]
        if first.weight is not None:
            return [self._weighted(considered)]
        if first.multivalue:
            return self._chance.sample(considered, min(len(considered), _MULTIVALUE_ANSWERS))
        return candidates[:1]

    def _healthy(self, record: RecordSet, hops: int) -> bool:
        if record.health_check_id is not None and not self._is_healthy(record.health_check_id):
            return False
        if record.alias is None or not record.alias_evaluates_health or not hops:
            return True
        targets = self.deployed.records.get((record.alias, record.type), ())
        return not targets or any(self._healthy(target, hops - 1) for target in targets)

    def _distance(self, record: RecordSet) -> int:
        region = record.region or ""
        return self.nearest.index(region) if region in self.nearest else len(self.nearest)

    def _weighted(self, considered: list[RecordSet]) -> RecordSet:
        weights = [record.weight or 0 for record in considered]
        if not any(weights):
            return self._chance.choice(considered)
        return self._chance.choices(considered, weights)[0]


def _failover(candidates: Sequence[RecordSet], healthy: Sequence[RecordSet]) -> Sequence[RecordSet]:
    for role in ("PRIMARY", "SECONDARY"):
        if chosen := [record for record in healthy if record.failover == role]:
            return chosen[:1]
    return [record for record in candidates if record.failover == "PRIMARY"][:1] or candidates[:1]

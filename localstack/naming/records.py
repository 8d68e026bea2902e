"""The deployed record sets and health checks of all hosted zones, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

ALIAS_TTL_SECONDS = 60
"""How long resolvers keep an alias to an API Gateway name, whatever the zone's owner would like."""


@dataclass(frozen=True, slots=True)
class RecordSet:
    """One record set. `alias` and `values` exclude each other; so do the routing policies."""

    name: str
    type: str
    ttl_seconds: int = ALIAS_TTL_SECONDS
    values: tuple[str, ...] = ()
    alias: str | None = None
    alias_evaluates_health: bool = False
    set_identifier: str = ""
    weight: int | None = None
    region: str | None = None
    failover: str | None = None
    multivalue: bool = False
    health_check_id: str | None = None


@dataclass(frozen=True, slots=True)
class HealthCheck:
    id: str
    type: str
    host: str | None = None
    address: str | None = None
    port: int = 80
    path: str = "/"
    search: str | None = None
    interval_seconds: int = 30
    failure_threshold: int = 3
    inverted: bool = False
    disabled: bool = False
    children: tuple[str, ...] = ()
    children_needed: int = 0


@dataclass(frozen=True, slots=True)
class Deployed:
    """All that Route 53 knows at one moment."""

    zones: tuple[str, ...] = ()
    records: Mapping[tuple[str, str], tuple[RecordSet, ...]] = field(default_factory=dict)
    checks: Mapping[str, HealthCheck] = field(default_factory=dict)

    def zone_of(self, name: str) -> str | None:
        """The zone that answers for a name: the one that shares most of it."""
        owners = [zone for zone in self.zones if name == zone or name.endswith(f".{zone}")]
        return max(owners, key=len, default=None)


def domain_name(text: str) -> str:
    """One spelling for one name: lower case, with the final dot."""
    return text.lower().rstrip(".") + "."


def read_record_set(raw: Mapping[str, Any]) -> RecordSet:
    """Read one entry of a ListResourceRecordSets answer."""
    alias = raw.get("AliasTarget")
    return RecordSet(
        name=domain_name(raw["Name"]),
        type=raw["Type"],
        ttl_seconds=ALIAS_TTL_SECONDS if alias else int(raw.get("TTL", 0)),
        values=tuple(entry["Value"] for entry in raw.get("ResourceRecords", [])),
        alias=domain_name(alias["DNSName"]) if alias else None,
        alias_evaluates_health=bool(alias and alias.get("EvaluateTargetHealth")),
        set_identifier=raw.get("SetIdentifier", ""),
        weight=raw.get("Weight"),
        region=raw.get("Region"),
        failover=raw.get("Failover"),
        multivalue=bool(raw.get("MultiValueAnswer")),
        health_check_id=raw.get("HealthCheckId"),
    )


def read_health_check(raw: Mapping[str, Any]) -> HealthCheck:
    """Read one entry of a ListHealthChecks answer, with Route 53's own defaults."""
    config = raw["HealthCheckConfig"]
    kind = config["Type"]
    return HealthCheck(
        id=raw["Id"],
        type=kind,
        host=config.get("FullyQualifiedDomainName"),
        address=config.get("IPAddress"),
        port=int(config.get("Port") or (443 if kind.startswith("HTTPS") else 80)),
        path=config.get("ResourcePath") or "/",
        search=config.get("SearchString"),
        interval_seconds=int(config.get("RequestInterval") or 30),
        failure_threshold=int(config.get("FailureThreshold") or 3),
        inverted=bool(config.get("Inverted")),
        disabled=bool(config.get("Disabled")),
        children=tuple(config.get("ChildHealthChecks") or ()),
        children_needed=int(config.get("HealthThreshold") or 0),
    )

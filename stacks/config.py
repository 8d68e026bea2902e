"""What one installation looks like: two Regions and every number that an operator may want to change.

A `Configuration` that exists is one that can be deployed: everything that can be checked without calling AWS is checked
here, and each complaint names the field.
"""

import itertools
import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from stacks.catalog import FUNCTIONS, WAITING_SECONDS, EveryLane, FunctionRow, Schedule
from stacks.sections import (
    AlarmSettings,
    ArchiveSettings,
    BackupSettings,
    DrillSettings,
    EndpointSettings,
    FirewallSettings,
    FunctionSize,
    HealthCheckSettings,
    LaneSettings,
    PayloadSettings,
    ProtectionSettings,
    RegionPair,
    Section,
    TenantSettings,
    ThrottleSettings,
    TimingSettings,
    WebhookSettings,
)

_REGION = re.compile(r"^[a-z]{2,4}(-[a-z]+)+-\d$")
_DOMAIN = re.compile(r"^(?=.{1,200}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$")
_PARTITION_PREFIXES = (
    ("cn-", "aws-cn"),
    ("us-gov-", "aws-us-gov"),
    ("us-isob-", "aws-iso-b"),
    ("us-iso-", "aws-iso"),
    ("eu-isoe-", "aws-iso-e"),
    ("eusc-", "aws-eusc"),
)
#: Where Bedrock's cross-Region inference profiles can be called from, by the geography that their id begins with.
_PROFILE_REGIONS = {"us": "us-", "eu": "eu-", "apac": "ap-", "global": ""}

#: A table that is strongly consistent across Regions has its replicas and its witness in one of these.
STRONG_SETS = (
    frozenset({"us-east-1", "us-east-2", "us-west-2"}),
    frozenset({"eu-west-1", "eu-west-2", "eu-west-3", "eu-central-1"}),
    frozenset({"ap-northeast-1", "ap-northeast-2", "ap-northeast-3"}),
)

#: AWS advises a queue's visibility of at least this many timeouts of the function that reads it.
VISIBILITY_IN_TIMEOUTS = 6
#: What a scheduled function may need after its loop has ended: the calls that are under way.
LOOP_MARGIN_SECONDS = 20


class Configuration(Section):
    """One installation: an environment in one account and two Regions."""

    environment: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]{1,11}$")]
    account: Annotated[str, StringConstraints(pattern=r"^\d{12}$")] | None = None
    regions: RegionPair
    domain_name: str
    hosted_zone_id: Annotated[str, StringConstraints(pattern=r"^Z[A-Z0-9]{1,31}$")]
    routing: Literal["failover", "latency", "weighted"] = "failover"
    weights: Mapping[str, Annotated[int, Field(ge=0, le=255)]] = Field(default_factory=dict)
    record_ttl_seconds: int = Field(default=10, ge=0, le=86_400)
    health_check: HealthCheckSettings = HealthCheckSettings(interval_seconds=10, failure_threshold=3)
    endpoint: EndpointSettings = EndpointSettings()
    lanes: tuple[LaneSettings, ...]
    tenants: tuple[TenantSettings, ...]
    throttle: ThrottleSettings = ThrottleSettings()
    sizes: Mapping[str, FunctionSize] = Field(default_factory=dict)
    timing: TimingSettings = TimingSettings()
    alarms: AlarmSettings = AlarmSettings()
    payloads: PayloadSettings = PayloadSettings()
    archive: ArchiveSettings = ArchiveSettings()
    protection: ProtectionSettings
    backups: BackupSettings | None = None
    firewall: FirewallSettings | None = FirewallSettings()
    model_id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-zA-Z0-9.:_-]{2,127}$")]
    adoption: Literal["on", "off"] = "on"
    #: So many of a lost peer's jobs are taken over a second at most (docs/regions.md).
    adoption_per_second: int = Field(default=400, ge=1, le=10_000)
    #: Whether concurrency for all lanes is set apart for the workers. An account must have that much (regions plan).
    reserved_concurrency: Literal["on", "off"] = "off"
    #: Whether what is stored is encrypted by a key of this account in each Region (decision 48).
    customer_keys: Literal["on", "off"] = "off"
    #: Who may work on a Region's jobs: `strong` by leases in the control table, `eventual` by the verdict alone.
    ownership: Literal["strong", "eventual"] = "eventual"
    #: With `strong`: the third Region, which holds no data and breaks ties.
    witness: str | None = None
    #: Which events of jobs go on the bus: each is paid for (docs/cost.md).
    broadcast: Literal["on", "asked", "ends-only", "off"] = "asked"
    webhooks: WebhookSettings = WebhookSettings()
    bundle: Annotated[str, StringConstraints(min_length=1)]
    #: What plays drills on AWS; None: nothing that could break anything is deployed.
    drills: DrillSettings | None = None
    #: Local cloud only. Where a Region's own services answer; on AWS the SDK knows.
    endpoint_urls: Mapping[str, str] = Field(default_factory=dict)
    #: Local cloud only. Where a Region's public endpoint answers, as "address:port"; on AWS the name is resolved.
    health_addresses: Mapping[str, str] = Field(default_factory=dict)
    #: Local cloud only. Where the control table answers; on AWS each Region has a replica.
    control_endpoint_url: str | None = None

    @field_validator("regions")
    @classmethod
    def _two_regions_of_one_partition(cls, pair: RegionPair) -> RegionPair:
        for region in pair:
            if not _REGION.match(region):
                raise ValueError(f"{region!r} is not the name of a Region, such as us-east-1")
        if pair.first == pair.second:
            raise ValueError(f"the two Regions must differ, both are {pair.first}")
        partitions = [partition_of(region) for region in pair]
        if partitions[0] != partitions[1]:
            raise ValueError(
                f"both Regions must lie in one partition, but {pair.first} is in {partitions[0]} "
                f"and {pair.second} in {partitions[1]}"
            )
        return pair

    @field_validator("domain_name")
    @classmethod
    def _a_domain_name(cls, name: str) -> str:
        if not _DOMAIN.match(name):
            raise ValueError(f"{name!r} is not a domain name in lower case, such as example.com")
        return name

    @field_validator("lanes", "tenants")
    @classmethod
    def _at_least_one_and_no_name_twice(
        cls, rows: tuple[LaneSettings | TenantSettings, ...]
    ) -> tuple[LaneSettings | TenantSettings, ...]:
        if not rows:
            raise ValueError("there must be at least one")
        twice = sorted({row.name for row in rows if [other.name for other in rows].count(row.name) > 1})
        if twice:
            raise ValueError(f"each needs a name of its own, but there are two or more named {', '.join(twice)}")
        return rows

    @field_validator("sizes")
    @classmethod
    def _sizes_of_functions_that_exist(cls, sizes: Mapping[str, FunctionSize]) -> Mapping[str, FunctionSize]:
        unknown = sorted(set(sizes) - {row.name for row in FUNCTIONS})
        if unknown:
            raise ValueError(f"no function is named {', '.join(unknown)}; see stacks/catalog.py")
        return sizes

    @field_validator("endpoint_urls")
    @classmethod
    def _addresses_of_services(cls, urls: Mapping[str, str]) -> Mapping[str, str]:
        for region, url in urls.items():
            if not re.match(r"^https?://[a-z0-9.-]+(:\d+)?$", url):
                raise ValueError(f"{url!r} (for {region}) is not an address such as http://127.0.1.1:4566")
        return urls

    @field_validator("health_addresses")
    @classmethod
    def _addresses_to_connect_to(cls, addresses: Mapping[str, str]) -> Mapping[str, str]:
        for region, address in addresses.items():
            if not re.match(r"^[a-z0-9.-]+:\d+$", address):
                raise ValueError(f"{address!r} (for {region}) is not an address and port such as 127.0.1.1:4566")
        return addresses

    @model_validator(mode="after")
    def _what_is_said_by_region_is_said_for_both(self) -> Self:
        for field in ("weights", "endpoint_urls", "health_addresses"):
            given = getattr(self, field)
            if given and set(given) != set(self.regions):
                raise ValueError(f"{field}: must name exactly {_both(self.regions)}, but names {_both(given)}")
        if self.routing == "weighted" and not self.weights:
            raise ValueError("weights: routing is weighted, so each Region needs a weight from 0 to 255")
        if self.weights and self.routing != "weighted":
            raise ValueError(f"weights: have no meaning while routing is {self.routing}; leave them out")
        if self.weights and not any(self.weights.values()):
            raise ValueError("weights: with a weight of 0 in both Regions neither would get a request")
        return self

    @model_validator(mode="after")
    def _leases_can_be_kept(self) -> Self:
        if self.ownership == "eventual":
            if self.witness is not None:
                raise ValueError("witness: has no meaning while ownership is eventual; leave it out")
            return self
        if self.witness is None:
            raise ValueError("witness: ownership is strong, so a third Region must be named")
        if self.witness in self.regions:
            raise ValueError(f"witness: must be a third Region, {self.witness} is one of the two")
        if not any({*self.regions, self.witness} <= each for each in STRONG_SETS):
            sets = "; ".join(", ".join(sorted(each)) for each in STRONG_SETS)
            raise ValueError(
                f"ownership: strong needs both Regions and the witness in one of these sets: {sets}; "
                f"{_both((*self.regions, self.witness))} are not. Choose eventual for any other pair"
            )
        return self

    @model_validator(mode="after")
    def _drills_are_for_accounts_that_are_named(self) -> Self:
        if self.drills is not None and self.account is not None and self.account not in self.drills.accounts:
            raise ValueError(f"drills: account {self.account} is not among those that are named for drills")
        return self

    @model_validator(mode="after")
    def _less_important_lanes_turn_work_away_first(self) -> Self:
        """The most important lane is named first."""
        for more, less in itertools.pairwise(self.lanes):
            if less.wait_bound_seconds > more.wait_bound_seconds:
                raise ValueError(
                    f"lanes: wait_bound_seconds of {less.name} must not be above that of {more.name}, "
                    f"which is more important and turns new work away last; it is {less.wait_bound_seconds}"
                )
        return self

    @model_validator(mode="after")
    def _messages_stay_hidden_while_they_are_worked_on(self) -> Self:
        for row in FUNCTIONS:
            timeout = self.size_of(row).timeout_seconds
            for lane in self.lanes if isinstance(row.trigger, EveryLane) else ():
                least = VISIBILITY_IN_TIMEOUTS * timeout
                if lane.visibility_seconds < least:
                    raise ValueError(
                        f"lanes: visibility_seconds of {lane.name} must be at least {least}, "
                        f"{VISIBILITY_IN_TIMEOUTS} times the timeout of {row.name}; it is {lane.visibility_seconds}"
                    )
        return self

    @model_validator(mode="after")
    def _functions_have_time_to_finish(self) -> Self:
        for row in FUNCTIONS:
            timeout = self.size_of(row).timeout_seconds
            if isinstance(row.trigger, Schedule) and timeout < self.timing.loop_seconds + LOOP_MARGIN_SECONDS:
                raise ValueError(
                    f"timing: loop_seconds of {self.timing.loop_seconds} leaves {row.name} no time to finish: "
                    f"its timeout of {timeout} s must be {LOOP_MARGIN_SECONDS} s longer"
                )
            if row.routes and timeout > WAITING_SECONDS:
                raise ValueError(
                    f"sizes: {row.name} may run {timeout} s, but API Gateway answers for it after {WAITING_SECONDS} s"
                )
        return self

    @model_validator(mode="after")
    def _the_model_can_be_called_from_both_regions(self) -> Self:
        geography = self.model_geography
        if geography is not None:
            outside = [region for region in self.regions if not region.startswith(_PROFILE_REGIONS[geography])]
            if outside:
                raise ValueError(
                    f"model_id: {self.model_id} is an inference profile of geography {geography!r}, "
                    f"which cannot be called from {', '.join(outside)}"
                )
        return self

    @model_validator(mode="after")
    def _loose_settings_stay_on_the_laptop(self) -> Self:
        if self.environment != "local":
            if self.endpoint.scheme != "https":
                raise ValueError(f"endpoint: scheme must be https in {self.environment}; http is for the local cloud")
            for field in ("endpoint_urls", "health_addresses", "control_endpoint_url"):
                if getattr(self, field):
                    raise ValueError(f"{field}: is for the local cloud only, not for {self.environment}")
            if self.webhooks.loopback == "on":
                raise ValueError(f"webhooks: loopback is for the local cloud only, not for {self.environment}")
            if self.firewall is None:
                raise ValueError(f"firewall: must be set in {self.environment}")
        if self.environment == "prod":
            for field in ("deletion_protection", "point_in_time_recovery", "retain"):
                if not getattr(self.protection, field):
                    raise ValueError(f"protection: {field} must be on in prod")
            if self.backups is None:
                raise ValueError("backups: must be set in prod")
        return self

    @property
    def prefix(self) -> str:
        """What every resource's name begins with."""
        return f"antipode-{self.environment}"

    @property
    def table_name(self) -> str:
        """The global table."""
        return self.prefix

    @property
    def drill_bundle(self) -> str:
        """Where the code of the drills' functions lies: beside that of the others."""
        return f"{self.bundle}-drills"

    @property
    def control_table_name(self) -> str:
        """The table of leases, where there is one."""
        return f"{self.prefix}-control"

    @property
    def failover_name(self) -> str:
        """The name that leads to a Region that answers."""
        return f"api.{self.domain_name}"

    @property
    def tenant_key_prefix(self) -> str:
        """What the usage plan key of every tenant begins with."""
        return f"{self.prefix}-usage-of-tenant-"

    @property
    def model_geography(self) -> str | None:
        """The geography of the inference profile that `model_id` names, or None if it names a model itself."""
        first, _, rest = self.model_id.partition(".")
        return first if first in _PROFILE_REGIONS and "." in rest else None

    def peer_of(self, region: str) -> str:
        """Return the other Region."""
        return self.regions.second if region == self.regions.first else self.regions.first

    def name_of_region(self, region: str) -> str:
        """Return the name under which one Region's API answers."""
        return f"{region}.{self.failover_name}"

    def health_url(self, region: str) -> str:
        """Return where one Region says whether it can serve."""
        return self.endpoint.url(self.name_of_region(region), self.endpoint.health_path)

    def function_name(self, row: FunctionRow) -> str:
        """Return a function's name on AWS."""
        return f"{self.prefix}-{row.name.replace('_', '-')}"

    def size_of(self, row: FunctionRow) -> FunctionSize:
        """Return what a function gets here."""
        return self.sizes.get(row.name) or FunctionSize(memory_mb=row.memory_mb, timeout_seconds=row.timeout_seconds)


def partition_of(region: str) -> str:
    """Return the partition that a Region belongs to."""
    return next((partition for prefix, partition in _PARTITION_PREFIXES if region.startswith(prefix)), "aws")


def _both(names: Iterable[str]) -> str:
    return " and ".join(sorted(names))

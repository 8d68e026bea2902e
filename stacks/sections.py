"""The parts of a configuration: each a small value that checks itself and knows nothing of the others."""

from typing import Annotated, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

#: What CloudWatch Logs accepts.
RETENTION_DAYS = frozenset(
    {1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
)
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,30}[a-z0-9]$")]


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RegionPair(NamedTuple):
    """The two Regions. The first one is primary where a routing mode knows a primary, and nowhere else."""

    first: str
    second: str


class LaneSettings(Section):
    """One lane: the most workers at once, how long new work may have to wait, when a message counts as dead."""

    name: Name
    max_concurrency: int = Field(ge=2, le=1000)
    wait_bound_seconds: int = Field(ge=60, le=86_400)
    visibility_seconds: int = Field(ge=1, le=43_200)
    max_receive_count: int = Field(ge=1, le=1000)
    oldest_message_alarm_seconds: int = Field(ge=1)


class TenantSettings(Section):
    """One tenant's usage plan, in each Region."""

    name: Name
    rate_per_second: float = Field(gt=0)
    burst: int = Field(ge=1)
    daily_quota: int | None = Field(default=None, ge=1)


class FunctionSize(Section):
    """What a function gets here instead of what the catalogue says."""

    memory_mb: int = Field(ge=128, le=10_240)
    timeout_seconds: int = Field(ge=1, le=900)


class HealthCheckSettings(Section):
    """How Route 53 decides that a Region does not answer."""

    interval_seconds: Literal[10, 30]
    failure_threshold: int = Field(ge=1, le=10)


class EndpointSettings(Section):
    """How the API is reached from outside."""

    scheme: Literal["https", "http"] = "https"
    port: int = Field(default=443, ge=1, le=65_535)
    health_path: str = Field(default="/v1/health", pattern=r"^/[a-z0-9/_-]*$")

    def url(self, host: str, path: str) -> str:
        """Return the address of `path` on `host`, without a port that goes without saying."""
        implied = {"https": 443, "http": 80}[self.scheme]
        return f"{self.scheme}://{host}{path}" if self.port == implied else f"{self.scheme}://{host}:{self.port}{path}"


class TimingSettings(Section):
    """How soon the Regions notice things about their jobs and about each other."""

    heartbeat_seconds: int = Field(default=5, ge=1, le=60)
    peer_stale_seconds: int = Field(default=20, ge=2)
    stall_seconds: int = Field(default=30, ge=2)
    loop_seconds: int = Field(default=62, ge=60, le=600)

    @model_validator(mode="after")
    def _one_missed_beat_is_not_staleness(self) -> Self:
        if self.peer_stale_seconds < 2 * self.heartbeat_seconds:
            raise ValueError(
                f"peer_stale_seconds must be at least two heartbeats ({2 * self.heartbeat_seconds} s), "
                f"or one late heartbeat looks like a lost Region; it is {self.peer_stale_seconds}"
            )
        return self


class AlarmSettings(Section):
    """From where on an operator is told."""

    function_errors: int = Field(default=1, ge=1)
    api_server_errors: int = Field(default=5, ge=1)
    silent_sentinel_minutes: int = Field(default=3, ge=2, le=60)
    refused_archive_hours: int = Field(default=6, ge=2, le=24)
    email: str | None = Field(default=None, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")


class ProtectionSettings(Section):
    """What outlives a mistake."""

    deletion_protection: bool
    point_in_time_recovery: bool
    retain: bool
    log_retention_days: int

    @field_validator("log_retention_days")
    @classmethod
    def _a_retention_that_exists(cls, days: int) -> int:
        if days not in RETENTION_DAYS:
            raise ValueError(f"CloudWatch Logs keeps logs for one of {sorted(RETENTION_DAYS)} days, not for {days}")
        return days


class BackupSettings(Section):
    """The daily backup of each Region's replica, and its copy in the peer's vault: when, and how long both are kept."""

    hour_utc: int = Field(default=5, ge=0, le=23)
    keep_days: int = Field(default=35, ge=1, le=36_500)


class FirewallSettings(Section):
    """The web firewall in front of the API."""

    requests_per_address_in_5_minutes: int = Field(default=10_000, ge=10, le=2_000_000_000)


class PayloadSettings(Section):
    """For how long values are kept that are too large for the table.

    A job may sleep for a year and then read what its first step returned, so less than that is for those who know
    that their jobs are shorter.
    """

    retention_days: int = Field(default=400, ge=1, le=36_500)


class ArchiveSettings(Section):
    """When the histories of jobs that are over go to S3 (0: never), and after how long there to slower storage.

    `instant_after_days` to Glacier Instant Retrieval, from which a job is read as before; `deep_after_days` to Deep
    Archive, from which it is not: somebody has to have S3 bring it back first. AWS charges either for a while at least.
    """

    after_days: int = Field(default=30, ge=0, le=36_500)
    instant_after_days: int | None = Field(default=1, ge=1, le=36_500)
    deep_after_days: int | None = Field(default=None, ge=1, le=36_500)

    @model_validator(mode="after")
    def _slower_storage_comes_later(self) -> Self:
        instant, deep = self.instant_after_days, self.deep_after_days
        if deep is not None and instant is not None and deep < instant + 90:
            raise ValueError(
                f"deep_after_days must be at least {instant + 90}: Glacier Instant Retrieval charges for 90 days, "
                f"and begins on day {instant}; it is {deep}"
            )
        if deep is not None and deep < 30:
            raise ValueError(
                f"deep_after_days must be at least 30: before a history goes from the table it is read from S3, "
                f"which a Region that is away for days does late; it is {deep}"
            )
        return self


class DrillSettings(Section):
    """Drills on AWS: the accounts in which they may be played, and after how long all is put back whatever happens.

    `schedule` starts the drill `scheduled` at these times, as EventBridge Scheduler writes them; without it none is.
    `function_faults` puts the extension of FIS into the workers, so that drills can have their invocations fail or come
    late; it is loaded at each cold start, whether or not a drill is under way.
    """

    accounts: tuple[Annotated[str, StringConstraints(pattern=r"^\d{12}$")], ...] = Field(min_length=1)
    limit_minutes: int = Field(default=20, ge=16, le=60)
    schedule: str | None = Field(default=None, pattern=r"^(cron|rate)\(.+\)$")
    scheduled: Name = "region-killed"
    function_faults: Literal["on", "off"] = "off"


class WebhookSettings(Section):
    """How webhooks are delivered. The first pause is drawn from 0 to `first_retry_seconds`; each after may be twice it.

    `loopback` lets receivers be on the machine that delivers: in the local cloud.
    """

    max_concurrency: int = Field(default=10, ge=2, le=1000)
    first_retry_seconds: float = Field(default=5.0, gt=0, le=300)
    loopback: Literal["on", "off"] = "off"


class ThrottleSettings(Section):
    """What one Region's API lets through, all tenants together."""

    rate_per_second: float = Field(default=1_000, gt=0)
    burst: int = Field(default=2_000, ge=1)

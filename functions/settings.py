"""The settings of the functions: the names that the stacks write, and the only place that reads the environment."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class SettingName(StrEnum):
    """The environment variables of every function. `stacks` writes them, nothing else spells them out."""

    ENVIRONMENT = "ANTIPODE_ENVIRONMENT"
    REGION = "ANTIPODE_REGION"
    PEER_REGION = "ANTIPODE_PEER_REGION"
    TABLE = "ANTIPODE_TABLE"
    LANES = "ANTIPODE_LANES"
    WAIT_BOUNDS = "ANTIPODE_WAIT_BOUNDS"
    PAYLOADS = "ANTIPODE_PAYLOADS"
    PEER_PAYLOADS = "ANTIPODE_PEER_PAYLOADS"
    PEER_ENDPOINT_URL = "ANTIPODE_PEER_ENDPOINT_URL"
    PEER_HEALTH_URL = "ANTIPODE_PEER_HEALTH_URL"
    PEER_HEALTH_ADDRESS = "ANTIPODE_PEER_HEALTH_ADDRESS"
    MODEL_ID = "ANTIPODE_MODEL_ID"
    TENANT_KEY_PREFIX = "ANTIPODE_TENANT_KEY_PREFIX"
    HEARTBEAT_SECONDS = "ANTIPODE_HEARTBEAT_SECONDS"
    PEER_STALE_SECONDS = "ANTIPODE_PEER_STALE_SECONDS"
    STALL_SECONDS = "ANTIPODE_STALL_SECONDS"
    LOOP_SECONDS = "ANTIPODE_LOOP_SECONDS"
    ADOPTION = "ANTIPODE_ADOPTION"
    ADOPTION_PER_SECOND = "ANTIPODE_ADOPTION_PER_SECOND"
    CONTROL_TABLE = "ANTIPODE_CONTROL_TABLE"
    CONTROL_ENDPOINT_URL = "ANTIPODE_CONTROL_ENDPOINT_URL"
    BROADCAST = "ANTIPODE_BROADCAST"
    BUS = "ANTIPODE_BUS"
    DELIVERIES = "ANTIPODE_DELIVERIES"
    WEBHOOK_LOOPBACK = "ANTIPODE_WEBHOOK_LOOPBACK"
    WEBHOOK_RETRY_SECONDS = "ANTIPODE_WEBHOOK_RETRY_SECONDS"
    ARCHIVE_AFTER_DAYS = "ANTIPODE_ARCHIVE_AFTER_DAYS"


#: Which events are put on the bus (`functions/application/broadcast_events.py`).
BROADCASTS = ("on", "asked", "ends-only", "off")


class InvalidSetting(Exception):
    """A variable is missing or cannot be read. The message names it and says what it should hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a function is told by its surroundings. Addresses at None are the ones that AWS gives.

    `control_table` is None where Regions have no leases (`ownership: eventual`), `archive_after_days` where the
    histories of jobs stay in the table for ever.
    """

    environment: str
    region: str
    peer_region: str
    table: str
    lanes: Mapping[str, str]
    wait_bounds: Mapping[str, float]
    payloads: str
    peer_payloads: str
    peer_endpoint_url: str | None
    peer_health_url: str
    peer_health_address: tuple[str, int] | None
    model_id: str
    tenant_key_prefix: str
    heartbeat_seconds: float
    peer_stale_seconds: float
    stall_seconds: float
    loop_seconds: float
    adoption: bool
    adoption_per_second: float
    broadcast: str
    bus: str
    deliveries: str
    webhook_loopback: bool
    webhook_retry_seconds: float
    control_table: str | None = None
    control_endpoint_url: str | None = None
    archive_after_days: float | None = None

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """Read the settings from `environ` (by default the process's). Raises InvalidSetting."""
        source = os.environ if environ is None else environ
        return cls(
            environment=_text(source, SettingName.ENVIRONMENT),
            region=_text(source, SettingName.REGION),
            peer_region=_text(source, SettingName.PEER_REGION),
            table=_text(source, SettingName.TABLE),
            lanes=_lanes(source),
            wait_bounds=_wait_bounds(source),
            payloads=_text(source, SettingName.PAYLOADS),
            peer_payloads=_text(source, SettingName.PEER_PAYLOADS),
            peer_endpoint_url=source.get(SettingName.PEER_ENDPOINT_URL) or None,
            peer_health_url=_url(source, SettingName.PEER_HEALTH_URL),
            peer_health_address=_address(source, SettingName.PEER_HEALTH_ADDRESS),
            model_id=_text(source, SettingName.MODEL_ID),
            tenant_key_prefix=_text(source, SettingName.TENANT_KEY_PREFIX),
            heartbeat_seconds=_seconds(source, SettingName.HEARTBEAT_SECONDS),
            peer_stale_seconds=_seconds(source, SettingName.PEER_STALE_SECONDS),
            stall_seconds=_seconds(source, SettingName.STALL_SECONDS),
            loop_seconds=_seconds(source, SettingName.LOOP_SECONDS),
            adoption=_switch(source, SettingName.ADOPTION),
            adoption_per_second=_rate(source, SettingName.ADOPTION_PER_SECOND),
            broadcast=_one_of(source, SettingName.BROADCAST, BROADCASTS),
            bus=_text(source, SettingName.BUS),
            deliveries=_text(source, SettingName.DELIVERIES),
            webhook_loopback=_switch(source, SettingName.WEBHOOK_LOOPBACK),
            webhook_retry_seconds=_seconds(source, SettingName.WEBHOOK_RETRY_SECONDS),
            control_table=source.get(SettingName.CONTROL_TABLE) or None,
            control_endpoint_url=source.get(SettingName.CONTROL_ENDPOINT_URL) or None,
            archive_after_days=_days(source, SettingName.ARCHIVE_AFTER_DAYS),
        )


def _text(source: Mapping[str, str], name: SettingName) -> str:
    value = source.get(name, "")
    if not value:
        raise InvalidSetting(f"{name} is not set")
    return value


def _url(source: Mapping[str, str], name: SettingName) -> str:
    value = _text(source, name)
    if not value.startswith(("http://", "https://")):
        raise InvalidSetting(f"{name} must be an http(s) address, it is {value!r}")
    return value


def _address(source: Mapping[str, str], name: SettingName) -> tuple[str, int] | None:
    value = source.get(name, "")
    if not value:
        return None
    host, _, port = value.rpartition(":")
    if not host or not port.isdigit():
        raise InvalidSetting(f"{name} must be empty or host:port, it is {value!r}")
    return host.strip("[]"), int(port)


def _seconds(source: Mapping[str, str], name: SettingName) -> float:
    value = _text(source, name)
    try:
        seconds = float(value)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise InvalidSetting(f"{name} must be a number of seconds above 0, it is {value!r}")
    return seconds


def _rate(source: Mapping[str, str], name: SettingName) -> float:
    value = _text(source, name)
    try:
        rate = float(value)
    except ValueError:
        rate = 0.0
    if not 0 < rate < float("inf"):
        raise InvalidSetting(f"{name} must be a number above 0, so many a second, it is {value!r}")
    return rate


def _days(source: Mapping[str, str], name: SettingName) -> float | None:
    """Return after how many days; None, where nothing is said, for never."""
    value = source.get(name, "")
    try:
        days = float(value or 1)
    except ValueError:
        days = 0.0
    if not 0 < days < float("inf"):
        raise InvalidSetting(f"{name} must be empty or a number of days above 0, it is {value!r}")
    return days if value else None


def _switch(source: Mapping[str, str], name: SettingName) -> bool:
    value = _text(source, name)
    if value not in ("on", "off"):
        raise InvalidSetting(f"{name} must be on or off, it is {value!r}")
    return value == "on"


def _one_of(source: Mapping[str, str], name: SettingName, allowed: tuple[str, ...]) -> str:
    value = _text(source, name)
    if value not in allowed:
        raise InvalidSetting(f"{name} must be one of {', '.join(allowed)}, it is {value!r}")
    return value


def _lanes(source: Mapping[str, str]) -> Mapping[str, str]:
    value = _text(source, SettingName.LANES)
    try:
        lanes = json.loads(value)
    except ValueError:
        lanes = None
    if not isinstance(lanes, dict) or not lanes or not all(isinstance(url, str) and url for url in lanes.values()):
        form = '{"standard": "<queue url>", ...}'
        raise InvalidSetting(f"{SettingName.LANES} must be JSON like {form}, it is {value!r}")
    return lanes


def _wait_bounds(source: Mapping[str, str]) -> Mapping[str, float]:
    """For each lane the seconds that new work may have to wait there."""
    value = _text(source, SettingName.WAIT_BOUNDS)
    try:
        bounds = json.loads(value)
    except ValueError:
        bounds = None
    lanes = _lanes(source)
    if not isinstance(bounds, dict) or set(bounds) != set(lanes) or not all(map(_is_bound, bounds.values())):
        form = '{"standard": <seconds above 0>, ...}'
        raise InvalidSetting(f"{SettingName.WAIT_BOUNDS} must be JSON like {form} with every lane, it is {value!r}")
    return {lane: float(bounds[lane]) for lane in lanes}


def _is_bound(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < float("inf")

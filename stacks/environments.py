"""The environments, `local`, `dev` and `prod`, and what a person may set in them from outside.

What differs between environments is written here. What differs between installations of one environment (account,
names, addresses) comes from CDK context: `-c key=value` on the command line or the `context` of cdk.json.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from pydantic import ValidationError

from stacks.config import Configuration


class ConfigurationError(Exception):
    """Something in the configuration is wrong. The message says what, one line for each field."""


#: Every context key that means something to us, and how it is written.
CONTEXT_KEYS: Mapping[str, str] = {
    "environment": "local, dev or prod",
    "account": "123456789012",
    "regions": "us-east-1,us-west-2",
    "domain_name": "example.com",
    "hosted_zone_id": "Z0123456789ABCDEFGHIJ",
    "routing": "failover, latency or weighted",
    "weights": "us-east-1=90,us-west-2=10",
    "record_ttl_seconds": "10",
    "tenants": '[{"name": "acme", "rate_per_second": 50, "burst": 100, "daily_quota": 1000000}]',
    "model_id": "us.amazon.nova-lite-v1:0",
    "adoption": "on or off",
    "adoption_per_second": "400",
    "reserved_concurrency": "on or off",
    "customer_keys": "on or off",
    "ownership": "strong or eventual",
    "witness": "us-east-2",
    "broadcast": "on, asked, ends-only or off",
    "alarm_email": "oncall@example.com",
    "payload_retention_days": "400",
    "archive": '{"after_days": 30, "instant_after_days": 1}',
    "backup_keep_days": "35",
    "drills": '{"accounts": ["123456789012"]}',
    "bundle": "build/lambda-aws",
    "port": "4566",
    "endpoint_urls": "us-east-1=http://127.0.1.1:4566,us-west-2=http://127.0.2.1:4566",
    "health_addresses": "us-east-1=127.0.1.1:4566,us-west-2=127.0.2.1:4566",
    "control_endpoint_url": "http://127.0.3.1:4566",
}
_ROOT = Path(__file__).resolve().parent.parent
_DEFAULT_PAIR = ("us-east-1", "us-west-2")
#: What the default pair goes by where nothing is said; any other pair goes by `eventual`, which all pairs can have.
_DEFAULT_OWNERSHIP: Mapping[str, str] = {"ownership": "strong", "witness": "us-east-2"}
_STRONG_BY_DEFAULT = ("dev", "prod")


def _lanes(critical: int, standard: int, batch: int) -> list[dict[str, object]]:
    """One row per lane; the numbers are the most workers at once.

    Batch work can come again, so it is turned away first: when it would wait 15 minutes. Critical work is the last.
    """
    rows = (("critical", critical, 60, 3600), ("standard", standard, 300, 1800), ("batch", batch, 3600, 900))
    return [
        {
            "name": name,
            "max_concurrency": concurrency,
            "wait_bound_seconds": bound,
            "visibility_seconds": 720,
            "max_receive_count": 5,
            "oldest_message_alarm_seconds": oldest,
        }
        for name, concurrency, oldest, bound in rows
    ]


def _local() -> dict[str, object]:
    return {
        "account": "000000000000",
        "regions": _DEFAULT_PAIR,
        "domain_name": "antipode.test",
        "endpoint": {"scheme": "http", "port": 4566},
        # The emulator begins with a quarter of these (localstack/shims/mapping_growth.py).
        "lanes": _lanes(critical=16, standard=16, batch=8),
        "tenants": [{"name": "default", "rate_per_second": 500, "burst": 1000}],
        "protection": {
            "deletion_protection": False,
            "point_in_time_recovery": False,
            "retain": False,
            "log_retention_days": 1,
        },
        # The emulator stores a firewall without ever asking it.
        "firewall": None,
        "model_id": "us.amazon.nova-lite-v1:0",
        "broadcast": "on",
        "webhooks": {"max_concurrency": 2, "first_retry_seconds": 1.0, "loopback": "on"},
        "bundle": "build/lambda-local",
    }


def _dev() -> dict[str, object]:
    return {
        "regions": _DEFAULT_PAIR,
        "lanes": _lanes(critical=10, standard=20, batch=5),
        "tenants": [{"name": "default", "rate_per_second": 50, "burst": 100, "daily_quota": 1_000_000}],
        "protection": {
            "deletion_protection": False,
            "point_in_time_recovery": True,
            "retain": False,
            "log_retention_days": 14,
        },
        "model_id": "us.amazon.nova-lite-v1:0",
        "bundle": "build/lambda-aws",
    }


def _prod() -> dict[str, object]:
    return {
        **_dev(),
        "lanes": _lanes(critical=100, standard=200, batch=50),
        "reserved_concurrency": "on",
        "customer_keys": "on",
        "protection": {
            "deletion_protection": True,
            "point_in_time_recovery": True,
            "retain": True,
            "log_retention_days": 90,
        },
        "backups": {"keep_days": 35},
    }


_ENVIRONMENTS: Mapping[str, Callable[[], dict[str, object]]] = {"local": _local, "dev": _dev, "prod": _prod}


def configuration_of(context: Mapping[str, object]) -> Configuration:
    """Return the configuration that `context` asks for, or raise ConfigurationError."""
    _refuse_unknown_keys(context)
    environment = str(context.get("environment", "local"))
    if environment not in _ENVIRONMENTS:
        raise ConfigurationError(f"environment: {environment!r} is none of {', '.join(_ENVIRONMENTS)}")
    fields = {"environment": environment, **_ENVIRONMENTS[environment]()}
    for key, read in _READERS.items():
        if context.get(key) is not None:
            read(fields, key, context[key])
    if environment in _STRONG_BY_DEFAULT and _is_default_pair(fields) and "ownership" not in fields:
        fields = {**_DEFAULT_OWNERSHIP, **fields}
    fields["bundle"] = str(_ROOT / str(fields["bundle"]))
    try:
        return Configuration.model_validate(fields)
    except ValidationError as error:
        raise ConfigurationError("\n".join(_complaint(dict(row)) for row in error.errors())) from None


def _is_default_pair(fields: Mapping[str, object]) -> bool:
    regions = fields["regions"]
    return isinstance(regions, tuple) and sorted(regions) == sorted(_DEFAULT_PAIR)


def _refuse_unknown_keys(context: Mapping[str, object]) -> None:
    """A mistyped key would otherwise be passed over in silence. The CDK's own keys hold a colon, slash or dash."""
    unknown = sorted(key for key in context if key.isidentifier() and key not in CONTEXT_KEYS)
    if unknown:
        raise ConfigurationError(f"context: no key is named {', '.join(unknown)}; there are {', '.join(CONTEXT_KEYS)}")


def _complaint(error: Mapping[str, object]) -> str:
    location = error["loc"]
    assert isinstance(location, tuple)
    field = ".".join(str(part) for part in location)
    message = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "missing":
        message = "is not set"
        if field in CONTEXT_KEYS:
            message += f"; pass it as `-c {field}={CONTEXT_KEYS[field]}` or set it in the context of cdk.json"
    elif error["type"] != "value_error":
        message = f"{message}, but it is {error['input']!r}"
    return f"{field}: {message}" if field else message


def _text(fields: dict[str, object], key: str, value: object) -> None:
    fields[key] = str(value)


def _pair(fields: dict[str, object], key: str, value: object) -> None:
    names = value if isinstance(value, list) else [name.strip() for name in str(value).split(",")]
    if len(names) != 2:
        raise ConfigurationError(f"{key}: name two Regions, written {CONTEXT_KEYS[key]}, not {len(names)}")
    fields[key] = tuple(names)


def _by_region(fields: dict[str, object], key: str, value: object) -> None:
    if isinstance(value, dict):
        fields[key] = value
        return
    pairs = [part.partition("=") for part in str(value).split(",")]
    if any(not separator for _, separator, _ in pairs):
        raise ConfigurationError(f"{key}: {value!r} is not written {CONTEXT_KEYS[key]}")
    fields[key] = {region.strip(): said.strip() for region, _, said in pairs}


def _alarm_email(fields: dict[str, object], key: str, value: object) -> None:
    fields["alarms"] = {"email": str(value)}


def _backup_keep_days(fields: dict[str, object], key: str, value: object) -> None:
    fields["backups"] = {"keep_days": value}


def _payload_retention_days(fields: dict[str, object], key: str, value: object) -> None:
    fields["payloads"] = {"retention_days": value}


def _port(fields: dict[str, object], key: str, value: object) -> None:
    endpoint = fields.get("endpoint")
    fields["endpoint"] = {**(endpoint if isinstance(endpoint, dict) else {}), "port": value}


def _as_json(fields: dict[str, object], key: str, value: object) -> None:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            raise ConfigurationError(f"{key}: {value!r} is not JSON; write {CONTEXT_KEYS[key]}") from None
    fields[key] = value


_READERS: Mapping[str, Callable[[dict[str, object], str, object], None]] = {
    "account": _text,
    "regions": _pair,
    "domain_name": _text,
    "hosted_zone_id": _text,
    "routing": _text,
    "weights": _by_region,
    "record_ttl_seconds": _text,
    "tenants": _as_json,
    "model_id": _text,
    "adoption": _text,
    "adoption_per_second": _text,
    "reserved_concurrency": _text,
    "customer_keys": _text,
    "ownership": _text,
    "witness": _text,
    "broadcast": _text,
    "alarm_email": _alarm_email,
    "payload_retention_days": _payload_retention_days,
    "archive": _as_json,
    "backup_keep_days": _backup_keep_days,
    "drills": _as_json,
    "bundle": _text,
    "port": _port,
    "endpoint_urls": _by_region,
    "health_addresses": _by_region,
    "control_endpoint_url": _text,
}

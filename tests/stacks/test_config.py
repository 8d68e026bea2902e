"""A configuration that cannot work says so in one sentence that names the field, before anything is deployed."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stacks.catalog import FUNCTIONS, EveryLane, function_named
from stacks.config import Configuration, partition_of
from stacks.environments import CONTEXT_KEYS, ConfigurationError, configuration_of
from stacks.sections import EndpointSettings, TimingSettings
from tests.stacks.variants import LOCAL, PRODUCTION

REGIONS = ["us-east-1", "us-east-2", "us-west-2", "eu-west-1", "ap-southeast-4", "us-gov-west-1", "cn-north-1"]

STRONG_ONLY = (
    "ownership: strong needs both Regions and the witness in one of these sets: us-east-1, us-east-2, us-west-2; "
    "eu-central-1, eu-west-1, eu-west-2, eu-west-3; ap-northeast-1, ap-northeast-2, ap-northeast-3; "
)

COMPLAINTS: list[tuple[dict[str, Any], str]] = [
    (
        {"witness": "us-east-2", "ownership": "eventual"},
        "witness: has no meaning while ownership is eventual; leave it out",
    ),
    ({"ownership": "strong"}, "witness: ownership is strong, so a third Region must be named"),
    (
        {"ownership": "strong", "witness": "us-west-2"},
        "witness: must be a third Region, us-west-2 is one of the two",
    ),
    (
        {"ownership": "strong", "witness": "eu-west-1"},
        STRONG_ONLY + "eu-west-1 and us-east-1 and us-west-2 are not. Choose eventual for any other pair",
    ),
    (
        {"control_endpoint_url": "http://127.0.3.1:4566"},
        "control_endpoint_url: is for the local cloud only, not for prod",
    ),
    ({"environment": "staging"}, "environment: 'staging' is none of local, dev, prod"),
    ({"regions": "us-east-1,us-east-1"}, "regions: the two Regions must differ, both are us-east-1"),
    ({"regions": "us-east-1"}, "regions: name two Regions, written us-east-1,us-west-2, not 1"),
    ({"regions": "us-east-1,mars"}, "regions: 'mars' is not the name of a Region, such as us-east-1"),
    (
        {"regions": "us-east-1,cn-north-1"},
        "regions: both Regions must lie in one partition, but us-east-1 is in aws and cn-north-1 in aws-cn",
    ),
    ({"domain_name": "Example"}, "domain_name: 'Example' is not a domain name in lower case, such as example.com"),
    (
        {"hosted_zone_id": "example.com"},
        "hosted_zone_id: String should match pattern '^Z[A-Z0-9]{1,31}$', but it is 'example.com'",
    ),
    ({"account": "12"}, r"account: String should match pattern '^\d{12}$', but it is '12'"),
    ({"routing": "any"}, "routing: Input should be 'failover', 'latency' or 'weighted', but it is 'any'"),
    ({"routing": "weighted"}, "weights: routing is weighted, so each Region needs a weight from 0 to 255"),
    (
        {"weights": "us-east-1=1,us-west-2=1"},
        "weights: have no meaning while routing is failover; leave them out",
    ),
    (
        {"routing": "weighted", "weights": "us-east-1=1,eu-west-1=1"},
        "weights: must name exactly us-east-1 and us-west-2, but names eu-west-1 and us-east-1",
    ),
    (
        {"routing": "weighted", "weights": "us-east-1=0,us-west-2=0"},
        "weights: with a weight of 0 in both Regions neither would get a request",
    ),
    (
        {"routing": "weighted", "weights": "us-east-1=256,us-west-2=0"},
        "weights.us-east-1: Input should be less than or equal to 255, but it is '256'",
    ),
    ({"routing": "weighted", "weights": "1,2"}, "weights: '1,2' is not written us-east-1=90,us-west-2=10"),
    (
        {"record_ttl_seconds": "soon"},
        "record_ttl_seconds: Input should be a valid integer, unable to parse string as an integer, but it is 'soon'",
    ),
    ({"tenants": "[]"}, "tenants: there must be at least one"),
    ({"tenants": "acme"}, f"tenants: 'acme' is not JSON; write {CONTEXT_KEYS['tenants']}"),
    (
        {"tenants": [{"name": "acme", "rate_per_second": 1, "burst": 1}] * 2},
        "tenants: each needs a name of its own, but there are two or more named acme",
    ),
    (
        {"tenants": [{"name": "acme", "rate_per_second": 0, "burst": 1}]},
        "tenants.0.rate_per_second: Input should be greater than 0, but it is 0",
    ),
    ({"tenants": [{"name": "acme", "burst": 1}]}, "tenants.0.rate_per_second: is not set"),
    (
        {"model_id": "eu.amazon.nova-lite-v1:0"},
        (
            "model_id: eu.amazon.nova-lite-v1:0 is an inference profile of geography 'eu', which cannot be called from "
            "us-east-1, us-west-2"
        ),
    ),
    ({"adoption": "maybe"}, "adoption: Input should be 'on' or 'off', but it is 'maybe'"),
    ({"reserved_concurrency": "some"}, "reserved_concurrency: Input should be 'on' or 'off', but it is 'some'"),
    (
        {"alarm_email": "me"},
        r"alarms.email: String should match pattern '^[^@\s]+@[^@\s]+\.[^@\s]+$', but it is 'me'",
    ),
    (
        {"endpoint_urls": "us-east-1=http://127.0.1.1:4566,us-west-2=http://127.0.2.1:4566"},
        "endpoint_urls: is for the local cloud only, not for prod",
    ),
    (
        {"health_addresses": "us-east-1=127.0.1.1:4566,us-west-2=127.0.2.1:4566"},
        "health_addresses: is for the local cloud only, not for prod",
    ),
    (
        {"endpoint_urls": "us-east-1=here,us-west-2=there"},
        "endpoint_urls: 'here' (for us-east-1) is not an address such as http://127.0.1.1:4566",
    ),
    (
        {"health_addresses": "us-east-1=127.0.1.1,us-west-2=127.0.2.1"},
        "health_addresses: '127.0.1.1' (for us-east-1) is not an address and port such as 127.0.1.1:4566",
    ),
    ({"regoins": "us-east-1,us-west-2"}, f"context: no key is named regoins; there are {', '.join(CONTEXT_KEYS)}"),
]


@pytest.mark.parametrize(("context", "complaint"), COMPLAINTS, ids=[complaint[:40] for _, complaint in COMPLAINTS])
def test_a_wrong_setting_is_named_in_a_sentence(context: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        configuration_of({**PRODUCTION, **context})
    assert str(refused.value) == complaint


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(ConfigurationError) as refused:
        configuration_of({"environment": "prod", "routing": "any"})
    fields = [line.partition(":")[0] for line in str(refused.value).splitlines()]
    assert fields == ["domain_name", "hosted_zone_id", "routing"]


@pytest.mark.parametrize("key", ["domain_name", "hosted_zone_id"])
def test_what_only_the_owner_can_know_has_no_default(key: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        configuration_of({name: value for name, value in PRODUCTION.items() if name != key})
    expected = f"{key}: is not set; pass it as `-c {key}={CONTEXT_KEYS[key]}` or set it in the context of cdk.json"
    assert str(refused.value) == expected


def test_the_cdk_s_own_context_is_let_through() -> None:
    own = {"aws:cdk:bundling-stacks": ["**"], "@aws-cdk/core:checkSecretUsage": True, "cdk-migrate": True}
    assert configuration_of({**PRODUCTION, **own}).environment == "prod"


@given(st.sampled_from(REGIONS), st.sampled_from(REGIONS))
def test_exactly_the_pairs_of_two_regions_of_one_partition_are_taken(first: str, second: str) -> None:
    context = {**PRODUCTION, "regions": f"{first},{second}", "model_id": "amazon.nova-lite-v1:0"}
    if first != second and partition_of(first) == partition_of(second):
        configuration = configuration_of(context)
        assert (configuration.peer_of(first), configuration.peer_of(second)) == (second, first)
    else:
        with pytest.raises(ConfigurationError, match=r"^regions: "):
            configuration_of(context)


def changed(context: dict[str, Any], **fields: Any) -> Configuration:
    """Return a configuration with some fields replaced, checked again."""
    return Configuration.model_validate({**configuration_of(context).model_dump(), **fields})


def test_a_lane_hides_messages_for_six_timeouts_of_its_worker() -> None:
    lanes = [lane.model_dump() for lane in configuration_of(PRODUCTION).lanes]
    worker = next(row for row in FUNCTIONS if isinstance(row.trigger, EveryLane))
    lanes[0]["visibility_seconds"] = 6 * worker.timeout_seconds
    changed(PRODUCTION, lanes=lanes)
    lanes[0]["visibility_seconds"] -= 1
    with pytest.raises(ValueError, match="lanes: visibility_seconds of critical must be at least 720"):
        changed(PRODUCTION, lanes=lanes)


def test_a_scheduled_function_has_time_to_finish_after_its_loop() -> None:
    timing = TimingSettings(loop_seconds=71)
    with pytest.raises(ValueError, match="loop_seconds of 71 leaves sweep_jobs no time to finish"):
        changed(PRODUCTION, timing=timing.model_dump())


def test_no_route_runs_longer_than_api_gateway_waits() -> None:
    with pytest.raises(ValueError, match="sizes: get_job may run 30 s, but API Gateway answers for it after 29 s"):
        changed(PRODUCTION, sizes={"get_job": {"memory_mb": 512, "timeout_seconds": 30}})


def test_a_size_can_be_given_to_a_function_that_exists_only() -> None:
    configuration = changed(PRODUCTION, sizes={"advance_jobs": {"memory_mb": 2048, "timeout_seconds": 100}})
    assert configuration.size_of(function_named("advance_jobs")).memory_mb == 2048
    with pytest.raises(ValueError, match="no function is named make_coffee"):
        changed(PRODUCTION, sizes={"make_coffee": {"memory_mb": 512, "timeout_seconds": 30}})


def test_one_late_heartbeat_is_not_a_lost_region() -> None:
    with pytest.raises(ValueError, match="peer_stale_seconds must be at least two heartbeats"):
        TimingSettings(heartbeat_seconds=5, peer_stale_seconds=9)


@pytest.mark.parametrize("field", ["deletion_protection", "point_in_time_recovery", "retain"])
def test_production_cannot_be_left_unprotected(field: str) -> None:
    protection = configuration_of(PRODUCTION).protection.model_dump()
    with pytest.raises(ValueError, match=f"protection: {field} must be on in prod"):
        changed(PRODUCTION, protection={**protection, field: False})


def test_production_cannot_be_left_without_backups() -> None:
    with pytest.raises(ValueError, match="backups: must be set in prod"):
        changed(PRODUCTION, backups=None)


def test_only_the_local_cloud_may_go_without_firewall_and_encryption() -> None:
    assert configuration_of(LOCAL).firewall is None
    with pytest.raises(ValueError, match="firewall: must be set in prod"):
        changed(PRODUCTION, firewall=None)
    with pytest.raises(ValueError, match="endpoint: scheme must be https in prod"):
        changed(PRODUCTION, endpoint={"scheme": "http"})


def test_logs_are_kept_for_a_number_of_days_that_cloudwatch_knows() -> None:
    protection = configuration_of(PRODUCTION).protection.model_dump()
    with pytest.raises(ValueError, match="not for 100"):
        changed(PRODUCTION, protection={**protection, "log_retention_days": 100})


@pytest.mark.parametrize(
    ("endpoint", "url"),
    [
        (EndpointSettings(), "https://h/v1/health"),
        (EndpointSettings(port=8443), "https://h:8443/v1/health"),
        (EndpointSettings(scheme="http", port=80), "http://h/v1/health"),
        (EndpointSettings(scheme="http", port=4566), "http://h:4566/v1/health"),
    ],
)
def test_an_address_names_its_port_only_where_it_must(endpoint: EndpointSettings, url: str) -> None:
    assert endpoint.url("h", endpoint.health_path) == url


def test_the_default_pair_has_leases_on_aws_and_any_other_pair_goes_by_the_verdict_alone() -> None:
    assert configuration_of(PRODUCTION).ownership == "strong"
    assert configuration_of(PRODUCTION).witness == "us-east-2"
    assert configuration_of({**PRODUCTION, "regions": "us-east-1,us-east-2"}).ownership == "eventual"
    assert configuration_of({**PRODUCTION, "ownership": "eventual"}).witness is None
    europe = {
        "regions": "eu-west-1,eu-central-1",
        "ownership": "strong",
        "witness": "eu-west-3",
        "model_id": "a.model-v1:0",
    }
    assert configuration_of({**PRODUCTION, **europe}).ownership == "strong"

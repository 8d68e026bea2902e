"""Route 53 is one for all Regions (shims/global_route53.py)."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from localstack.layout import GLOBAL
from tests.integration.emulator.processes import FIRST, SECOND, Emulators
from tests.integration.emulator.shim_proof import needs_its_shim


def health_check(**config: Any) -> dict[str, Any]:
    checked = {
        "Type": "HTTPS",
        "FullyQualifiedDomainName": "us-east-1.api.antipode.test",
        "ResourcePath": "/v1/health",
        "Port": 443,
        "RequestInterval": 10,
        "FailureThreshold": 3,
    }
    tags = [{"Key": "Name", "Value": "first"}]
    return {
        "Type": "AWS::Route53::HealthCheck",
        "Properties": {"HealthCheckConfig": checked | config, "HealthCheckTags": tags},
    }


def zone(name: str) -> dict[str, Any]:
    return {"Type": "AWS::Route53::HostedZone", "Properties": {"Name": name}}


def records(emulators: Emulators, zone_id: str, at: str = FIRST) -> dict[tuple[str, str], dict[str, Any]]:
    """The zone's own records, by name and set identifier, as the process at that place shows them."""
    listed = emulators.client("route53", at).list_resource_record_sets(HostedZoneId=zone_id)["ResourceRecordSets"]
    return {
        (record["Name"], record.get("SetIdentifier", "")): record
        for record in listed
        if record["Type"] not in ("SOA", "NS")
    }


@needs_its_shim
def test_what_one_region_writes_every_process_shows(either: Emulators) -> None:
    either.client("route53", FIRST).create_hosted_zone(Name="shown.test", CallerReference="shown")

    for place in (FIRST, SECOND, GLOBAL):
        at = either.client("route53", FIRST, at=place)
        assert "shown.test." in {each["Name"] for each in at.list_hosted_zones()["HostedZones"]}, place


@needs_its_shim
def test_stacks_of_both_regions_put_failover_records_into_one_zone(either: Emulators) -> None:
    first = either.deploy("names-first", {"Zone": zone("failover.test"), "Check": health_check()})
    zone_id, check_id = first["Zone"], first["Check"]

    def record(region: str, failover: str) -> dict[str, Any]:
        return {
            "Type": "AWS::Route53::RecordSet",
            "Properties": {
                "HostedZoneId": zone_id,
                "Name": "api.failover.test",
                "Type": "A",
                "SetIdentifier": region,
                "Failover": failover,
                "HealthCheckId": check_id,
                "AliasTarget": {
                    "DNSName": f"d-{region}.execute-api.{region}.amazonaws.com",
                    "HostedZoneId": "Z1UJRXOUMOOFQ8",
                    "EvaluateTargetHealth": False,
                },
            },
        }

    either.deploy("records-first", {"Record": record(FIRST, "PRIMARY")})
    either.deploy("records-second", {"Record": record(SECOND, "SECONDARY")}, region=SECOND)

    shown = records(either, zone_id, SECOND)
    assert shown == {
        ("api.failover.test.", region): {
            "Name": "api.failover.test.",
            "Type": "A",
            "SetIdentifier": region,
            "Failover": failover,
            "HealthCheckId": check_id,
            "AliasTarget": {
                "DNSName": f"d-{region}.execute-api.{region}.amazonaws.com.",
                "HostedZoneId": "Z1UJRXOUMOOFQ8",
                "EvaluateTargetHealth": False,
            },
        }
        for region, failover in ((FIRST, "PRIMARY"), (SECOND, "SECONDARY"))
    }


def test_weighted_and_latency_records_keep_what_tells_them_apart(cloud: Emulators) -> None:
    zone_id = cloud.deploy("modes-zone", {"Zone": zone("modes.test")}, region=SECOND)["Zone"]

    def record(name: str, **properties: Any) -> dict[str, Any]:
        values = {"HostedZoneId": zone_id, "Name": name, "Type": "A", "TTL": "60", "ResourceRecords": ["127.0.0.1"]}
        return {"Type": "AWS::Route53::RecordSet", "Properties": values | properties}

    first = {
        "Weighted": record("weighted.modes.test", SetIdentifier="one", Weight=70),
        "Latency": record("latency.modes.test", SetIdentifier="one", Region=FIRST),
    }
    cloud.deploy("modes", first)
    shown = records(cloud, zone_id, SECOND)
    assert shown["weighted.modes.test.", "one"]["Weight"] == 70
    assert shown["latency.modes.test.", "one"]["Region"] == FIRST

    cloud.deploy("modes", {"Weighted": record("weighted.modes.test", SetIdentifier="one", Weight=0)})
    shown = records(cloud, zone_id, SECOND)
    assert shown["weighted.modes.test.", "one"]["Weight"] == 0
    assert ("latency.modes.test.", "one") not in shown


@needs_its_shim
def test_a_health_check_is_made_changed_and_removed_with_its_stack(either: Emulators) -> None:
    check_id = either.deploy("checked", {"Check": health_check(Inverted=True), "Keep": zone("checked.test")})["Check"]
    route53 = either.client("route53", SECOND)
    made = route53.get_health_check(HealthCheckId=check_id)["HealthCheck"]["HealthCheckConfig"]
    assert made == health_check(Inverted=True)["Properties"]["HealthCheckConfig"]
    tags = route53.list_tags_for_resource(ResourceType="healthcheck", ResourceId=check_id)["ResourceTagSet"]["Tags"]
    assert tags == [{"Key": "Name", "Value": "first"}]

    changed = either.deploy("checked", {"Check": health_check(FailureThreshold=1), "Keep": zone("checked.test")})
    assert changed["Check"] == check_id
    assert route53.get_health_check(HealthCheckId=check_id)["HealthCheck"]["HealthCheckConfig"]["FailureThreshold"] == 1

    replaced = either.deploy("checked", {"Check": health_check(RequestInterval=30), "Keep": zone("checked.test")})
    assert replaced["Check"] != check_id

    either.deploy("checked", {"Keep": zone("checked.test")})
    for gone in (check_id, replaced["Check"]):
        with pytest.raises(ClientError, match="NoSuchHealthCheck"):
            route53.get_health_check(HealthCheckId=gone)


@needs_its_shim
def test_an_inverted_health_check_reads_back_as_inverted(either: Emulators) -> None:
    route53 = either.client("route53", FIRST)
    config = {"Type": "TCP", "IPAddress": "127.0.0.1", "Port": 4566, "RequestInterval": 10, "FailureThreshold": 3}
    check = route53.create_health_check(CallerReference="inverted", HealthCheckConfig=config)["HealthCheck"]

    route53.update_health_check(HealthCheckId=check["Id"], Inverted=True)
    shown = route53.get_health_check(HealthCheckId=check["Id"])["HealthCheck"]["HealthCheckConfig"]
    assert shown["Inverted"] is True

    route53.update_health_check(HealthCheckId=check["Id"], Inverted=False)
    shown = route53.get_health_check(HealthCheckId=check["Id"])["HealthCheck"]["HealthCheckConfig"]
    assert shown["Inverted"] is False

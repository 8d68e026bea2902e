"""Reads what is deployed from the process that plays Route 53."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from localstack.admin import admin_client
from localstack.naming.records import Deployed, RecordSet, domain_name, read_health_check, read_record_set

if TYPE_CHECKING:
    from mypy_boto3_route53 import Route53Client

CONTROL_PLANE_REGION = "us-east-1"


class NotReadable(Exception):
    """The process that plays Route 53 does not answer."""


class DeployedRoute53:
    def __init__(self, endpoint_url: str) -> None:
        self._client: Route53Client = admin_client("route53", CONTROL_PLANE_REGION, endpoint_url)

    def read(self) -> Deployed:
        try:
            zones = [zone for page in self._pages("list_hosted_zones") for zone in page["HostedZones"]]
            records: dict[tuple[str, str], tuple[RecordSet, ...]] = {}
            for zone in zones:
                for page in self._pages("list_resource_record_sets", HostedZoneId=zone["Id"]):
                    for raw in page["ResourceRecordSets"]:
                        record = read_record_set(raw)
                        records[record.name, record.type] = (*records.get((record.name, record.type), ()), record)
            checks = [
                read_health_check(raw) for page in self._pages("list_health_checks") for raw in page["HealthChecks"]
            ]
        except (BotoCoreError, ClientError) as error:
            raise NotReadable(str(error)) from error
        return Deployed(
            zones=tuple(domain_name(zone["Name"]) for zone in zones),
            records=records,
            checks={check.id: check for check in checks},
        )

    def _pages(self, operation: Any, **arguments: Any) -> Any:
        return self._client.get_paginator(operation).paginate(**arguments)

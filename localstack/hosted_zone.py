"""What the local cloud writes into Route 53 itself.

The zone, which a user on AWS has before the first deployment; and the tidying up after a Region that was lost together
with its stacks, which cannot happen on AWS: there a stack outlives its Region.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from localstack.admin import admin_client
from localstack.naming.records import domain_name, read_health_check
from localstack.naming.route53 import CONTROL_PLANE_REGION, NotReadable


class HostedZone:
    def __init__(self, url: str, domain: str, zone_id: str = "") -> None:
        self._route53 = admin_client("route53", CONTROL_PLANE_REGION, url)
        self._domain = domain
        self.id = zone_id

    def create(self) -> str:
        try:
            zone = self._route53.create_hosted_zone(Name=self._domain, CallerReference=self._domain)["HostedZone"]
        except (BotoCoreError, ClientError) as failure:
            raise NotReadable(f"the hosted zone {self._domain} cannot be created: {failure}") from failure
        self.id = str(zone["Id"]).rpartition("/")[2]
        return self.id

    def forget_region(self, region: str) -> None:
        """Delete the records that the lost stack of a Region made, so that its new stack can make them again."""
        own_name = domain_name(f"{region}.api.{self._domain}")
        for record in list(self._records()):
            if record["Name"] == own_name or record.get("SetIdentifier") == region:
                batch = {"Changes": [{"Action": "DELETE", "ResourceRecordSet": record}]}
                self._route53.change_resource_record_sets(HostedZoneId=self.id, ChangeBatch=batch)

    def retire_health_checks(self) -> None:
        """Delete the checks that no record uses any more."""
        pages = self._route53.get_paginator("list_health_checks").paginate()
        checks = [read_health_check(raw) for page in pages for raw in page["HealthChecks"]]
        used = {record.get("HealthCheckId") for record in self._records()}
        used |= {child for check in checks for child in check.children}
        for check in checks:
            if check.id not in used:
                self._route53.delete_health_check(HealthCheckId=check.id)

    def _records(self) -> Iterator[dict[str, Any]]:
        for page in self._route53.get_paginator("list_resource_record_sets").paginate(HostedZoneId=self.id):
            yield from page["ResourceRecordSets"]

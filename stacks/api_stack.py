"""What takes requests in one Region: the HTTP API with its checks, usage plans and firewall, and the names it has.

It finds the functions by their names, which never change. So a route can be added or mended without touching what
works, and a function is changed without its API.
"""

from aws_cdk.aws_route53 import HostedZone
from constructs import Construct

from stacks.catalog import FUNCTIONS
from stacks.config import Configuration
from stacks.constructs.alarms import Alarms, topic_by_name
from stacks.constructs.api import RegionalApi
from stacks.constructs.dns import RegionRecords
from stacks.constructs.firewall import Firewall
from stacks.constructs.tenants import Tenants
from stacks.part_stack import PartStack


class ApiStack(PartStack):
    """One Region's API and its share of the failover name."""

    def __init__(self, scope: Construct, construct_id: str, *, configuration: Configuration, region: str) -> None:
        super().__init__(
            scope,
            construct_id,
            configuration=configuration,
            region=region,
            description="Antipode: the API of one of the two Regions",
        )
        self._api = RegionalApi(self, "Api", configuration=configuration)
        for row in FUNCTIONS:
            if row.routes:
                self._api.serve(row)
        Tenants(self, "Tenants", configuration=configuration, api=self._api.rest)
        if configuration.firewall is not None:
            Firewall(
                self,
                "Firewall",
                prefix=configuration.prefix,
                settings=configuration.firewall,
                stage=self._api.rest.deployment_stage,
            )
        self._answer_to_names()
        alarms = Alarms(self, "ApiAlarms", configuration=configuration, topic=topic_by_name(self, configuration))
        alarms.watch_api(self._api.rest)
        self.output("ApiId", self._api.rest.rest_api_id)
        self.output("ApiUrl", self._api.rest.url_for_path("/v1"))

    def _answer_to_names(self) -> None:
        zone = HostedZone.from_hosted_zone_attributes(
            self,
            "Zone",
            hosted_zone_id=self.configuration.hosted_zone_id,
            zone_name=self.configuration.domain_name,
        )
        failover_name, own_name = self._api.answer_to_names(zone, self.own_region)
        records = RegionRecords(
            self,
            "Records",
            configuration=self.configuration,
            region=self.own_region,
            zone=zone,
            failover_name=failover_name,
            own_name=own_name,
        )
        self.output("RegionalDomainName", failover_name.domain_name_alias_domain_name)
        self.output("HealthCheckId", records.health_check.health_check_id)

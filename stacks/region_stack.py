"""All that one Region holds beside the table's replica. Both Regions are made by this one class, from the same code.

The stack refers to nothing outside its Region: it can be deployed, changed and deleted while the other Region is gone.
"""

from typing import assert_never

from aws_cdk import CfnOutput, Stack
from aws_cdk.aws_lambda import Code
from aws_cdk.aws_route53 import HostedZone
from constructs import Construct

from stacks.catalog import (
    FUNCTIONS,
    Authorizer,
    DeadLanes,
    Deliveries,
    Deployment,
    EveryLane,
    Route,
    Routes,
    Schedule,
    Stream,
    function_named,
)
from stacks.config import Configuration
from stacks.constructs.alarms import Alarms
from stacks.constructs.api import RegionalApi
from stacks.constructs.broadcast import Broadcast
from stacks.constructs.dns import RegionRecords
from stacks.constructs.firewall import Firewall
from stacks.constructs.function import CatalogFunction
from stacks.constructs.lanes import Lanes
from stacks.constructs.payloads import PayloadBucket, bucket_name
from stacks.constructs.permissions import Grants
from stacks.constructs.schedules import Schedules
from stacks.constructs.settings import settings_of
from stacks.constructs.tenants import Tenants


def camel(name: str) -> str:
    """Return a snake_case or kebab-case name as CloudFormation likes it."""
    return "".join(part.capitalize() for part in name.replace("-", "_").split("_"))


class RegionStack(Stack):
    """One Region."""

    def __init__(self, scope: Construct, construct_id: str, *, configuration: Configuration, region: str) -> None:
        super().__init__(
            scope,
            construct_id,
            stack_name=f"{configuration.prefix}-{region}",
            description="Antipode: one of the two Regions",
            env={"account": configuration.account, "region": region},
            analytics_reporting=False,
            termination_protection=configuration.protection.deletion_protection,
        )
        self._configuration = configuration
        self._region = region
        self._lanes = Lanes(self, "Lanes", configuration=configuration)
        self._payloads = PayloadBucket(self, "Payloads", configuration=configuration, region=region)
        self._broadcast = Broadcast(
            self,
            "Broadcast",
            configuration=configuration,
            timeout_seconds=configuration.size_of(function_named("deliver_webhooks")).timeout_seconds,
        )
        self._functions = self._make_functions()
        self._schedules = Schedules(self, "Schedules", configuration=configuration)
        self._api = RegionalApi(
            self, "Api", configuration=configuration, authorizer=self._functions["authorize_request"]
        )
        self._connect_triggers()
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
        self._raise_alarms()
        self._say_what_tools_need()

    def _make_functions(self) -> dict[str, CatalogFunction]:
        code = Code.from_asset(self._configuration.bundle)
        settings = settings_of(
            self._configuration,
            self._region,
            self.to_json_string(self._lanes.urls),
            lambda region: bucket_name(self._configuration, self.account, region),
            self._broadcast.deliveries.queue_url,
        )
        grants = Grants(self, self._configuration, self._region, self._lanes.queues)
        return {
            row.name: CatalogFunction(
                self,
                camel(row.name),
                row=row,
                configuration=self._configuration,
                code=code,
                settings=settings,
                grants=grants,
            )
            for row in FUNCTIONS
        }

    def _connect_triggers(self) -> None:
        for function in self._functions.values():
            trigger = function.row.trigger
            match trigger:
                case Route() | Routes():
                    self._api.serve(function)
                case EveryLane():
                    function.read_lanes(self._lanes)
                case DeadLanes():
                    function.read_dead_letters(self._lanes)
                case Schedule():
                    self._schedules.start(function, trigger)
                case Stream():
                    self._broadcast.tell_by(function, self._functions["find_stream"], self._region)
                case Deliveries():
                    self._broadcast.deliver_by(function)
                case Authorizer() | Deployment():
                    pass  # the API has it from the start; the broadcast asks for it
                case _:
                    assert_never(trigger)

    def _answer_to_names(self) -> None:
        zone = HostedZone.from_hosted_zone_attributes(
            self,
            "Zone",
            hosted_zone_id=self._configuration.hosted_zone_id,
            zone_name=self._configuration.domain_name,
        )
        failover_name, own_name = self._api.answer_to_names(zone, self._region)
        records = RegionRecords(
            self,
            "Records",
            configuration=self._configuration,
            region=self._region,
            zone=zone,
            failover_name=failover_name,
            own_name=own_name,
        )
        self._output("RegionalDomainName", failover_name.domain_name_alias_domain_name)
        self._output("HealthCheckId", records.health_check.health_check_id)

    def _raise_alarms(self) -> None:
        alarms = Alarms(self, "Alarms", configuration=self._configuration)
        for lane in self._lanes.each:
            alarms.watch_lane(lane)
        alarms.watch_dead_letters("schedules-dead-letters", self._schedules.dead_letters)
        alarms.watch_dead_letters("broadcast-dead-letters", self._broadcast.dead_letters)
        alarms.watch_dead_letters("webhooks-dead-letters", self._broadcast.unreadable)
        for function in self._functions.values():
            alarms.watch_function(function)
        alarms.watch_api(self._api.rest)
        alarms.watch_sentinel(self._functions[function_named("watch_regions").name])
        self._output("AlarmTopicArn", alarms.topic.topic_arn)

    def _say_what_tools_need(self) -> None:
        self._output("ApiId", self._api.rest.rest_api_id)
        self._output("ApiUrl", self._api.rest.url_for_path("/v1"))
        self._output("TableName", self._configuration.table_name)
        self._output("PayloadBucket", self._payloads.bucket.bucket_name)
        for lane in self._lanes.each:
            self._output(f"QueueUrl{camel(lane.settings.name)}", lane.queue.queue_url)
            self._output(f"DeadQueueUrl{camel(lane.settings.name)}", lane.dead_letters.queue_url)
        for function in self._functions.values():
            self._output(f"Function{camel(function.row.name)}", function.function.function_name)

    def _output(self, name: str, value: str) -> None:
        CfnOutput(self, f"Output{name}", value=value).override_logical_id(name)

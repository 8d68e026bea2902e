"""How clients find a Region: a health check on this Region's own name, and this Region's share of the failover name.

Nothing here is edited to fail over: Route 53's data plane does it alone. The failover name is a CNAME and no alias,
since an alias to API Gateway always lives for 60 s in resolvers, and a CNAME as long as we say.
"""

from typing import assert_never

from aws_cdk import Duration
from aws_cdk.aws_apigateway import DomainName
from aws_cdk.aws_route53 import (
    ARecord,
    CnameRecord,
    Failover,
    HealthCheck,
    HealthCheckType,
    IHostedZone,
    RecordTarget,
)
from aws_cdk.aws_route53_targets import ApiGatewayDomain
from constructs import Construct

from stacks.config import Configuration


class RegionRecords(Construct):
    """The health check and both records of one Region."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        configuration: Configuration,
        region: str,
        zone: IHostedZone,
        failover_name: DomainName,
        own_name: DomainName,
    ) -> None:
        super().__init__(scope, name)
        endpoint = configuration.endpoint
        encrypted = endpoint.scheme == "https"
        ARecord(
            self,
            "Own",
            zone=zone,
            record_name=f"{configuration.name_of_region(region)}.",
            target=RecordTarget.from_alias(ApiGatewayDomain(own_name)),
        )
        self.health_check = HealthCheck(
            self,
            "HealthCheck",
            type=HealthCheckType.HTTPS if encrypted else HealthCheckType.HTTP,
            enable_sni=True if encrypted else None,  # API Gateway knows a custom domain by it
            fqdn=configuration.name_of_region(region),
            port=endpoint.port,
            resource_path=endpoint.health_path,
            request_interval=Duration.seconds(configuration.health_check.interval_seconds),
            failure_threshold=configuration.health_check.failure_threshold,
        )
        self._share_of_failover_name(configuration, region, zone, failover_name)

    def _share_of_failover_name(
        self, configuration: Configuration, region: str, zone: IHostedZone, name: DomainName
    ) -> None:
        failover: Failover | None = None
        latency_region: str | None = None
        weight: int | None = None
        match configuration.routing:
            case "failover":
                failover = Failover.PRIMARY if region == configuration.regions.first else Failover.SECONDARY
            case "latency":
                latency_region = region
            case "weighted":
                weight = configuration.weights[region]
            case _:
                assert_never(configuration.routing)
        CnameRecord(
            self,
            "Failover",
            zone=zone,
            record_name=f"{configuration.failover_name}.",
            domain_name=name.domain_name_alias_domain_name,
            ttl=Duration.seconds(configuration.record_ttl_seconds),
            set_identifier=region,
            health_check=self.health_check,
            failover=failover,
            region=latency_region,
            weight=weight,
        )

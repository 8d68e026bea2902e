"""One Region's HTTP API: routes, authorizer, checks, access log and the two names under which it answers."""

import json
import os
import re
from collections.abc import Sequence
from fnmatch import fnmatchcase

from aws_cdk import Aws, Duration, RemovalPolicy, Stack
from aws_cdk.aws_apigateway import (
    AccessLogFormat,
    ApiKeySourceType,
    AuthorizationType,
    AwsIntegration,
    DomainName,
    EndpointConfiguration,
    EndpointType,
    IdentitySource,
    LogGroupLogDestination,
    MethodLoggingLevel,
    RequestAuthorizer,
    RestApi,
    SecurityPolicy,
    StageOptions,
)
from aws_cdk.aws_certificatemanager import Certificate, CertificateValidation
from aws_cdk.aws_iam import ServicePrincipal
from aws_cdk.aws_lambda import Function, IFunction
from aws_cdk.aws_route53 import IHostedZone
from constructs import Construct

from stacks.catalog import FUNCTIONS, Authorizer, FunctionRow, Route
from stacks.config import Configuration
from stacks.constructs.acknowledged import acknowledge
from stacks.constructs.function import LIVE
from stacks.constructs.gateway_responses import answer_in_problem_details
from stacks.constructs.logs import log_group
from stacks.constructs.request_model import RequestChecks, parameters
from stacks.naming import camel

#: For how long a token's answer is kept. A revoked token works for as long as this.
AUTHORIZATION_LASTS = Duration.seconds(300)

_ACCESS_LOG = {
    "request_id": "$context.requestId",
    "tenant": "$context.authorizer.tenant",
    "method": "$context.httpMethod",
    "route": "$context.resourcePath",
    "path": "$context.path",
    "host": "$context.domainName",
    "status": "$context.status",
    "milliseconds": "$context.responseLatency",
    "function_milliseconds": "$context.integrationLatency",
    "bytes": "$context.responseLength",
    "refused_because": "$context.error.responseType",
    "address": "$context.identity.sourceIp",
    "agent": "$context.identity.userAgent",
}


def callable_as(row: FunctionRow) -> Sequence[tuple[str, str]]:
    """Return (method, path) patterns that name the routes of a function and of no other: one for all, if one can."""
    each = [(route.method, re.sub(r"\{\w+\}", "*", route.path)) for route in row.routes]
    methods, paths = {method for method, _ in each}, {path for _, path in each}
    shared = os.path.commonprefix(sorted(paths))  # noqa: RUF071  # letters are what a pattern compares
    path = paths.pop() if len(paths) == 1 else shared + "*"
    method = methods.pop() if len(methods) == 1 else "*"
    others = [route for other in FUNCTIONS if other is not row for route in other.routes]
    if any(fnmatchcase(f"{other.method} {other.path}", f"{method} {path}") for other in others):
        return each
    return [(method, path)]


def authorizer() -> FunctionRow:
    """Return the one function that turns tokens into tenants."""
    return next(row for row in FUNCTIONS if isinstance(row.trigger, Authorizer))


class RegionalApi(Construct):
    """The REST API with stage `live`."""

    def __init__(self, scope: Construct, name: str, *, configuration: Configuration) -> None:
        super().__init__(scope, name)
        self._configuration = configuration
        removal = RemovalPolicy.RETAIN if configuration.protection.retain else RemovalPolicy.DESTROY
        access_log = log_group(
            self, "AccessLog", name=f"/antipode/{configuration.environment}/access", configuration=configuration
        )
        self.rest = RestApi(
            self,
            "Rest",
            rest_api_name=configuration.prefix,
            description="Durable agent jobs in two Regions",
            endpoint_configuration=EndpointConfiguration(types=[EndpointType.REGIONAL]),
            api_key_source_type=ApiKeySourceType.AUTHORIZER,
            cloud_watch_role=True,
            cloud_watch_role_removal_policy=removal,
            deploy_options=StageOptions(
                stage_name=LIVE,
                access_log_destination=LogGroupLogDestination(access_log),
                access_log_format=AccessLogFormat.custom(json.dumps(_ACCESS_LOG)),
                logging_level=MethodLoggingLevel.ERROR,
                metrics_enabled=True,
                throttling_rate_limit=configuration.throttle.rate_per_second,
                throttling_burst_limit=configuration.throttle.burst,
            ),
        )
        self._checks = RequestChecks(self, "Checks", api=self.rest)
        self._authorizer = RequestAuthorizer(
            self,
            "Authorizer",
            handler=self._live("Tokens", authorizer()),
            authorizer_name=f"{configuration.prefix}-tokens",
            identity_sources=[IdentitySource.header("Authorization")],
            results_cache_ttl=AUTHORIZATION_LASTS,
        )
        answer_in_problem_details(self.rest)
        self._acknowledge()

    def _acknowledge(self) -> None:
        acknowledge(
            self.rest,
            "COG4",
            "Bearer tokens are kept, hashed, in the global table and checked by a function: a Cognito user pool lives "
            "in one Region and would be lost with it.",
        )
        acknowledge(
            self.rest,
            "IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs]",
            "API Gateway's own logging role, one per account and Region; AWS prescribes this policy for it.",
        )
        if self._configuration.firewall is None:
            acknowledge(self.rest, "APIG3", "The local cloud's emulator keeps a web ACL but never asks it.")

    def _live(self, construct_id: str, row: FunctionRow) -> IFunction:
        """Return a function's alias `live` by its name: it is in a stack of its own, which stays free to change."""
        stack = Stack.of(self)
        name = f"{self._configuration.function_name(row)}:{LIVE}"
        arn = f"arn:{Aws.PARTITION}:lambda:{stack.region}:{stack.account}:function:{name}"
        return Function.from_function_attributes(self, construct_id, function_arn=arn, same_environment=True)

    def serve(self, row: FunctionRow) -> None:
        """Answer the routes of a function by it, and let this API call it for them.

        LambdaIntegration would make a permission for each route, and a stack holds 500 resources.
        """
        live = self._live(camel(row.name), row)
        answers = AwsIntegration(
            service="lambda", proxy=True, path=f"2015-03-31/functions/{live.function_arn}/invocations"
        )
        for route in row.routes:
            self._serve(route, answers)
        stage = self.rest.deployment_stage.stage_name
        for number, (method, path) in enumerate(callable_as(row)):
            source = self.rest.arn_for_execute_api(method, path, stage)
            live.add_permission(
                f"Api{number}", principal=ServicePrincipal("apigateway.amazonaws.com"), source_arn=source
            )

    def _serve(self, route: Route, live: AwsIntegration) -> None:
        public = route.scope is None
        method = self.rest.root.resource_for_path(route.path).add_method(
            route.method,
            live,
            api_key_required=not public,
            authorization_type=AuthorizationType.NONE if public else AuthorizationType.CUSTOM,
            authorizer=None if public else self._authorizer,
            request_parameters=parameters(route.method, route.path),
            request_models=self._checks.models(route.method, route.path),
            request_validator=self._checks.validator(route.method),
        )
        if public:
            acknowledge(
                method,
                "APIG4",
                "Asked without a token, by Route 53 and the peer or by whoever writes a client; it tells no secret.",
            )

    def answer_to_names(self, zone: IHostedZone, region: str) -> tuple[DomainName, DomainName]:
        """Answer under the failover name and under the Region's own; return both, in this order."""
        failover, own = self._configuration.failover_name, self._configuration.name_of_region(region)
        certificate = Certificate(
            self,
            "Certificate",
            domain_name=failover,
            subject_alternative_names=[own],
            validation=CertificateValidation.from_dns(zone),
        )
        return self._name("FailoverName", failover, certificate), self._name("OwnName", own, certificate)

    def _name(self, construct_id: str, name: str, certificate: Certificate) -> DomainName:
        return DomainName(
            self,
            construct_id,
            domain_name=name,
            certificate=certificate,
            endpoint_type=EndpointType.REGIONAL,
            security_policy=SecurityPolicy.TLS_1_2,
            mapping=self.rest,
        )

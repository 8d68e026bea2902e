"""A small installation on AWS as moto has it: three functions, lanes, mappings, health checks, books in two Regions."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from localstack.drills.on_aws.deployed import Clients, Deployed
from localstack.drills.on_aws.desk import Desk

FIRST, SECOND = "us-east-1", "us-west-2"
ACCOUNT = "123456789012"
PREFIX = "antipode-prod"
FUNCTIONS = ("advance-jobs", "submit-job", "watch-regions")
LANE_POLICY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Tls",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "sqs:*",
                "Resource": "*",
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }
        ],
    }
)


def deployed(region: str = SECOND, **changes: Any) -> Deployed:
    """As the Region sees it from which drills of the first are played."""
    regions = (FIRST, SECOND)
    usual = {
        "environment": "prod",
        "prefix": PREFIX,
        "region": region,
        "regions": regions,
        "accounts": (ACCOUNT,),
        "functions": tuple(f"{PREFIX}-{name}" for name in FUNCTIONS),
        "readers": (f"{PREFIX}-advance-jobs",),
        "lanes": (f"{PREFIX}-standard", f"{PREFIX}-batch"),
        "table": PREFIX,
        "api_url": "https://api.example.com/v1",
        "region_api_urls": {each: f"https://{each}.api.example.com/v1" for each in regions},
        "health_names": {each: f"{each}.api.example.com" for each in regions},
        "token_parameter": "/antipode/prod/drill-token",
        "reports": f"{PREFIX}-drills",
        "limit_seconds": 1200,
        "experiments": True,
    }
    return Deployed.model_validate({**usual, **changes})


class Died(BaseException):
    """The process is gone: nothing catches it."""


@dataclass(slots=True)
class MortalClients(Clients):
    """Clients of a process that dies right after its call number `dies_after`, if one is said."""

    calls: int = 0
    dies_after: int | None = None
    told: list[str] = field(default_factory=list)

    def get(self, service: str, region: str) -> Any:
        """See Clients. No `super()`: a dataclass with slots is another class than the one written here."""
        return _Mortal(Clients.get(self, service, region), self)

    def count(self, name: str) -> None:
        """A call was answered."""
        self.calls += 1
        self.told.append(name)
        if self.calls == self.dies_after:
            raise Died(name)


@dataclass
class _Mortal:
    real: Any
    clients: MortalClients

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.real, name)
        if name == "get_paginator":
            return lambda operation: _Mortal(found(operation), self.clients)

        def call(*arguments: Any, **options: Any) -> Any:
            answer = found(*arguments, **options)
            answer = list(answer) if name == "paginate" else answer
            self.clients.count(name)
            return answer

        return call


@dataclass
class WellRegions:
    """Two Regions as a preflight sees them."""

    complaint: str | None = None
    alike: bool = True

    def unwell(self) -> str | None:
        """See RegionsSeen."""
        return self.complaint

    def settle(self, _seconds: float) -> bool:
        """See RegionsSeen."""
        return self.alike


@dataclass
class Clock:
    """Virtual time."""

    at: float = 1_000_000.0

    def __call__(self) -> float:
        return self.at


def desk(clock: Callable[[], float], clients: Clients | None = None, region: str = SECOND, **changes: Any) -> Desk:
    """The desk of a process of its own."""
    here = deployed(region, **changes)
    made = Desk(here, clients or Clients(here), clock)
    regions: Any = WellRegions()
    object.__setattr__(made.preflight, "seen", regions)
    return made


def install(clients: Clients) -> None:
    """Make all that a drill looks at, in both Regions."""
    for region in (FIRST, SECOND):
        clients.get("dynamodb", region).create_table(
            TableName=f"{PREFIX}-drills",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        _functions(clients, region)
        _lanes(clients, region)
        clients.get("route53", region).create_health_check(
            CallerReference=region,
            HealthCheckConfig={"Type": "HTTPS", "FullyQualifiedDomainName": f"{region}.api.example.com", "Port": 443},
        )


def _functions(clients: Clients, region: str) -> None:
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("code.py", "def handle(event, context): ...")
    client = clients.get("lambda", region)
    iam = clients.get("iam", region)
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    role = iam.create_role(RoleName=f"role-{region}", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    for name in FUNCTIONS:
        client.create_function(
            FunctionName=f"{PREFIX}-{name}",
            Runtime="python3.13",
            Role=role,
            Handler="code.handle",
            Code={"ZipFile": code.getvalue()},
            Publish=True,
        )
        client.create_alias(FunctionName=f"{PREFIX}-{name}", Name="live", FunctionVersion="1")
    client.put_function_concurrency(FunctionName=f"{PREFIX}-advance-jobs", ReservedConcurrentExecutions=35)


def _lanes(clients: Clients, region: str) -> None:
    client = clients.get("sqs", region)
    for name, attributes in ((f"{PREFIX}-standard", {"Policy": LANE_POLICY}), (f"{PREFIX}-batch", {})):
        url = client.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        arn = client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        clients.get("lambda", region).create_event_source_mapping(
            EventSourceArn=arn, FunctionName=f"{PREFIX}-advance-jobs:live", Enabled=name.endswith("standard")
        )


def seen_in(region: str, clients: Clients | None = None) -> dict[str, Any]:
    """All that a drill could have changed there, as it is now."""
    clients = clients or Clients(deployed())
    functions, queues, route53 = (clients.get(service, region) for service in ("lambda", "sqs", "route53"))
    state: dict[str, Any] = {}
    (reader,) = deployed().readers
    for row in functions.list_event_source_mappings(FunctionName=f"{reader}:live")["EventSourceMappings"]:
        state[row["UUID"]] = row["State"]
    for name in deployed().functions:
        state[name] = functions.get_function_concurrency(FunctionName=name).get("ReservedConcurrentExecutions")
    for name in deployed().lanes:
        url = queues.get_queue_url(QueueName=name)["QueueUrl"]
        got = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"]).get("Attributes", {})
        state[url] = json.loads(got.get("Policy") or "null")
    for row in route53.list_health_checks()["HealthChecks"]:
        if row["HealthCheckConfig"]["FullyQualifiedDomainName"].startswith(region):
            state[row["Id"]] = row["HealthCheckConfig"].get("Inverted", False)
    return state

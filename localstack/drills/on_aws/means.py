"""How each kind of change is found, made and put back on AWS. Putting back is safe at any time, any number of times.

Nothing here deletes or creates anything: each means sets one value, and sets it back to what it was.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from localstack.drills.on_aws.changes import Before, Change, Kind
from localstack.drills.on_aws.deployed import Clients, Deployed
from localstack.drills.on_aws.refusals import Code, NotYetRestored, Refused
from stacks.naming import DRILL_TAG, FAULT_TAG

#: The statement that closes a lane.
DENIAL = "AntipodeDrill"
#: What nobody may do with a closed lane. Its depth cannot be read either, so that the Region's health check sees it.
DENIED = (
    "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:ReceiveMessage",
    "sqs:SendMessage",
)
#: What a template's tag says of it, for each kind of change.
FAULTS = {Kind.EXPERIMENT: "pause-replication", Kind.ERRORS: "fail-workers", Kind.DELAYS: "delay-workers"}
#: Experiments in these states do nothing any more.
OVER = frozenset({"completed", "stopped", "failed", "cancelled"})


class Means(Protocol):
    """One kind of change."""

    def found(self, region: str) -> Sequence[str]:
        """What of this kind is in the Region. Raises Refused where nothing is, or not what must be there."""

    def look(self, region: str, resource: str) -> Before:
        """How it is now. Raises Refused where it is just being changed."""

    def change(self, change: Change, drill_id: str) -> None:
        """Break it."""

    def put_back(self, change: Change, drill_id: str) -> None:
        """Make it as it was before."""

    def is_back(self, change: Change, drill_id: str) -> bool:
        """Whether it is as it was before."""


@dataclass(frozen=True, slots=True)
class Mappings:
    """Event source mappings, disabled: no lane is read any more. A batch that is being worked on is finished."""

    deployed: Deployed
    clients: Clients

    def found(self, region: str) -> Sequence[str]:
        """See Means."""
        pages = self.clients.get("lambda", region).get_paginator("list_event_source_mappings")
        rows = [
            row["UUID"]
            for name in self.deployed.readers
            for page in pages.paginate(FunctionName=f"{name}:live")
            for row in page["EventSourceMappings"]
        ]
        if not rows:
            raise Refused(Code.NOT_AS_EXPECTED, f"there is no event source mapping in {region}")
        return rows

    def look(self, region: str, resource: str) -> Before:
        """See Means."""
        state = self._state(region, resource)
        if state not in ("Enabled", "Disabled"):
            raise Refused(Code.DEPLOY_UNDER_WAY, f"event source mapping {resource} in {region} is {state}")
        return state == "Enabled"

    def change(self, change: Change, drill_id: str) -> None:
        """See Means."""
        self._set(change, enabled=False)

    def put_back(self, change: Change, drill_id: str) -> None:
        """See Means. One that is still going off cannot be turned on: then it has to be tried again."""
        state = self._state(change.region, change.resource)
        if not _is(state, bool(change.before)):
            if state not in ("Enabled", "Disabled"):
                raise NotYetRestored(f"{change.told()} is {state}")
            self._set(change, enabled=bool(change.before))

    def is_back(self, change: Change, drill_id: str) -> bool:
        """See Means. On its way is enough: Lambda finishes it by itself."""
        return _is(self._state(change.region, change.resource), bool(change.before))

    def _state(self, region: str, uuid: str) -> str:
        return str(self.clients.get("lambda", region).get_event_source_mapping(UUID=uuid)["State"])

    def _set(self, change: Change, *, enabled: bool) -> None:
        client = self.clients.get("lambda", change.region)
        client.update_event_source_mapping(UUID=change.resource, Enabled=enabled)


def _is(state: str, enabled: bool) -> bool:
    return state in (("Enabled", "Enabling") if enabled else ("Disabled", "Disabling"))


@dataclass(frozen=True, slots=True)
class _OneValue(ABC):
    """What is read and set as one value at once: it is back when it reads as before."""

    deployed: Deployed
    clients: Clients

    @abstractmethod
    def look(self, region: str, resource: str) -> Before:
        """See Means."""

    @abstractmethod
    def _set(self, change: Change, value: Before) -> None:
        """Set what is changed to this value."""

    def put_back(self, change: Change, drill_id: str) -> None:
        """See Means."""
        if not self.is_back(change, drill_id):
            self._set(change, change.before)

    def is_back(self, change: Change, drill_id: str) -> bool:
        """See Means."""
        return self.look(change.region, change.resource) == change.before


@dataclass(frozen=True, slots=True)
class Concurrency(_OneValue):
    """Reserved concurrency 0: a function is started no more. What runs is finished."""

    def found(self, region: str) -> Sequence[str]:
        """See Means."""
        return self.deployed.functions

    def look(self, region: str, resource: str) -> Before:
        """See Means. None where nothing is reserved."""
        answer = self.clients.get("lambda", region).get_function_concurrency(FunctionName=resource)
        reserved: int | None = answer.get("ReservedConcurrentExecutions")
        return reserved

    def change(self, change: Change, drill_id: str) -> None:
        """See Means."""
        self._set(change, 0)

    def _set(self, change: Change, value: Before) -> None:
        client, reserved = self.clients.get("lambda", change.region), value
        assert reserved is None or isinstance(reserved, int)
        if reserved is None:
            client.delete_function_concurrency(FunctionName=change.resource)
        else:
            client.put_function_concurrency(FunctionName=change.resource, ReservedConcurrentExecutions=reserved)


@dataclass(frozen=True, slots=True)
class QueuePolicies(_OneValue):
    """A statement in a lane's policy that denies its use to everyone but those who put it back."""

    def found(self, region: str) -> Sequence[str]:
        """See Means."""
        client = self.clients.get("sqs", region)
        return [client.get_queue_url(QueueName=name)["QueueUrl"] for name in self.deployed.lanes]

    def look(self, region: str, resource: str) -> Before:
        """See Means."""
        client = self.clients.get("sqs", region)
        found = client.get_queue_attributes(QueueUrl=resource, AttributeNames=["Policy"])
        return str(found.get("Attributes", {}).get("Policy", ""))

    def change(self, change: Change, drill_id: str) -> None:
        """See Means."""
        policy: dict[str, Any] = json.loads(str(change.before) or '{"Version": "2012-10-17", "Statement": []}')
        policy["Statement"] = [*policy["Statement"], self._denial(change)]
        self._set(change, json.dumps(policy))

    def is_back(self, change: Change, drill_id: str) -> bool:
        """See Means."""
        return _policy(str(self.look(change.region, change.resource))) == _policy(str(change.before))

    def _denial(self, change: Change) -> Mapping[str, Any]:
        client = self.clients.get("sqs", change.region)
        asked = client.get_queue_attributes(QueueUrl=change.resource, AttributeNames=["QueueArn"])
        arn: str = asked["Attributes"]["QueueArn"]
        partition, account = arn.split(":")[1], arn.split(":")[4]
        exempt = f"arn:{partition}:iam::{account}:role/{self.deployed.prefix}-drill-*"
        return {
            "Sid": DENIAL,
            "Effect": "Deny",
            "Principal": "*",
            "Action": list(DENIED),
            "Resource": arn,
            "Condition": {"ArnNotLike": {"aws:PrincipalArn": exempt}},
        }

    def _set(self, change: Change, value: Before) -> None:
        client = self.clients.get("sqs", change.region)
        client.set_queue_attributes(QueueUrl=change.resource, Attributes={"Policy": str(value)})


def _policy(text: str) -> object:
    """SQS may write a policy down in other words than it was given."""
    return json.loads(text) if text else None


@dataclass(frozen=True, slots=True)
class HealthChecks(_OneValue):
    """The Region's health check, inverted: Route 53 leads clients elsewhere although the Region is well."""

    def found(self, region: str) -> Sequence[str]:
        """See Means."""
        name = self.deployed.health_names[region]
        pages = self.clients.get("route53", region).get_paginator("list_health_checks").paginate()
        ids = [
            row["Id"]
            for page in pages
            for row in page["HealthChecks"]
            if row["HealthCheckConfig"].get("FullyQualifiedDomainName") == name
        ]
        if len(ids) != 1:
            raise Refused(Code.NOT_AS_EXPECTED, f"{len(ids)} health checks ask {name}, not one")
        return ids

    def look(self, region: str, resource: str) -> Before:
        """See Means."""
        found = self.clients.get("route53", region).get_health_check(HealthCheckId=resource)
        return bool(found["HealthCheck"]["HealthCheckConfig"].get("Inverted", False))

    def change(self, change: Change, drill_id: str) -> None:
        """See Means."""
        self._set(change, not change.before)

    def _set(self, change: Change, value: Before) -> None:
        client = self.clients.get("route53", change.region)
        client.update_health_check(HealthCheckId=change.resource, Inverted=bool(value))


@dataclass(frozen=True, slots=True)
class Experiments:
    """An experiment of FIS, from the template that the Region's stack made for the drill. It ends by itself, too."""

    deployed: Deployed
    clients: Clients
    kind: Kind = Kind.EXPERIMENT

    def found(self, region: str) -> Sequence[str]:
        """See Means. The template is known by its tags."""
        if not self.deployed.experiments:
            raise Refused(Code.NO_MEANS, "experiments of FIS are not deployed")
        if self.kind is not Kind.EXPERIMENT and not self.deployed.function_faults:
            raise Refused(Code.NO_MEANS, "the workers have no extension of FIS: function_faults is off in `drills`")
        pages = self.clients.get("fis", region).get_paginator("list_experiment_templates").paginate()
        wanted = {DRILL_TAG: self.deployed.prefix, FAULT_TAG: FAULTS[self.kind]}
        rows = [row for page in pages for row in page["experimentTemplates"]]
        ids = [row["id"] for row in rows if wanted.items() <= row.get("tags", {}).items()]
        if len(ids) != 1:
            raise Refused(Code.NOT_AS_EXPECTED, f"{len(ids)} experiment templates in {region} are tagged, not one")
        return ids

    def look(self, region: str, resource: str) -> Before:
        """See Means. None: there is nothing to go back to but that no experiment runs."""
        if running := self._running(region, resource):
            raise Refused(Code.DRILL_UNDER_WAY, f"experiment {running[0]['id']} runs in {region}")
        return None

    def change(self, change: Change, drill_id: str) -> None:
        """See Means. The token makes a second start the same experiment."""
        client = self.clients.get("fis", change.region)
        client.start_experiment(clientToken=drill_id, experimentTemplateId=change.resource, tags={DRILL_TAG: drill_id})

    def put_back(self, change: Change, drill_id: str) -> None:
        """See Means. Stops what was started, whether or not its start was heard of."""
        for row in self._of_drill(change, drill_id):
            if row["state"]["status"] != "stopping":
                self.clients.get("fis", change.region).stop_experiment(id=row["id"])

    def is_back(self, change: Change, drill_id: str) -> bool:
        """See Means."""
        return not self._of_drill(change, drill_id)

    def _of_drill(self, change: Change, drill_id: str) -> list[Any]:
        rows = self._running(change.region, change.resource)
        return [row for row in rows if row.get("tags", {}).get(DRILL_TAG) == drill_id]

    def _running(self, region: str, template: str) -> list[Any]:
        pages = self.clients.get("fis", region).get_paginator("list_experiments")
        rows = (row for page in pages.paginate(experimentTemplateId=template) for row in page["experiments"])
        return [row for row in rows if row["state"]["status"] not in OVER]


def all_means(deployed: Deployed, clients: Clients) -> Mapping[Kind, Means]:
    """Return the means of each kind of change."""
    return {
        Kind.MAPPING: Mappings(deployed, clients),
        Kind.CONCURRENCY: Concurrency(deployed, clients),
        Kind.QUEUE_POLICY: QueuePolicies(deployed, clients),
        Kind.HEALTH_CHECK: HealthChecks(deployed, clients),
        **{kind: Experiments(deployed, clients, kind) for kind in FAULTS},
    }

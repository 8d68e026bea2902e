"""Turns the permissions of the catalogue into IAM statements, none wider than its name.

The keys of the state table begin with what they are about (`JOB#`, `TOKEN#`, `REGION#`, `SWEEP#`, `SWITCH#` ...),
so a role can be held to its kind of item. No statement holds a wildcard in a table's or a queue's name.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, assert_never

from aws_cdk import Aws, Stack
from aws_cdk.aws_iam import IRole, PolicyStatement

from stacks.catalog import Permission
from stacks.config import Configuration
from stacks.constructs.acknowledged import acknowledge
from stacks.constructs.lanes import queue_name
from stacks.constructs.payloads import HISTORIES, KEPT, UPLOADS, bucket_name

#: Those that are about the control table.
LeasePermission: TypeAlias = Literal[Permission.READS_LEASES, Permission.KEEPS_LEASES]
#: Those that are about objects in the buckets, and about the copies of them that the peer is owed.
ObjectPermission: TypeAlias = Literal[
    Permission.READS_ARCHIVE,
    Permission.KEEPS_ARCHIVE,
    Permission.ARCHIVES_JOBS,
    Permission.READS_PLACES_OF_PEER,
    Permission.KEEPS_PAYLOADS,
    Permission.READS_PAYLOADS,
    Permission.READS_UPLOADS,
    Permission.OPENS_UPLOADS,
    Permission.OWES_COPIES,
    Permission.SETTLES_COPIES,
]
#: Those that are about telling the world of jobs' events.
EventPermission: TypeAlias = Literal[
    Permission.FINDS_STREAM,
    Permission.READS_OPENINGS,
    Permission.PUBLISHES_EVENTS,
    Permission.READS_WEBHOOKS,
    Permission.KNOWS_WEBHOOKS,
    Permission.SETS_WEBHOOKS,
    Permission.READS_ENDPOINTS,
    Permission.NOTES_ENDPOINTS,
    Permission.SENDS_DELIVERIES,
    Permission.LISTS_UNDELIVERED,
]
_OF_LEASES = (Permission.READS_LEASES, Permission.KEEPS_LEASES)
#: What can be read of a webhook without its secrets (functions/adapters/dynamodb_webhooks.py asks for these).
KNOWN_OF_WEBHOOKS = ["pk", "sk", "at", "standing"]
#: What the name of the queue of webhooks' deliveries ends with.
DELIVERIES = "-webhooks"
DUE_INDEX = "due"
LISTING_INDEX = "listing"


@dataclass(frozen=True, slots=True)
class Grants:
    """What the functions of one Region can be given access to."""

    stack: Stack
    configuration: Configuration
    region: str

    def give(self, role: IRole, permissions: Sequence[Permission]) -> None:
        """Add the statements of `permissions` to a function's role."""
        for permission in permissions:
            if permission in _OF_LEASES and self.configuration.ownership == "eventual":
                continue  # there is no table that it would be about
            role.add_to_principal_policy(self._statement(permission))
        if Permission.INVOKES_MODEL in permissions and self.configuration.model_geography is not None:
            _, models = self._model_arns()
            acknowledge(
                role,
                f"IAM5[Resource::{_as_printed(models)}]",
                "An inference profile sends a request to whichever Region of its geography has room.",
            )
        for objects in sorted({arn for permission in permissions for arn in self._objects(permission)}):
            reason = "Payloads and old histories are named by their content, which nobody knows in advance."
            acknowledge(role, f"IAM5[Resource::{_as_printed(objects)}]", reason)

    def _statement(self, permission: Permission) -> PolicyStatement:
        match permission:
            case Permission.READS_TOKENS:
                return self._on_items("TOKEN#*", "GetItem")
            case Permission.READS_JOBS:
                return self._on_items("JOB#*", "Query")
            case Permission.APPENDS_JOBS:
                return self._on_items("JOB#*", "PutItem")
            case Permission.COPIES_JOBS_TO_PEER:
                peer = self.configuration.peer_of(self.region)
                return self._on_items("JOB#*", "PutItem", "GetItem", region=peer)
            case Permission.READS_JOBS_OF_PEER:
                return self._on_items("JOB#*", "Query", region=self.configuration.peer_of(self.region))
            case Permission.READS_SWITCHES:
                return self._on_items("SWITCH#*", "Query")
            case Permission.SETS_SWITCHES:
                return self._on_items("SWITCH#*", "PutItem", both=True)
            case Permission.READS_DEAD_LETTERS:
                return self._on_items("DEAD#*", "Query")
            case Permission.SETTLES_DEAD_LETTERS:
                return self._on_items("DEAD#*", "PutItem", both=True)
            case Permission.READS_SCHEDULES | Permission.FIRES_SCHEDULES:
                operation = "Query" if permission is Permission.READS_SCHEDULES else "PutItem"
                return self._on_items("SCHEDULE#*", operation)
            case Permission.SETS_SCHEDULES:
                return self._on_items("SCHEDULE#*", "PutItem", both=True)
            case Permission.READS_SCHEDULES_OF_PEER:
                return self._on_items("SCHEDULE#*", "Query", region=self.configuration.peer_of(self.region))
            case Permission.LISTS_JOBS:
                return PolicyStatement(actions=["dynamodb:Query"], resources=[self._index(LISTING_INDEX)])
            case Permission.FINDS_DUE_JOBS:
                return PolicyStatement(actions=["dynamodb:Query"], resources=[self._index(DUE_INDEX)])
            case Permission.READS_REGIONS | Permission.WRITES_REGIONS | Permission.SETS_STANDINGS:
                return self._of_regions(permission)
            case Permission.READS_STANDINGS | Permission.READS_STANDINGS_OF_PEER:
                return self._of_regions(permission)
            case Permission.KEEPS_LIMITS:
                return self._on_items("LIMIT#*", "DeleteItem", "GetItem", "PutItem", "Query", "UpdateItem")
            case Permission.READS_FLOW:
                return self._on_items("FLOW#*", "Query")
            case Permission.COUNTS_FLOW:
                return self._on_items("FLOW#*", "UpdateItem")
            case Permission.SAMPLES_LANES:
                return self._on_items("FLOW#*", "PutItem")
            case Permission.KEEPS_CURSORS:
                return self._on_items("SWEEP#*", "GetItem", "PutItem")
            case Permission.SENDS_TO_LANES:
                return PolicyStatement(actions=["sqs:SendMessage"], resources=self._lanes_of(self.region))
            case Permission.SENDS_TO_PEER_LANES:
                lanes = self._lanes_of(self.configuration.peer_of(self.region))
                return PolicyStatement(actions=["sqs:GetQueueUrl", "sqs:SendMessage"], resources=lanes)
            case Permission.READS_LANE_DEPTHS:
                return PolicyStatement(actions=["sqs:GetQueueAttributes"], resources=self._lanes_of(self.region))
            case Permission.INVOKES_MODEL:
                return PolicyStatement(actions=["bedrock:InvokeModel"], resources=list(self._model_arns()))
            case Permission.FINDS_PAYLOADS:
                return PolicyStatement(actions=["s3:ListBucket"], resources=[self._bucket(each) for each in self._both])
            case _:
                return self._elsewhere(permission)

    def _elsewhere(self, permission: LeasePermission | ObjectPermission | EventPermission) -> PolicyStatement:
        match permission:
            case Permission.READS_LEASES | Permission.KEEPS_LEASES:
                operation = "GetItem" if permission is Permission.READS_LEASES else "PutItem"
                return self._on_items("LEASE#*", operation, table=self.configuration.control_table_name)
            case Permission.OWES_COPIES:
                return self._on_items("COPY#*", "PutItem")
            case Permission.SETTLES_COPIES:
                return self._on_items("COPY#*", "DeleteItem", "Query")
            case Permission.ARCHIVES_JOBS:
                return self._on_items("JOB#*", "DeleteItem", "PutItem")
            case Permission.READS_PLACES_OF_PEER:
                return self._on_items("JOB#*", "GetItem", region=self.configuration.peer_of(self.region))
            case Permission.KEEPS_PAYLOADS | Permission.KEEPS_ARCHIVE:
                actions = ["s3:GetObject", "s3:PutObject"]
            case Permission.READS_ARCHIVE | Permission.READS_PAYLOADS | Permission.READS_UPLOADS:
                actions = ["s3:GetObject"]
            case Permission.OPENS_UPLOADS:
                actions = ["s3:PutObject"]
            case _:
                return self._about_events(permission)
        return PolicyStatement(actions=actions, resources=self._objects(permission))

    def _about_events(self, permission: EventPermission) -> PolicyStatement:
        """Return what those may do that tell the world of jobs' events."""
        match permission:
            case Permission.FINDS_STREAM:
                return PolicyStatement(actions=["dynamodb:DescribeTable"], resources=[self._table(self.region)])
            case Permission.READS_OPENINGS:
                return self._on_items("JOB#*", "GetItem")
            case Permission.PUBLISHES_EVENTS:
                return PolicyStatement(actions=["events:PutEvents"], resources=[self._named("events", "event-bus/")])
            case Permission.READS_WEBHOOKS:
                return self._on_items("WEBHOOK#*", "Query")
            case Permission.KNOWS_WEBHOOKS:
                statement = self._on_items("WEBHOOK#*", "Query")
                statement.add_condition("ForAllValues:StringEquals", {"dynamodb:Attributes": KNOWN_OF_WEBHOOKS})
                statement.add_condition("StringEqualsIfExists", {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"})
                return statement
            case Permission.SETS_WEBHOOKS:
                return self._on_items("WEBHOOK#*", "PutItem", both=True)
            case Permission.READS_ENDPOINTS:
                return self._on_items("ENDPOINT#*", "Query")
            case Permission.NOTES_ENDPOINTS:
                return self._on_items("ENDPOINT#*", "PutItem")
            case Permission.SENDS_DELIVERIES:
                queue = self._named("sqs") + DELIVERIES
                return PolicyStatement(actions=["sqs:SendMessage"], resources=[queue])
            case Permission.LISTS_UNDELIVERED:
                return self._on_items("DEAD#*", "PutItem")
            case _:
                assert_never(permission)

    def _objects(self, permission: Permission) -> list[str]:
        """Return the objects of which a permission speaks."""
        match permission:
            case Permission.KEEPS_PAYLOADS | Permission.READS_PAYLOADS:
                return [f"{self._bucket(region)}/{KEPT}/*" for region in self._both]
            case Permission.KEEPS_ARCHIVE | Permission.READS_ARCHIVE:
                return [f"{self._bucket(region)}/{HISTORIES}/*" for region in self._both]
            case Permission.READS_UPLOADS:
                return [f"{self._bucket(region)}/{UPLOADS}/*" for region in self._both]
            case Permission.OPENS_UPLOADS:
                return [f"{self._bucket(self.region)}/{UPLOADS}/*"]
            case _:
                return []

    @property
    def _both(self) -> tuple[str, str]:
        return self.region, self.configuration.peer_of(self.region)

    def _bucket(self, region: str) -> str:
        return f"arn:{Aws.PARTITION}:s3:::{bucket_name(self.configuration, self.stack.account, region)}"

    def _lanes_of(self, region: str) -> list[str]:
        """A Region's lanes, spelt out as its replica is: a reference would tie stacks to one another."""
        names = (queue_name(self.configuration.prefix, lane) for lane in self.configuration.lanes)
        return [f"arn:{Aws.PARTITION}:sqs:{region}:{self.stack.account}:{name}" for name in names]

    def _of_regions(self, permission: Permission) -> PolicyStatement:
        """Return the statement of one that is about what lies of the Regions."""
        operation = {
            Permission.READS_REGIONS: "GetItem",
            Permission.WRITES_REGIONS: "PutItem",
            Permission.SETS_STANDINGS: "PutItem",
        }.get(permission, "Query")
        peer = self.configuration.peer_of(self.region) if permission is Permission.READS_STANDINGS_OF_PEER else None
        return self._on_items("REGION#*", operation, region=peer, both=permission is Permission.SETS_STANDINGS)

    def _on_items(
        self, keys: str, *operations: str, region: str | None = None, both: bool = False, table: str | None = None
    ) -> PolicyStatement:
        return PolicyStatement(
            actions=[f"dynamodb:{operation}" for operation in operations],
            resources=[self._table(each, table) for each in (self._both if both else (region or self.region,))],
            conditions={"ForAllValues:StringLike": {"dynamodb:LeadingKeys": [keys]}},
        )

    def _table(self, region: str, name: str | None = None) -> str:
        """The replica's ARN, spelt out: a reference would tie the Regions' stacks to one another."""
        name = name or self.configuration.table_name
        return f"arn:{Aws.PARTITION}:dynamodb:{region}:{self.stack.account}:table/{name}"

    def _named(self, service: str, kind: str = "") -> str:
        """Return the ARN of what bears this installation's name in this Region."""
        return f"arn:{Aws.PARTITION}:{service}:{self.region}:{self.stack.account}:{kind}{self.configuration.prefix}"

    def _index(self, name: str) -> str:
        return f"{self._table(self.region)}/index/{name}"

    def _model_arns(self) -> tuple[str, ...]:
        model = self.configuration.model_id
        if self.configuration.model_geography is None:
            return (f"arn:{Aws.PARTITION}:bedrock:{self.region}::foundation-model/{model}",)
        _, _, plain = model.partition(".")
        profile = f"arn:{Aws.PARTITION}:bedrock:{self.region}:{self.stack.account}:inference-profile/{model}"
        return profile, f"arn:{Aws.PARTITION}:bedrock:*::foundation-model/{plain}"


def _as_printed(arn: str) -> str:
    """Return an ARN as cdk-nag prints it."""
    return arn.replace(Aws.PARTITION, "<AWS::Partition>").replace(Aws.ACCOUNT_ID, "<AWS::AccountId>")

"""What state table and control table have in common: how they are paid for, encrypted, protected, replicated.

In one place, so that neither can be protected less than the other.
"""

from typing import TypedDict

from aws_cdk import RemovalPolicy
from aws_cdk.aws_dynamodb import (
    Billing,
    PointInTimeRecoverySpecification,
    ReplicaTableProps,
    TableEncryptionV2,
)
from constructs import Construct

from stacks.config import Configuration
from stacks.constructs.keys import encryption_of_table, own_key


class Protected(TypedDict):
    """Arguments of TableV2."""

    billing: Billing
    encryption: TableEncryptionV2
    deletion_protection: bool
    point_in_time_recovery_specification: PointInTimeRecoverySpecification
    removal_policy: RemovalPolicy
    replicas: list[ReplicaTableProps]


def protected(scope: Construct, configuration: Configuration) -> Protected:
    """Return the arguments of a table in the first Region with a replica in the second."""
    protection = configuration.protection
    return Protected(
        billing=Billing.on_demand(),
        encryption=encryption_of_table(own_key(scope, configuration), configuration),
        deletion_protection=protection.deletion_protection,
        point_in_time_recovery_specification=PointInTimeRecoverySpecification(
            point_in_time_recovery_enabled=protection.point_in_time_recovery
        ),
        removal_policy=RemovalPolicy.RETAIN if protection.retain else RemovalPolicy.DESTROY,
        replicas=[ReplicaTableProps(region=configuration.regions.second)],
    )

"""The state: one DynamoDB global table with a replica in each Region. Deployed once, from the first Region.

A stack of its own, so that nothing done to the functions, ever, can replace or delete it.
"""

from aws_cdk import Stack
from aws_cdk.aws_dynamodb import (
    Attribute,
    AttributeType,
    GlobalSecondaryIndexPropsV2,
    ProjectionType,
    StreamViewType,
    TableV2,
)
from constructs import Construct

from stacks.config import Configuration
from stacks.constructs.permissions import DUE_INDEX, LISTING_INDEX
from stacks.constructs.protected_table import protected


def _text(name: str) -> Attribute:
    return Attribute(name=name, type=AttributeType.STRING)


def _sparse_index(name: str, key_prefix: str) -> GlobalSecondaryIndexPropsV2:
    """An index of keys only, and of those items only that have its attributes: an entry is a write in each Region."""
    return GlobalSecondaryIndexPropsV2(
        index_name=name,
        partition_key=_text(f"{key_prefix}_pk"),
        sort_key=_text(f"{key_prefix}_sk"),
        projection_type=ProjectionType.KEYS_ONLY,
    )


class DataStack(Stack):
    """The global table. Its replicas are named, never referenced, by the Regions' stacks."""

    def __init__(self, scope: Construct, construct_id: str, *, configuration: Configuration) -> None:
        super().__init__(
            scope,
            construct_id,
            stack_name=f"{configuration.prefix}-data",
            description="Antipode: the jobs' histories, in both Regions",
            env={"account": configuration.account, "region": configuration.regions.first},
            analytics_reporting=False,
            termination_protection=configuration.protection.deletion_protection,
        )
        TableV2(
            self,
            "State",
            table_name=configuration.table_name,
            partition_key=_text("pk"),
            sort_key=_text("sk"),
            global_secondary_indexes=[_sparse_index(DUE_INDEX, "due"), _sparse_index(LISTING_INDEX, "list")],
            time_to_live_attribute="ttl",
            dynamo_stream=StreamViewType.NEW_AND_OLD_IMAGES,
            **protected(self, configuration),
        )

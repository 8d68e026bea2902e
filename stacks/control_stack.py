"""The control table: the Regions' ownership leases, strongly consistent across both, with a witness in a third.

A stack of its own: a table can only be made strong while it is empty, and not be changed afterwards. It is there in
installations with `ownership: strong` alone; `stacks/config.py` has checked that the three Regions can have it. No time
to live, no local index, no transaction: such a table has none.
"""

from aws_cdk import Stack
from aws_cdk.aws_dynamodb import (
    Attribute,
    AttributeType,
    MultiRegionConsistency,
    TableV2,
)
from constructs import Construct

from stacks.config import Configuration
from stacks.constructs.protected_table import protected


class ControlStack(Stack):
    """The control table. Its replicas are named, never referenced, by the Regions' stacks."""

    def __init__(self, scope: Construct, construct_id: str, *, configuration: Configuration) -> None:
        super().__init__(
            scope,
            construct_id,
            stack_name=f"{configuration.prefix}-control",
            description="Antipode: the Regions' ownership leases",
            env={"account": configuration.account, "region": configuration.regions.first},
            analytics_reporting=False,
            termination_protection=configuration.protection.deletion_protection,
        )
        TableV2(
            self,
            "Leases",
            table_name=configuration.control_table_name,
            partition_key=Attribute(name="pk", type=AttributeType.STRING),
            multi_region_consistency=MultiRegionConsistency.STRONG,
            witness_region=configuration.witness,
            **protected(self, configuration),
        )

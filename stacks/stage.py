"""The whole of one environment: the table, and the same Region twice."""

from aws_cdk import Stage, Tags
from constructs import Construct

from stacks.config import Configuration
from stacks.data_stack import DataStack
from stacks.region_stack import RegionStack


class AntipodeStage(Stage):
    """One environment. Both Regions wait for the table, and for nothing of each other."""

    def __init__(self, scope: Construct, *, configuration: Configuration) -> None:
        super().__init__(scope, configuration.environment)
        self.data = DataStack(self, "data", configuration=configuration)
        self.regions = {
            region: RegionStack(self, region, configuration=configuration, region=region)
            for region in configuration.regions
        }
        for stack in self.regions.values():
            stack.add_stack_dependency(self.data, "the table's replicas must exist before a function looks for one")
        Tags.of(self).add("antipode:environment", configuration.environment)

"""The whole of one environment: the keys, the tables, and the same Region twice."""

import itertools
from collections.abc import Mapping
from typing import Any

from aws_cdk import App, Stack, Stage, Tags
from constructs import Construct

from stacks.api_stack import ApiStack
from stacks.config import Configuration
from stacks.control_stack import ControlStack
from stacks.data_stack import DataStack
from stacks.drills_stack import DrillsStack
from stacks.keys_stack import KeysStack
from stacks.naming import drills_of, keys_of, stacks_of
from stacks.part_stack import PartStack
from stacks.region_stack import RegionStack
from stacks.requests_stack import RequestsStack

#: How the CDK is to behave where it has changed its mind. Here and not in cdk.json, so that an app that was not started
#: by the CDK's command line writes the same templates.
FEATURE_FLAGS: Mapping[str, object] = {
    "@aws-cdk/aws-apigateway:requestValidatorUniqueId": True,
    "@aws-cdk/aws-iam:importedRoleStackSafeDefaultPolicyName": True,
    "@aws-cdk/aws-iam:minimizePolicies": True,
    "@aws-cdk/aws-lambda:createNewPoliciesWithAddToRolePolicy": True,
    "@aws-cdk/aws-lambda:recognizeLayerVersion": True,
    "@aws-cdk/aws-lambda:recognizeVersionProps": True,
    "@aws-cdk/core:checkSecretUsage": True,
    "@aws-cdk/core:validateSnapshotRemovalPolicy": True,
}


def new_app(
    outdir: str | None = None, context: Mapping[str, Any] | None = None, *, validated: bool | None = None
) -> App:
    """Return an app with our feature flags. Context from the command line comes on top.

    `validated`: whether the CDK looks at the templates with rules of its own, which takes longer than to write them.
    Where nothing is said, it does unless `CDK_VALIDATION` is false.
    """
    return App(
        outdir=outdir, context={**FEATURE_FLAGS, **(context or {})}, builtin_cloud_formation_validation=validated
    )


class AntipodeStage(Stage):
    """One environment. Both Regions wait for the table, and for nothing of each other."""

    def __init__(self, scope: Construct, *, configuration: Configuration) -> None:
        super().__init__(scope, configuration.environment)
        self.keys = self._keys_of_both(configuration)
        self.data = DataStack(self, "data", configuration=configuration)
        self.control: ControlStack | None = None
        if configuration.ownership == "strong":
            self.control = ControlStack(self, "control", configuration=configuration)
        tables: tuple[Stack, ...] = (self.data,) if self.control is None else (self.data, self.control)
        for table in tables:
            for keys in self.keys:
                table.add_stack_dependency(keys, "its replicas are encrypted by the keys of their Regions")
        self.regions = {region: self._parts_of(region, configuration) for region in configuration.regions}
        self.drills = self._drills(configuration)
        Tags.of(self).add("antipode:environment", configuration.environment)

    def _drills(self, configuration: Configuration) -> tuple[DrillsStack, ...]:
        """Make what plays drills, each after the Region that it is in: it speaks to the alarms' topic there."""
        settings = configuration.drills
        if settings is None:
            return ()
        made = []
        for region, parts in self.regions.items():
            name = drills_of(region)
            stack = DrillsStack(self, name, configuration=configuration, settings=settings, region=region)
            stack.add_stack_dependency(parts[-1], "it names what is in the others, which must exist")
            made.append(stack)
        return tuple(made)

    def _keys_of_both(self, configuration: Configuration) -> tuple[KeysStack, ...]:
        if configuration.customer_keys == "off":
            return ()
        return tuple(
            KeysStack(self, keys_of(region), configuration=configuration, region=region)
            for region in configuration.regions
        )

    def _parts_of(self, region: str, configuration: Configuration) -> tuple[PartStack, ...]:
        """Make a Region's stacks, each to be deployed after what it finds by name."""
        kinds: tuple[type[RegionStack | RequestsStack | ApiStack], ...] = (RegionStack, RequestsStack, ApiStack)
        parts = tuple(
            kind(self, name, configuration=configuration, region=region)
            for kind, name in zip(kinds, stacks_of(region), strict=True)
        )
        parts[0].add_stack_dependency(self.data, "the table's replicas must exist before a function looks for one")
        if self.control is not None:
            parts[0].add_stack_dependency(self.control, "a Region without a lease starts nothing")
        for before, after in itertools.pairwise(parts):
            after.add_stack_dependency(before, "it names what is in the other, which must exist")
        return parts

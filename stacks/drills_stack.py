"""What plays drills from one Region, on the other one. It is there only where drills are configured, and apart.

Nothing of the system refers to it, so it can be deployed and deleted at any time; its functions have code and roles of
their own, so that nothing that serves jobs may break anything. Both Regions have one: each watches over its own book.
"""

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk.aws_dynamodb import Attribute, AttributeType, Billing, TableEncryptionV2, TableV2
from aws_cdk.aws_s3 import BlockPublicAccess, Bucket, BucketEncryption, LifecycleRule, ObjectOwnership
from constructs import Construct

from stacks.config import Configuration
from stacks.constructs.acknowledged import acknowledge
from stacks.constructs.drill_experiments import DrillExperiments
from stacks.constructs.drill_functions import DrillFunctions
from stacks.constructs.drill_machine import DrillMachine
from stacks.drill_settings import reports_bucket
from stacks.naming import drills_named
from stacks.sections import DrillSettings

#: How long reports are kept: a year, and then the next one to compare with.
REPORT_DAYS = 400


class DrillsStack(Stack):
    """Book, reports, functions, state machine and watchdog of one Region."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        configuration: Configuration,
        settings: DrillSettings,
        region: str,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            stack_name=f"{configuration.prefix}-{construct_id}",
            description="Antipode: plays drills from one Region on the other",
            env={"account": configuration.account, "region": region},
            analytics_reporting=False,
        )
        self._book(configuration)
        self._reports(configuration, region)
        functions = DrillFunctions(self, "Functions", configuration=configuration, region=region)
        DrillMachine(
            self, "Machine", configuration=configuration, settings=settings, functions=functions, region=region
        )
        if configuration.environment != "local":  # the local cloud has no FIS
            DrillExperiments(self, "Experiments", configuration=configuration, settings=settings, region=region)

    def _book(self, configuration: Configuration) -> None:
        TableV2(
            self,
            "Book",
            table_name=drills_named(configuration.prefix),
            partition_key=Attribute(name="pk", type=AttributeType.STRING),
            billing=Billing.on_demand(),
            encryption=TableEncryptionV2.dynamo_owned_key(),
            removal_policy=RemovalPolicy.DESTROY,
        )

    def _reports(self, configuration: Configuration, region: str) -> None:
        bucket = Bucket(
            self,
            "Reports",
            bucket_name=reports_bucket(configuration, self.account, region),
            encryption=BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            block_public_access=BlockPublicAccess.BLOCK_ALL,
            object_ownership=ObjectOwnership.BUCKET_OWNER_ENFORCED,
            lifecycle_rules=[LifecycleRule(id="reports", expiration=Duration.days(REPORT_DAYS))],
            removal_policy=RemovalPolicy.RETAIN if configuration.protection.retain else RemovalPolicy.DESTROY,
        )
        acknowledge(bucket, "S1", "It holds what drills measured, of synthetic jobs alone, a few objects a month.")

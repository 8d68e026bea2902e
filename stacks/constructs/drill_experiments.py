"""The experiment of FIS that pauses replication out of and into this Region, for a drill that is played from the other.

An experiment's stop conditions have to be alarms of the Region that it is started in: FIS takes others when a template
is made and refuses them when it is started. It ends by itself: FIS writes its end into the policy by which it pauses.
"""

from aws_cdk import Aws
from aws_cdk.aws_fis import CfnExperimentTemplate
from aws_cdk.aws_iam import PolicyStatement, Role, ServicePrincipal
from constructs import Construct

from stacks.config import Configuration
from stacks.constructs.drill_permissions import give
from stacks.sections import DrillSettings

#: By this tag a drill finds its template (localstack/drills/on_aws/means.py).
TAG = "antipode-drill"
PAUSE = "aws:dynamodb:global-table-pause-replication"
#: Alarms of the Region whose replication is paused: it has to go on serving meanwhile.
STOP_ALARMS = ("api-server-errors", "heartbeat-missing")
#: It is stopped by the drill long before. A replica that is cut off for 20 hours would be one for ever.
LASTS_MINUTES = 14


class DrillExperiments(Construct):
    """The template and the role of FIS."""

    def __init__(
        self, scope: Construct, name: str, *, configuration: Configuration, settings: DrillSettings, region: str
    ) -> None:
        super().__init__(scope, name)
        table = f"arn:{Aws.PARTITION}:dynamodb:{region}:{Aws.ACCOUNT_ID}:table/{configuration.table_name}"
        alarms = f"arn:{Aws.PARTITION}:cloudwatch:{region}:{Aws.ACCOUNT_ID}:alarm:{configuration.prefix}-"
        CfnExperimentTemplate(
            self,
            "PausesReplication",
            description="Antipode: replication of the state table is paused, for a drill",
            role_arn=self._role(configuration, table, region).role_arn,
            targets={
                "table": CfnExperimentTemplate.ExperimentTemplateTargetProperty(
                    resource_type="aws:dynamodb:global-table", resource_arns=[table], selection_mode="ALL"
                )
            },
            actions={
                "pause": CfnExperimentTemplate.ExperimentTemplateActionProperty(
                    action_id=PAUSE,
                    parameters={"duration": f"PT{min(LASTS_MINUTES, settings.limit_minutes)}M"},
                    targets={"Tables": "table"},
                )
            },
            stop_conditions=[
                CfnExperimentTemplate.ExperimentTemplateStopConditionProperty(
                    source="aws:cloudwatch:alarm", value=f"{alarms}{alarm}"
                )
                for alarm in STOP_ALARMS
            ],
            tags={TAG: configuration.prefix, "Name": f"{configuration.prefix}-pause-replication"},
        )

    def _role(self, configuration: Configuration, table: str, region: str) -> Role:
        role = Role(
            self,
            "Role",
            role_name=f"{configuration.prefix}-drill-fis-{region}",
            description="Pauses replication of the state table for a drill",
            assumed_by=ServicePrincipal(
                "fis.amazonaws.com",
                conditions={
                    "StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID},
                    "ArnLike": {"aws:SourceArn": f"arn:{Aws.PARTITION}:fis:{region}:{Aws.ACCOUNT_ID}:experiment/*"},
                },
            ),
        )
        policies = ("GetResourcePolicy", "PutResourcePolicy", "DeleteResourcePolicy")
        give(
            role,
            [
                PolicyStatement(
                    actions=["dynamodb:DescribeTable", *(f"dynamodb:{action}" for action in policies)],
                    resources=[table, f"{table}/stream/*"],
                ),
                PolicyStatement(actions=["tag:GetResources"], resources=["*"]),
            ],
        )
        return role

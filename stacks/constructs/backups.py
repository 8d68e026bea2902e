"""One Region's backups of its replica: one a day into a vault of its own, and a copy of each in the peer's vault.

Beside point-in-time recovery, which knows 35 days and ends with its table. Both Regions do the same, so that either
goes on by itself when the other is gone; neither refers to the other but by the name of its vault.
"""

from aws_cdk import Aws, Duration, RemovalPolicy
from aws_cdk.aws_backup import (
    BackupPlan,
    BackupPlanCopyActionProps,
    BackupPlanRule,
    BackupResource,
    BackupVault,
    IBackupVault,
)
from aws_cdk.aws_events import EventPattern, Rule, Schedule
from aws_cdk.aws_events_targets import SnsTopic
from aws_cdk.aws_iam import ManagedPolicy, Role, ServicePrincipal
from aws_cdk.aws_kms import Key
from aws_cdk.aws_sns import ITopic
from constructs import Construct

from stacks.config import Configuration
from stacks.constructs.acknowledged import acknowledge
from stacks.sections import BackupSettings

_POLICIES = ("AWSBackupServiceRolePolicyForBackup", "AWSBackupServiceRolePolicyForRestores")


def role_name(configuration: Configuration, region: str) -> str:
    """Return the name of the role that makes a Region's backups, and by which `antipode restore` restores them."""
    return f"{configuration.table_name}-backups-{region}"


class Backups(Construct):
    """The vault, its key, the daily plan, and who is told when one fails."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        configuration: Configuration,
        settings: BackupSettings,
        region: str,
        topic: ITopic,
    ) -> None:
        super().__init__(scope, name)
        self._configuration = configuration
        self._table = f"arn:{Aws.PARTITION}:dynamodb:{region}:{Aws.ACCOUNT_ID}:table/{configuration.table_name}"
        removal = RemovalPolicy.RETAIN if configuration.protection.retain else RemovalPolicy.DESTROY
        vault = BackupVault(
            self,
            "Vault",
            backup_vault_name=configuration.prefix,
            encryption_key=Key(
                self,
                "Key",
                description="Antipode: the backups of this Region",
                enable_key_rotation=True,
                removal_policy=removal,
            ),
            removal_policy=removal,
        )
        self._plan(vault, settings, region)
        self._tell(topic)

    def _plan(self, vault: IBackupVault, settings: BackupSettings, region: str) -> None:
        peer = self._configuration.peer_of(region)
        arn = f"arn:{Aws.PARTITION}:backup:{peer}:{Aws.ACCOUNT_ID}:backup-vault:{self._configuration.prefix}"
        kept = Duration.days(settings.keep_days)
        copy = BackupPlanCopyActionProps(
            destination_backup_vault=BackupVault.from_backup_vault_arn(self, "PeerVault", arn), delete_after=kept
        )
        daily = BackupPlanRule(
            rule_name="daily",
            schedule_expression=Schedule.cron(hour=str(settings.hour_utc), minute="0"),
            start_window=Duration.hours(1),
            completion_window=Duration.hours(12),
            delete_after=kept,
            copy_actions=[copy],
        )
        plan = BackupPlan(
            self,
            "Plan",
            backup_plan_name=self._configuration.prefix,
            backup_vault=vault,
            backup_plan_rules=[daily],
        )
        plan.add_selection(
            "State",
            resources=[BackupResource.from_arn(self._table)],
            role=self._role(region),
            disable_default_backup_policy=True,  # the role has it
        )

    def _role(self, region: str) -> Role:
        role = Role(
            self,
            "Role",
            role_name=role_name(self._configuration, region),
            assumed_by=ServicePrincipal("backup.amazonaws.com"),
            managed_policies=[ManagedPolicy.from_aws_managed_policy_name(f"service-role/{name}") for name in _POLICIES],
        )
        for name in _POLICIES:
            acknowledge(
                role,
                f"IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/{name}]",
                "AWS Backup asks for this policy of its own and adds to it what new kinds of backups need.",
            )
        return role

    def _tell(self, topic: ITopic) -> None:
        """Tell of a backup or a copy that came to nothing. AWS Backup itself says nothing to anybody."""
        Rule(
            self,
            "Failures",
            rule_name=f"{self._configuration.prefix}-backup-failures",
            description="A backup of the state, or its copy in the peer, has failed",
            event_pattern=EventPattern(
                source=["aws.backup"],
                detail_type=["Backup Job State Change", "Copy Job State Change"],
                detail={
                    "state": ["ABORTED", "EXPIRED", "FAILED"],
                    "resourceArn": [self._table],
                },
            ),
            targets=[SnsTopic(topic)],
        )

"""Log groups that are declared, so that lines are kept as long as the environment says and not for ever."""

from aws_cdk import RemovalPolicy
from aws_cdk.aws_logs import CfnLogGroup, LogGroup, RetentionDays
from constructs import Construct

from stacks.config import Configuration
from stacks.constructs.keys import own_key


def log_group(scope: Construct, construct_id: str, *, name: str, configuration: Configuration) -> LogGroup:
    """Return a log group of the given name."""
    protection = configuration.protection
    group = LogGroup(
        scope,
        construct_id,
        log_group_name=name,
        retention=RetentionDays.INFINITE,
        removal_policy=RemovalPolicy.RETAIN if protection.retain else RemovalPolicy.DESTROY,
    )
    # RetentionDays spells each number out as a word; the resource itself takes the number.
    resource = group.node.default_child
    assert isinstance(resource, CfnLogGroup)
    resource.retention_in_days = protection.log_retention_days
    key = own_key(group, configuration)
    if key is not None:  # given to LogGroup itself it would be asked for rights that its policy has
        resource.kms_key_id = key.key_arn
    return group

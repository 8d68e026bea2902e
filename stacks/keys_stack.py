"""The key of one Region by which its replica, queues, payloads and logs are encrypted. Deployed before all of them.

A stack of its own: the tables' stack, which is deployed once, names both Regions' keys, and whatever happens to
another stack, a key that is gone takes what it has encrypted along. The others find it by its alias.
"""

from aws_cdk import Aws, Duration, RemovalPolicy, Stack
from aws_cdk.aws_iam import AnyPrincipal, PolicyStatement, ServicePrincipal
from aws_cdk.aws_kms import Alias, Key
from constructs import Construct

from stacks.config import Configuration
from stacks.constructs.keys import alias_name

#: So long a key can be called back that somebody has had deleted: the longest that AWS has.
CALLED_BACK_WITHIN = Duration.days(30)
_DATA = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]


class KeysStack(Stack):
    """One Region's key and its alias."""

    def __init__(self, scope: Construct, construct_id: str, *, configuration: Configuration, region: str) -> None:
        super().__init__(
            scope,
            construct_id,
            stack_name=f"{configuration.prefix}-{construct_id}",
            description="Antipode: the key of one Region",
            env={"account": configuration.account, "region": region},
            analytics_reporting=False,
            termination_protection=configuration.protection.deletion_protection,
        )
        key = Key(
            self,
            "Key",
            description="Antipode: the state, queues, payloads and logs of this Region",
            enable_key_rotation=True,
            pending_window=CALLED_BACK_WITHIN,
            removal_policy=RemovalPolicy.RETAIN if configuration.protection.retain else RemovalPolicy.DESTROY,
        )
        for statement in _uses(configuration, region):
            key.add_to_resource_policy(statement)
        Alias(self, "Alias", alias_name=alias_name(configuration), target_key=key)


def _uses(configuration: Configuration, region: str) -> list[PolicyStatement]:
    """Return who may use the key, for what: as AWS has it for the keys that it manages itself.

    Whoever may use a table, queue or bucket may do so with its key, through that service and in no other way: so the
    functions' roles say what they said without it.
    """
    peer = configuration.peer_of(region)
    services = [f"{service}.{region}.amazonaws.com" for service in ("dynamodb", "s3", "sqs")]
    through = {"kms:CallerAccount": Aws.ACCOUNT_ID, "kms:ViaService": [*services, f"s3.{peer}.amazonaws.com"]}
    names = (f"/aws/lambda/{configuration.prefix}-*", f"/antipode/{configuration.environment}/*")
    groups = [f"arn:{Aws.PARTITION}:logs:{region}:{Aws.ACCOUNT_ID}:log-group:{name}" for name in names]
    return [
        PolicyStatement(
            sid="ThroughTheServicesThatStore",
            principals=[AnyPrincipal()],
            actions=[*_DATA, "kms:CreateGrant"],
            resources=["*"],
            conditions={"StringEquals": through},
        ),
        PolicyStatement(
            sid="LogsOfThisInstallation",
            principals=[ServicePrincipal(f"logs.{region}.amazonaws.com")],
            actions=_DATA,
            resources=["*"],
            conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
        ),
        PolicyStatement(
            sid="EventsIntoQueues",
            principals=[ServicePrincipal("events.amazonaws.com")],
            actions=["kms:Decrypt", "kms:GenerateDataKey"],
            resources=["*"],
            conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}},
        ),
    ]

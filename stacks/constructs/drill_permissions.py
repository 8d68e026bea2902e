"""What each task of a drill may do. Only `break` may break, only `restore` and `watch` may put back, and only names of
this installation; nothing may be made, deleted or read that is not a drill's business.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from aws_cdk import Aws
from aws_cdk.aws_iam import Effect, PolicyStatement, Role

from stacks.config import Configuration
from stacks.constructs.acknowledged import acknowledge
from stacks.drill_settings import drill_settings, reports_bucket, token_parameter
from stacks.naming import drills_named

#: To look at what can be changed, and how it is now.
_LAMBDA_LOOKS = ("GetEventSourceMapping", "GetFunctionConcurrency")
_ITEMS = ("DeleteItem", "GetItem", "PutItem", "UpdateItem")


#: Why a resource is named by a pattern, by what is in its ARN.
_REASONS = (
    (":function:", "The installation's functions by their prefix: 40 names in each Region are too long for a policy."),
    (":event-source-mapping:", "AWS makes up the ids of mappings; only those of the installation's may be changed."),
    (":healthcheck/", "Route 53 makes up the ids of health checks; one is found by the name that it asks."),
    (":fis:", "FIS makes up the ids of templates and experiments; they are known by their tag."),
    ("/FisConfigs/", "FIS makes up the names of what it writes for the extension in a function to read."),
    ("/drills/", "A report is named by its drill, of which there will be more."),
    ("/stream/", "The name of the table's stream holds the moment of its making."),
    ("*", "These calls know no resources."),
)
_TAG = "aws:ResourceTag/antipode-drill"


def give(role: Role, statements: Iterable[PolicyStatement]) -> None:
    """Add statements to a role, with the reason for each pattern in them."""
    patterns: set[str] = set()
    for statement in statements:
        role.add_to_policy(statement)
        if statement.effect is Effect.ALLOW:
            patterns |= {resource for resource in statement.resources if "*" in resource}
    for pattern in sorted(patterns):
        reason = next(reason for part, reason in _REASONS if part in pattern)
        acknowledge(role, f"IAM5[Resource::{_as_printed(pattern)}]", reason)


def _as_printed(arn: str) -> str:
    return arn.replace(Aws.PARTITION, "<AWS::Partition>").replace(Aws.ACCOUNT_ID, "<AWS::AccountId>")


@dataclass(frozen=True, slots=True)
class DrillPermissions:
    """Statements for the tasks of a drill that is played from `region`."""

    configuration: Configuration
    region: str
    account: str

    @property
    def peer(self) -> str:
        """The Region that is hit."""
        return self.configuration.peer_of(self.region)

    def of_prepare(self) -> list[PolicyStatement]:
        """Take the books, look at everything, change nothing."""
        both = self.configuration.regions
        return [
            self._books(_ITEMS, both),
            self._items("GetItem", "REGION#*", both),
            self._markers(),
            _allow(
                [
                    "cloudformation:DescribeStacks",
                    "cloudwatch:DescribeAlarms",
                    "lambda:ListEventSourceMappings",
                    "route53:ListHealthChecks",
                    "fis:ListExperimentTemplates",
                    "fis:ListExperiments",
                ],
                ["*"],
            ),
            _allow(["lambda:GetAlias"], [self._functions(region) for region in both]),
            *self._looks([self.peer]),
        ]

    def of_play(self) -> list[PolicyStatement]:
        """Look at both Regions as the load's jobs and markers show them; ask for what breaks and what puts back."""
        both = self.configuration.regions
        prefix = f"{self.configuration.prefix}-drill"
        asked = [self._arn("lambda", f"function:{prefix}-{task}", self.region) for task in ("break", "restore")]
        bucket = reports_bucket(self.configuration, self.account, self.region)
        return [
            self._books(("UpdateItem",), [self.region]),
            self._items("Query", "JOB#*", both),
            self._items("GetItem", "REGION#*", both),
            self._markers(),
            _allow(["lambda:InvokeFunction"], asked),
            _allow(
                ["lambda:GetAlias"],
                [self._arn("lambda", f"function:{self.configuration.prefix}-advance-jobs", self.region)],
            ),
            _allow(["ssm:GetParameter"], [self._arn("ssm", f"parameter{token_parameter(self.configuration)}")]),
            _allow(["s3:PutObject"], [f"arn:{Aws.PARTITION}:s3:::{bucket}/drills/*"]),
            _allow(["cloudwatch:GetMetricStatistics"], ["*"]),
        ]

    def of_break(self) -> list[PolicyStatement]:
        """Change what is in the Region that is hit; nothing of a drill's own."""
        hit = self.peer
        return [
            self._books(("GetItem", "UpdateItem"), [self.region]),
            *self._looks([hit]),
            *self._changes([hit], "lambda:PutFunctionConcurrency"),
            PolicyStatement(
                actions=["fis:StartExperiment"],
                resources=[self._arn("fis", "experiment-template/*", hit)],
                conditions={"StringEquals": {_TAG: self.configuration.prefix}},
            ),
            _allow(["fis:StartExperiment", "fis:TagResource"], [self._arn("fis", "experiment/*", hit)]),
            _allow(["fis:ListExperiments"], ["*"]),
        ]

    def of_restore(self) -> list[PolicyStatement]:
        """Put back what a record in either book names."""
        both = self.configuration.regions
        putting = ("lambda:PutFunctionConcurrency", "lambda:DeleteFunctionConcurrency")
        return [
            self._books(_ITEMS, both),
            *self._looks(both),
            *self._changes(both, *putting),
            PolicyStatement(
                actions=["fis:StopExperiment"],
                resources=[self._arn("fis", "experiment/*", region) for region in both],
                conditions={"Null": {_TAG: "false"}},
            ),
            _allow(["fis:ListExperiments"], ["*"]),
        ]

    def of_guard(self) -> list[PolicyStatement]:
        """Read the book, and the alarms of this Region."""
        return [self._books(("GetItem",), [self.region]), _allow(["cloudwatch:DescribeAlarms"], ["*"])]

    # -- what several of them need

    def _looks(self, regions: Iterable[str]) -> list[PolicyStatement]:
        names = list(regions)
        functions = [self._functions(region) for region in names]
        mappings = [self._arn("lambda", "event-source-mapping:*", region) for region in names]
        return [
            _allow([f"lambda:{action}" for action in _LAMBDA_LOOKS], [*functions, *mappings]),
            _allow(["sqs:GetQueueAttributes", "sqs:GetQueueUrl"], self._lanes(names)),
            _allow(["route53:GetHealthCheck"], [_health_checks()]),
        ]

    def _changes(self, regions: Iterable[str], *on_functions: str) -> list[PolicyStatement]:
        names = list(regions)
        own = [f"{self._functions(region).removesuffix('*')}drill-*" for region in names]
        functions = [self._functions(region) for region in names]
        return [
            PolicyStatement(
                actions=["lambda:UpdateEventSourceMapping"],
                resources=[self._arn("lambda", "event-source-mapping:*", region) for region in names],
                conditions={"ArnLike": {"lambda:FunctionArn": functions}},
            ),
            _allow(list(on_functions), functions),
            # A drill that could stop its own functions could keep them from putting anything back.
            PolicyStatement(effect=Effect.DENY, actions=list(on_functions), resources=own),
            _allow(["sqs:SetQueueAttributes"], self._lanes(names)),
            _allow(["route53:UpdateHealthCheck"], [_health_checks()]),
        ]

    def _books(self, actions: Iterable[str], regions: Iterable[str]) -> PolicyStatement:
        table = f"table/{drills_named(self.configuration.prefix)}"
        arns = [self._arn("dynamodb", table, region) for region in regions]
        return _allow([f"dynamodb:{action}" for action in actions], arns)

    def _markers(self) -> PolicyStatement:
        return self._items("GetItem", "DRILL#*", self.configuration.regions, "PutItem")

    def _items(self, action: str, keys: str, regions: Iterable[str], *more: str) -> PolicyStatement:
        table = f"table/{self.configuration.table_name}"
        return PolicyStatement(
            actions=[f"dynamodb:{each}" for each in (action, *more)],
            resources=[self._arn("dynamodb", table, region) for region in regions],
            conditions={"ForAllValues:StringLike": {"dynamodb:LeadingKeys": [keys]}},
        )

    def _lanes(self, regions: Iterable[str]) -> list[str]:
        names = drill_settings(self.configuration, self.region, self.account)["lanes"]
        assert isinstance(names, list)
        return [self._arn("sqs", str(name), region) for region in regions for name in names]

    def _functions(self, region: str) -> str:
        return self._arn("lambda", f"function:{self.configuration.prefix}-*", region)

    def _arn(self, service: str, what: str, region: str | None = None) -> str:
        return f"arn:{Aws.PARTITION}:{service}:{region or self.region}:{Aws.ACCOUNT_ID}:{what}"


def _health_checks() -> str:
    return f"arn:{Aws.PARTITION}:route53:::healthcheck/*"


def _allow(actions: list[str], resources: list[str]) -> PolicyStatement:
    return PolicyStatement(actions=actions, resources=resources)

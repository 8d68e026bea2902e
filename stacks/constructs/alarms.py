"""What wakes an operator: dead letters, late lanes, failing functions, server errors, a silent sentinel.

All alarms but the archiver's look at what AWS measures by itself, so a function that is too broken to report is noticed
all the same; an archiver that raises is. What each means and what to do is in docs/operations/alarms.md.
"""

from aws_cdk import Aws, Duration, Stack
from aws_cdk.aws_apigateway import RestApi
from aws_cdk.aws_cloudwatch import Alarm, ComparisonOperator, IMetric, Metric, TreatMissingData
from aws_cdk.aws_cloudwatch_actions import SnsAction
from aws_cdk.aws_iam import PolicyStatement, ServicePrincipal
from aws_cdk.aws_sns import ITopic, Topic
from aws_cdk.aws_sns_subscriptions import EmailSubscription
from aws_cdk.aws_sqs import Queue
from constructs import Construct

from stacks.catalog import Authorizer
from stacks.config import Configuration
from stacks.constructs.function import CatalogFunction
from stacks.constructs.lanes import Lane
from stacks.sections import AlarmSettings

_MINUTE, _HOUR = Duration.minutes(1), Duration.hours(1)
RUNBOOK = "docs/operations/alarms.md"


def alarm_topic(scope: Construct, configuration: Configuration) -> Topic:
    """Return the topic of a Region's alarms, with the address that hears them."""
    topic = Topic(scope, "AlarmTopic", topic_name=_topic_name(configuration), enforce_ssl=True)
    # A topic with a policy of its own loses the default one, under which CloudWatch could publish.
    stack = Stack.of(scope)
    topic.add_to_resource_policy(
        PolicyStatement(
            actions=["sns:Publish"],
            principals=[ServicePrincipal("cloudwatch.amazonaws.com")],
            resources=[topic.topic_arn],
            conditions={
                "StringEquals": {"aws:SourceAccount": stack.account},
                "ArnLike": {"aws:SourceArn": f"arn:{Aws.PARTITION}:cloudwatch:{stack.region}:{stack.account}:alarm:*"},
            },
        )
    )
    if configuration.alarms.email:
        topic.add_subscription(EmailSubscription(configuration.alarms.email))
    return topic


def topic_by_name(scope: Construct, configuration: Configuration) -> ITopic:
    """Return the Region's topic in a stack that does not hold it."""
    stack = Stack.of(scope)
    arn = f"arn:{Aws.PARTITION}:sns:{stack.region}:{stack.account}:{_topic_name(configuration)}"
    return Topic.from_topic_arn(scope, "AlarmTopic", arn)


def _topic_name(configuration: Configuration) -> str:
    return f"{configuration.prefix}-alarms"


class Alarms(Construct):
    """The alarms of one stack, which all speak to the Region's one topic."""

    def __init__(self, scope: Construct, name: str, *, configuration: Configuration, topic: ITopic) -> None:
        super().__init__(scope, name)
        self._prefix = configuration.prefix
        self._environment = configuration.environment
        self._settings: AlarmSettings = configuration.alarms
        self._topic = topic

    def watch_lane(self, lane: Lane) -> None:
        """Tell of messages that nobody could work on, and of a lane that falls behind."""
        self._alarm(
            f"{lane.settings.name}-dead-letters",
            "A message came to nothing, and was put on the list of dead letters",
            lane.dead_letters.metric_number_of_messages_received(period=_MINUTE, statistic="Sum"),
            threshold=1,
        )
        self._alarm(
            f"{lane.settings.name}-late",
            f"Lane {lane.settings.name} falls behind: its oldest message waits too long",
            lane.queue.metric_approximate_age_of_oldest_message(period=_MINUTE, statistic="Maximum"),
            threshold=lane.settings.oldest_message_alarm_seconds,
            periods=2,
        )

    def watch_dead_letters(self, name: str, queue: Queue) -> None:
        """Tell of anything in a queue that should be empty."""
        self._alarm(
            name,
            "Something could not be worked on and lies in a queue of dead letters",
            queue.metric_approximate_number_of_messages_visible(period=_MINUTE, statistic="Maximum"),
            threshold=1,
        )

    def watch_function(self, function: CatalogFunction) -> None:
        """Tell of a function that raises.

        The authorizer is left out: raising is how it says that a token is wrong, which any caller can bring about. When
        it truly fails the API answers with a server error, which `watch_api` tells of.
        """
        if isinstance(function.row.trigger, Authorizer):
            return
        self._alarm(
            f"{function.row.name.replace('_', '-')}-errors",
            f"Function {function.row.name} fails",
            function.function.metric_errors(period=_MINUTE, statistic="Sum"),
            threshold=self._settings.function_errors,
        )

    def watch_api(self, api: RestApi) -> None:
        """Tell of answers that are our fault."""
        self._alarm(
            "api-server-errors",
            "The API answers with server errors",
            api.deployment_stage.metric_server_error(period=_MINUTE, statistic="Sum"),
            threshold=self._settings.api_server_errors,
        )

    def watch_sentinel(self, function: CatalogFunction) -> None:
        """Tell of a sentinel that is not started any more: this Region's heartbeat stops with it."""
        self._alarm(
            "heartbeat-missing",
            "The sentinel is not running, so this Region's heartbeat has stopped",
            function.function.metric_invocations(period=_MINUTE, statistic="Sum"),
            threshold=1,
            periods=self._settings.silent_sentinel_minutes,
            below=True,
        )

    def watch_archiver(self) -> None:
        """Tell of an archiver that a table or a bucket refuses, hour after hour; nothing is lost by then.

        It runs once an hour, so one of the hours may be without a run.
        """
        hours = self._settings.refused_archive_hours
        self._alarm(
            "archive-refused",
            f"Old histories have not been moved to S3 for {hours} hours: a table or a bucket refuses",
            Metric(
                namespace="Antipode",
                metric_name="archive_runs_refused",
                dimensions_map={"environment": self._environment},
                period=_HOUR,
                statistic="Sum",
            ),
            threshold=1,
            periods=hours,
            all_but=1,
        )

    def _alarm(
        self,
        name: str,
        description: str,
        metric: IMetric,
        *,
        threshold: float,
        periods: int = 1,
        below: bool = False,
        all_but: int = 0,
    ) -> None:
        compare = ComparisonOperator
        alarm = Alarm(
            self,
            name,
            alarm_name=f"{self._prefix}-{name}",
            alarm_description=f"{description}. What to do: {RUNBOOK}",
            metric=metric,
            threshold=threshold,
            evaluation_periods=periods,
            datapoints_to_alarm=periods - all_but if all_but else None,
            comparison_operator=compare.LESS_THAN_THRESHOLD if below else compare.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=TreatMissingData.BREACHING if below else TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(SnsAction(self._topic))
        alarm.add_ok_action(SnsAction(self._topic))

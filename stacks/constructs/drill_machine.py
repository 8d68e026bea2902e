"""The state machine that plays a drill, what starts it, and what watches over it.

Whatever happens between the first look and the report, the machine goes on with `Restore`, again and again until all is
as it was. Where the machine itself is gone, the watchdog does it: it is started every minute whether or not there is a
drill, by a schedule that no drill has to make (docs/decisions/0053).
"""

from aws_cdk import CfnElement, Duration, Stack
from aws_cdk.aws_cloudwatch import Alarm, ComparisonOperator, IMetric, TreatMissingData
from aws_cdk.aws_cloudwatch_actions import SnsAction
from aws_cdk.aws_iam import Role, ServicePrincipal
from aws_cdk.aws_lambda import Function
from aws_cdk.aws_logs import LogGroup
from aws_cdk.aws_scheduler import Schedule, ScheduleExpression, ScheduleTargetInput
from aws_cdk.aws_scheduler_targets import LambdaInvoke as StartsFunction
from aws_cdk.aws_scheduler_targets import StepFunctionsStartExecution
from aws_cdk.aws_stepfunctions import (
    Choice,
    Condition,
    DefinitionBody,
    Fail,
    IChainable,
    JsonPath,
    LogLevel,
    LogOptions,
    Parallel,
    Pass,
    StateMachine,
    Succeed,
    TaskInput,
    Wait,
    WaitTime,
)
from aws_cdk.aws_stepfunctions_tasks import LambdaInvoke
from constructs import Construct

from stacks.config import Configuration
from stacks.constructs.acknowledged import acknowledge
from stacks.constructs.alarms import topic_by_name
from stacks.constructs.drill_functions import DrillFunctions
from stacks.constructs.logs import log_group
from stacks.naming import drills_named
from stacks.sections import DrillSettings

GUARD_SECONDS = 10
RESTORE_SECONDS, RESTORE_TRIES, RESTORE_PAUSE_SECONDS = 15, 20, 60
HELD = "held"
ID = JsonPath.string_at("$$.Execution.Name")


class DrillMachine(Construct):
    """The machine of one Region. Its executions' names are the drills' ids."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        configuration: Configuration,
        settings: DrillSettings,
        functions: DrillFunctions,
        region: str,
    ) -> None:
        super().__init__(scope, name)
        self._functions = functions.each
        self._prefix = configuration.prefix
        logs = log_group(
            self, "Logs", name=f"/aws/vendedlogs/states/{configuration.prefix}-drills", configuration=configuration
        )
        self.machine = self._machine(logs)
        self._watch()
        # The schedule is made of the Region that is not hit by the drills that there are.
        if settings.schedule is not None and region == configuration.regions.second:
            self._start_by(settings.schedule, settings.scheduled)
        self._alarms(configuration)

    def _machine(self, logs: LogGroup) -> StateMachine:
        role = Role(self, "Role", assumed_by=ServicePrincipal("states.amazonaws.com"))
        for task in ("prepare", "play", "guard", "restore"):
            self._acknowledge_versions(role, task)
        acknowledge(role, "IAM5[Resource::*]", "What lets a machine write logs and traces knows no resources.")
        return StateMachine(
            self,
            "Machine",
            role=role,
            state_machine_name=drills_named(self._prefix),
            comment="Plays a drill on the other Region, and puts everything back",
            definition_body=DefinitionBody.from_chainable(self._definition()),
            timeout=Duration.hours(1),
            logs=LogOptions(destination=logs, level=LogLevel.ALL, include_execution_data=True),
            tracing_enabled=True,
        )

    def _definition(self) -> IChainable:
        restore = self._restore()
        played = Parallel(self, "Played and guarded", result_path="$.played")
        played.branch(self._task("Play", "play", result="$", drill=True))
        played.branch(self._guarded())
        played.add_catch(restore, errors=["States.ALL"], result_path="$.failure")
        prepare = self._task("Prepare", "prepare", result="$.prepared", drill=True)
        refused = Fail(self, "Refused", error="Refused", cause_path="$.failure.Cause")
        prepare.add_catch(refused, errors=["Refused"], result_path="$.failure")
        # Who died in the middle of it may have written the record already.
        prepare.add_catch(restore, errors=["States.ALL"], result_path="$.failure")
        return prepare.next(played).next(restore)

    def _restore(self) -> LambdaInvoke:
        """Everything goes through here. It is tried for 20 minutes; after that the watchdog goes on."""
        restore = self._task("Restore", "restore", result=JsonPath.DISCARD)
        restore.add_retry(
            errors=["States.ALL"],
            interval=Duration.seconds(RESTORE_SECONDS),
            max_attempts=RESTORE_TRIES,
            backoff_rate=1.5,
            max_delay=Duration.seconds(RESTORE_PAUSE_SECONDS),
        )
        stuck = Fail(
            self,
            "Not restored",
            error="NotRestored",
            cause="Something is not as it was: see the log of `restore`. The watchdog goes on trying.",
        )
        restore.add_catch(stuck, errors=["States.ALL"], result_path="$.failure")
        broke_off = Fail(self, "Broke off", error="BrokeOff", cause_path="$.failure.Cause")
        not_held = Fail(self, "Not held", error="NotHeld", cause_path="$.played[0].verdict")
        verdict = Choice(self, "Held?")
        verdict.when(Condition.is_present("$.failure"), broke_off)
        verdict.when(Condition.string_equals("$.played[0].verdict", HELD), Succeed(self, "Held"))
        verdict.otherwise(not_held)
        restore.next(verdict)
        return restore

    def _guarded(self) -> IChainable:
        """Alarms of this Region end the drill: what is not hit has to serve."""
        wait = Wait(self, "Between looks", time=WaitTime.duration(Duration.seconds(GUARD_SECONDS)))
        guard = self._task("Guard", "guard", result="$.guarded")
        # An alarm is told at once; what else goes wrong with a look is tried again.
        guard.add_retry(errors=["Refused"], max_attempts=0)
        guard.add_retry(errors=["States.ALL"], interval=Duration.seconds(2), max_attempts=4, backoff_rate=2)
        over = Choice(self, "Over?").when(
            Condition.boolean_equals("$.guarded.over", True), Pass(self, "Guarded to the end")
        )
        over.otherwise(wait)
        return wait.next(guard).next(over)

    def _task(self, state: str, function: str, *, result: str, drill: bool = False) -> LambdaInvoke:
        payload = {"id": ID}
        if drill:
            payload |= {"drill": JsonPath.string_at("$.drill"), "seed": JsonPath.string_at("$.seed")}
        return LambdaInvoke(
            self,
            state,
            lambda_function=self._functions[function],
            payload=TaskInput.from_object(payload),
            payload_response_only=True,
            result_path=result,
            retry_on_service_exceptions=False,
        )

    def _acknowledge_versions(self, role: Role, task: str) -> None:
        element = self._functions[task].node.default_child
        assert isinstance(element, CfnElement)
        name = Stack.of(self).get_logical_id(element)
        acknowledge(role, f"IAM5[Resource::<{name}.Arn>:*]", "Any version of this one function, as the CDK grants it.")

    # -- what starts it

    def _watch(self) -> None:
        """Once a minute. A start that fails needs no second try: the next comes within the minute."""
        role = Role(self, "WatchdogRole", assumed_by=ServicePrincipal("scheduler.amazonaws.com"))
        self._acknowledge_versions(role, "watch")
        Schedule(
            self,
            "Watchdog",
            description="Puts back what a drill left behind",
            schedule=ScheduleExpression.rate(Duration.minutes(1)),
            target=StartsFunction(
                self._functions["watch"], role=role, max_event_age=Duration.minutes(1), retry_attempts=0
            ),
        )

    def _start_by(self, schedule: str, drill: str) -> None:
        Schedule(
            self,
            "Scheduled",
            description=f"Plays {drill}",
            schedule=ScheduleExpression.expression(schedule),
            target=StepFunctionsStartExecution(
                self.machine,
                input=ScheduleTargetInput.from_object({"drill": drill, "seed": 0}),
                retry_attempts=0,
            ),
        )

    # -- who is told

    def _alarms(self, configuration: Configuration) -> None:
        topic = SnsAction(topic_by_name(self, configuration))
        watch: Function = self._functions["watch"]
        rows: tuple[tuple[str, str, IMetric], ...] = (
            ("drill-not-held", "A drill was not held, refused, or broke off", self.machine.metric_failed()),
            ("drill-watchdog-errors", "The watchdog cannot put back what a drill broke", watch.metric_errors()),
        )
        for name, description, metric in rows:
            alarm = Alarm(
                self,
                name,
                alarm_name=f"{self._prefix}-{name}",
                alarm_description=f"{description}. What to do: docs/operations/alarms.md",
                metric=metric,
                threshold=1,
                evaluation_periods=1,
                comparison_operator=ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
                treat_missing_data=TreatMissingData.NOT_BREACHING,
            )
            alarm.add_alarm_action(topic)

"""What plays drills on AWS: there only where it is configured, with roles that may do their part and nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from cfnlint.api import lint  # type: ignore[import-untyped]
from cfnlint.config import ManualArgs  # type: ignore[import-untyped]

from localstack.drills.on_aws import tasks
from localstack.drills.on_aws.aws_stories import AWS_DRILLS
from localstack.drills.on_aws.changes import Kind
from localstack.drills.on_aws.deployed import VARIABLE, Deployed
from localstack.drills.on_aws.desk import CHANGE_SECONDS
from localstack.drills.on_aws.means import FAULTS
from stacks.catalog import FUNCTIONS
from stacks.config import Configuration
from stacks.constructs.drill_functions import TASKS
from stacks.environments import ConfigurationError, configuration_of
from stacks.naming import DRILL_TAG, FAULT_TAG, drills_of
from stacks.sections import DrillSettings
from tests.in_depth import some_of
from tests.stacks.templates import Environment, Template, as_list, resolve
from tests.stacks.test_lint import HARMLESS
from tests.stacks.variants import PRODUCTION, VARIANTS

FIRST, SECOND = "eu-west-1", "eu-central-1"
#: What changes anything but the book, the markers and the reports.
MUTATING = (
    "lambda:PutFunctionConcurrency",
    "lambda:DeleteFunctionConcurrency",
    "lambda:UpdateEventSourceMapping",
    "sqs:SetQueueAttributes",
    "route53:UpdateHealthCheck",
    "fis:StartExperiment",
    "fis:StopExperiment",
)


@pytest.fixture(scope="session")
def runner(one_model: Environment) -> Template:
    """The stack of the second Region: from there drills of the first are played."""
    return Template(one_model.paths[drills_of(SECOND)])


def statements(template: Template, task: str) -> list[Any]:
    _, function = template.only("Lambda::Function", FunctionName=f"antipode-prod-drill-{task}")
    role = function["Role"]["Fn::GetAtt"][0]
    return [
        statement
        for policy in template.properties("IAM::Policy")
        if policy["Roles"] == [{"Ref": role}]
        for statement in policy["PolicyDocument"]["Statement"]
    ]


def may(template: Template, task: str) -> set[str]:
    return {
        action for row in statements(template, task) if row["Effect"] == "Allow" for action in as_list(row["Action"])
    }


def definition(template: Template) -> dict[str, Any]:
    (machine,) = template.properties("StepFunctions::StateMachine")
    read: dict[str, Any] = json.loads(resolve(machine["DefinitionString"]))
    return read


def test_without_drills_in_the_configuration_there_is_nothing_that_could_break_anything(prod: Environment) -> None:
    assert not [name for name in prod.paths if "drills" in name]
    for path in prod.paths.values():
        assert "lambda:PutFunctionConcurrency" not in path.read_text("utf-8")


@pytest.mark.parametrize("region", some_of((FIRST, SECOND), every=2))
def test_the_template_has_no_error_the_state_machine_included(one_model: Environment, region: str) -> None:
    text = one_model.paths[drills_of(region)].read_text("utf-8")
    found = lint(text, config=ManualArgs(regions=[FIRST, SECOND], ignore_checks=HARMLESS))
    assert [f"{match.rule.id} line {match.linenumber}: {match.message}" for match in found] == []


def test_only_breaking_and_putting_back_may_change_anything(runner: Template) -> None:
    for task, *_ in TASKS:
        changes = may(runner, task) & set(MUTATING)
        match task:
            case "break":
                assert changes == set(MUTATING) - {"lambda:DeleteFunctionConcurrency", "fis:StopExperiment"}
            case "restore" | "watch":
                assert changes == set(MUTATING) - {"fis:StartExperiment"}
            case _:
                assert not changes, task


def test_what_breaks_reaches_the_other_region_alone(runner: Template) -> None:
    for row in statements(runner, "break"):
        if set(as_list(row["Action"])) & set(MUTATING):
            arns = [resolve(arn) for arn in as_list(row["Resource"])]
            assert not [arn for arn in arns if f":{SECOND}:" in arn], arns


def test_no_task_may_stop_the_functions_of_drills_themselves(runner: Template) -> None:
    for task in ("break", "restore", "watch"):
        (denial,) = [row for row in statements(runner, task) if row["Effect"] == "Deny"]
        assert "lambda:PutFunctionConcurrency" in as_list(denial["Action"])
        assert all(resolve(arn).endswith(":function:antipode-prod-drill-*") for arn in as_list(denial["Resource"]))


def test_the_load_may_ask_and_look_and_write_its_report(runner: Template) -> None:
    assert may(runner, "play") - {"logs:CreateLogStream", "logs:PutLogEvents"} == {
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:Query",
        "dynamodb:UpdateItem",
        "cloudwatch:GetMetricStatistics",
        "lambda:GetAlias",
        "lambda:InvokeFunction",
        "s3:PutObject",
        "ssm:GetParameter",
    }
    writes = [row for row in statements(runner, "play") if "dynamodb:PutItem" in as_list(row["Action"])]
    assert [row["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"] for row in writes] == [["DRILL#*"]]


def test_whatever_happens_after_the_first_look_everything_is_put_back(runner: Template) -> None:
    states = definition(runner)["States"]
    assert definition(runner)["StartAt"] == "Prepare"
    assert [(row["ErrorEquals"], row["Next"]) for row in states["Prepare"]["Catch"]] == [
        (["Refused"], "Refused"),
        (["States.ALL"], "Restore"),
    ]
    played = states["Played and guarded"]
    assert (played["Next"], played["Catch"][0]["Next"]) == ("Restore", "Restore")
    assert played["Catch"][0]["ErrorEquals"] == ["States.ALL"]
    (retry,) = states["Restore"]["Retry"]
    assert retry["MaxAttempts"] * retry["MaxDelaySeconds"] >= CHANGE_SECONDS + 600
    assert not {name for name in ("Prepare",) if "Retry" in states[name]}
    assert "Retry" not in played["Branches"][0]["States"]["Play"], "a drill is not played twice"


def test_what_is_not_held_fails_the_execution(runner: Template) -> None:
    states = definition(runner)["States"]
    assert [row["Next"] for row in states["Held?"]["Choices"]] == ["Broke off", "Held"]
    assert states[states["Held?"]["Default"]]["Type"] == "Fail"
    names = {alarm["AlarmName"] for alarm in runner.properties("CloudWatch::Alarm")}
    assert names == {"antipode-prod-drill-not-held", "antipode-prod-drill-watchdog-errors"}


def test_the_watchdog_is_started_every_minute_by_a_schedule_that_no_drill_makes(one_model: Environment) -> None:
    for region in (FIRST, SECOND):
        template = Template(one_model.paths[drills_of(region)])
        function, _ = template.only("Lambda::Function", FunctionName="antipode-prod-drill-watch")
        (schedule,) = [
            row
            for row in template.properties("Scheduler::Schedule")
            if row["Target"]["Arn"] == {"Fn::GetAtt": [function, "Arn"]}
        ]
        assert (schedule["ScheduleExpression"], schedule["State"]) == ("rate(1 minute)", "ENABLED")


def test_drills_are_scheduled_only_where_that_is_asked_for_and_in_the_region_that_is_not_hit(
    one_model: Environment,
) -> None:
    assert DrillSettings(accounts=("123456789012",)).schedule is None
    expressions = {
        region: {
            row["ScheduleExpression"]
            for row in Template(one_model.paths[drills_of(region)]).properties("Scheduler::Schedule")
        }
        for region in (FIRST, SECOND)
    }
    assert expressions == {FIRST: {"rate(1 minute)"}, SECOND: {"rate(1 minute)", "cron(0 9 ? * 2#1 *)"}}


ACTIONS = {
    Kind.EXPERIMENT: "aws:dynamodb:global-table-pause-replication",
    Kind.ERRORS: "aws:lambda:invocation-error",
    Kind.DELAYS: "aws:lambda:invocation-add-delay",
}


def test_an_experiment_stops_by_alarms_of_its_own_region(one_model: Environment) -> None:
    for region in (FIRST, SECOND):
        found = [row for _, row in Template(one_model.paths[drills_of(region)]).each("FIS::ExperimentTemplate")]
        does = {row["Tags"][FAULT_TAG]: next(iter(row["Actions"].values()))["ActionId"] for row in found}
        assert does == {FAULTS[kind]: action for kind, action in ACTIONS.items()}
        assert {row["Tags"][DRILL_TAG] for row in found} == {"antipode-prod"}
        for experiment in found:
            stops_by_alarms_of(region, experiment, one_model)


def stops_by_alarms_of(region: str, experiment: Mapping[str, Any], one_model: Environment) -> None:
    conditions = [resolve(row["Value"]) for row in experiment["StopConditions"]]
    assert [f":cloudwatch:{region}:" in value for value in conditions] == [True, True]
    known = {alarm["AlarmName"] for alarm in one_model.regions[region].properties("CloudWatch::Alarm")}
    assert {value.rpartition(":")[2] for value in conditions} <= known


def test_what_fis_writes_for_the_workers_is_where_they_read_and_nobody_else_is_reached(one_model: Environment) -> None:
    for region in (FIRST, SECOND):
        place = f"arn:<AWS::Partition>:s3:::antipode-prod-drills-<AWS::AccountId>-{region}/FisConfigs/"
        wrapped = [
            row["FunctionName"]
            for row in one_model.regions[region].properties("Lambda::Function")
            if "AWS_LAMBDA_EXEC_WRAPPER" in row.get("Environment", {}).get("Variables", {})
        ]
        assert wrapped == ["antipode-prod-advance-jobs"]
        _, worker = one_model.regions[region].only("Lambda::Function", FunctionName="antipode-prod-advance-jobs")
        assert len(worker["Layers"]) == 1
        variables = worker["Environment"]["Variables"]
        assert resolve(variables["AWS_FIS_CONFIGURATION_LOCATION"]) == place
        drills = Template(one_model.paths[drills_of(region)])
        written = [
            resolve(arn)
            for policy in drills.properties("IAM::Policy")
            for row in policy["PolicyDocument"]["Statement"]
            if "s3:DeleteObject" in as_list(row["Action"])
            for arn in as_list(row["Resource"])
        ]
        assert written == [f"{place}*"]
        on_workers = [row for row in drills.properties("FIS::ExperimentTemplate") if "fail" in row["Tags"][FAULT_TAG]]
        (target,) = on_workers[0]["Targets"].values()
        assert [resolve(arn).rpartition(":")[2] for arn in target["ResourceArns"]] == wrapped
        assert target["Parameters"] == {"functionQualifier": "live"}


def test_no_function_waits_for_an_extension_unless_somebody_asked_for_it(prod: Environment) -> None:
    assert DrillSettings(accounts=("123456789012",)).function_faults == "off"
    for path in prod.paths.values():
        assert "AWS_LAMBDA_EXEC_WRAPPER" not in path.read_text("utf-8")


def test_the_functions_of_drills_are_told_all_that_they_read(runner: Template) -> None:
    for task, entry_point, *_ in TASKS:
        _, function = runner.only("Lambda::Function", FunctionName=f"antipode-prod-drill-{task}")
        assert function["Handler"] == f"localstack.drills.on_aws.tasks.{entry_point}"
        assert callable(getattr(tasks, entry_point))
        variables = function["Environment"]["Variables"]
        assert len(json.dumps(variables)) < 4096, "Lambda takes no more"
        told = Deployed.model_validate_json(resolve(variables[VARIABLE]))
        assert (told.region, told.peer, told.experiments, told.function_faults) == (SECOND, FIRST, True, True)
        assert not [name for name in told.functions if "-drill-" in name]
        assert set(told.functions) == {f"antipode-prod-{row.name.replace('_', '-')}" for row in FUNCTIONS}
    breaks = next(row for row in TASKS if row[0] == "break")
    assert breaks[2] == CHANGE_SECONDS


def test_a_drill_is_configured_by_what_a_function_can_play() -> None:
    drills = configuration_of(VARIANTS["one-model"]).drills
    assert drills is not None
    assert drills.scheduled in AWS_DRILLS
    assert drills.limit_minutes * 60 > next(row for row in TASKS if row[0] == "play")[2], "longer than a drill"


@pytest.mark.parametrize(
    ("drills", "complaint"),
    [
        ('{"accounts": []}', "drills.accounts: "),
        ('{"accounts": ["1234"]}', "drills.accounts.0: "),
        ('{"accounts": ["210987654321"]}', "drills: account 123456789012 is not among those that are named for drills"),
        ('{"accounts": ["123456789012"], "schedule": "monthly"}', "drills.schedule: "),
        ("monthly", "drills: 'monthly' is not JSON"),
    ],
)
def test_drills_that_cannot_work_are_refused_before_anything_is_deployed(drills: str, complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=complaint):
        configuration_of({**PRODUCTION, "account": "123456789012", "drills": drills})


def test_no_drills_are_configured_unless_somebody_does_it() -> None:
    assert Configuration.model_fields["drills"].default is None

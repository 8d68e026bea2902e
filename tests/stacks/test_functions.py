"""Every function of the catalogue exists, with everything that belongs to one."""

import json

import pytest

from functions.settings import SettingName, Settings
from stacks.catalog import FUNCTIONS, Authorizer, EveryLane, Schedule, function_named
from tests.stacks.templates import ROWS, Environment, resolve


def test_there_are_the_functions_of_the_catalogue_and_no_others(prod: Environment) -> None:
    handlers = {function["Handler"] for function in prod.first.properties("Lambda::Function")}
    assert handlers == {f"functions.handlers.{name}.handle" for name in ROWS}
    assert len(prod.first.properties("Lambda::Function")) == len(FUNCTIONS)


@pytest.mark.parametrize("name", ROWS)
def test_a_function_has_its_size_and_the_runtime_of_its_bundle(name: str, prod: Environment) -> None:
    row = function_named(name)
    _, function = prod.first.function(row)
    assert (function["MemorySize"], function["Timeout"]) == (row.memory_mb, row.timeout_seconds)
    assert (function["Runtime"], function["Architectures"]) == ("python3.13", ["arm64"])
    assert function["Description"] == row.description


@pytest.mark.parametrize("name", ROWS)
def test_lambda_stops_no_job_that_goes_back_on_its_lane_and_every_other_loop(name: str, prod: Environment) -> None:
    row = function_named(name)
    _, function = prod.first.function(row)
    assert function.get("RecursiveLoop", "Terminate") == (
        "Allow" if isinstance(row.trigger, EveryLane) else "Terminate"
    )


@pytest.mark.parametrize("name", ROWS)
def test_a_function_is_called_through_a_version_behind_live(name: str, prod: Environment) -> None:
    logical_id, _ = prod.first.function(function_named(name))
    _, alias = prod.first.only("Lambda::Alias", FunctionName={"Ref": logical_id})
    version = alias["FunctionVersion"]["Fn::GetAtt"][0]
    assert alias["Name"] == "live"
    assert prod.first.resources[version]["Properties"]["FunctionName"] == {"Ref": logical_id}
    assert prod.first.resources[version]["DeletionPolicy"] == "Retain"
    arn, called = f'"{logical_id}", "Arn"', json.dumps(prod.first.body["Resources"])
    assert arn not in called, f"something calls {name} past its alias"


@pytest.mark.parametrize(("environment", "days"), [("prod", 90), ("dev", 14), ("local", 1)])
def test_every_log_group_forgets_in_time(environment: str, days: int, request: pytest.FixtureRequest) -> None:
    template = request.getfixturevalue(environment).first
    groups = template.properties("Logs::LogGroup")
    assert {group["RetentionInDays"] for group in groups} == {days}
    names = {group["LogGroupName"] for group in groups}
    functions = {f"/aws/lambda/{function['FunctionName']}" for function in template.properties("Lambda::Function")}
    assert names == functions | {f"/antipode/{environment}/access"}


@pytest.mark.parametrize("name", ROWS)
def test_a_function_finds_settings_that_it_can_read(name: str, prod: Environment) -> None:
    _, function = prod.first.function(function_named(name))
    variables = resolve(function["Environment"]["Variables"])
    assert set(variables) == set(SettingName)
    settings = Settings.load(variables)
    queues = {lane: prod.first.only("SQS::Queue", QueueName=f"antipode-prod-{lane}")[1] for lane in settings.lanes}
    addresses = "https://sqs.us-east-1.<AWS::URLSuffix>/<AWS::AccountId>/"
    assert settings.lanes == {lane: f"{addresses}{queue['QueueName']}" for lane, queue in queues.items()}
    assert list(settings.lanes) == ["critical", "standard", "batch"]
    assert (settings.region, settings.peer_region) == ("us-east-1", "us-west-2")
    assert settings.table == "antipode-prod"
    assert settings.peer_endpoint_url is None
    assert settings.peer_health_url == "https://us-west-2.api.example.com/v1/health"
    assert settings.peer_health_address is None
    assert settings.adoption


def test_in_the_local_cloud_a_function_finds_its_peer_by_address(local: Environment) -> None:
    _, function = local.first.function(function_named("submit_job"), "local")
    settings = Settings.load(resolve(function["Environment"]["Variables"]))
    assert settings.peer_endpoint_url == "http://127.0.2.1:4566"
    assert settings.peer_health_url == "http://us-west-2.api.antipode.test:4566/v1/health"
    assert settings.peer_health_address == ("127.0.2.1", 4566)


@pytest.mark.parametrize("lane", ["critical", "standard", "batch"])
def test_each_lane_has_workers_of_its_own_and_a_place_for_the_dead(lane: str, prod: Environment) -> None:
    queue, properties = prod.first.only("SQS::Queue", QueueName=f"antipode-prod-{lane}")
    dead, dead_properties = prod.first.only("SQS::Queue", QueueName=f"antipode-prod-{lane}-dead")
    assert properties["RedrivePolicy"] == {
        "deadLetterTargetArn": {"Fn::GetAtt": [dead, "Arn"]},
        "maxReceiveCount": 5,
    }
    assert dead_properties["MessageRetentionPeriod"] == 14 * 86_400
    row = next(row for row in FUNCTIONS if isinstance(row.trigger, EveryLane))
    assert properties["VisibilityTimeout"] == 6 * row.timeout_seconds
    _, mapping = prod.first.only("Lambda::EventSourceMapping", EventSourceArn={"Fn::GetAtt": [queue, "Arn"]})
    # CDK writes "<the function's name, cut out of the alias's ARN>:live".
    assert resolve(mapping["FunctionName"]) == f"<{prod.first.alias_of(row)}>:live"
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["BatchSize"] == 10
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": {"critical": 100, "standard": 200, "batch": 50}[lane]}


@pytest.mark.parametrize("name", [row.name for row in FUNCTIONS if isinstance(row.trigger, Schedule)])
def test_a_scheduled_function_starts_at_its_interval_and_a_failed_start_is_kept_not_repeated(
    name: str, prod: Environment
) -> None:
    alias = prod.first.alias_of(function_named(name))
    dead, _ = prod.first.only("SQS::Queue", QueueName="antipode-prod-schedules-dead")
    dead_arn = {"Fn::GetAtt": [dead, "Arn"]}
    (rule,) = [r for r in prod.first.properties("Events::Rule") if r["Targets"][0]["Arn"] == {"Ref": alias}]
    every = "rate(1 hour)" if name == "archive_jobs" else "rate(1 minute)"
    assert (rule["ScheduleExpression"], rule["State"]) == (every, "ENABLED")
    target = rule["Targets"][0]
    assert target["RetryPolicy"] == {"MaximumEventAgeInSeconds": 60, "MaximumRetryAttempts": 0}
    assert target["DeadLetterConfig"] == {"Arn": dead_arn}
    logical_id, _ = prod.first.function(function_named(name))
    _, config = prod.first.only("Lambda::EventInvokeConfig", FunctionName={"Ref": logical_id})
    assert config["Qualifier"] == {"Fn::Select": [7, {"Fn::Split": [":", {"Ref": alias}]}]}
    assert (config["MaximumRetryAttempts"], config["MaximumEventAgeInSeconds"]) == (0, 60)
    assert config["DestinationConfig"] == {"OnFailure": {"Destination": dead_arn}}


@pytest.mark.parametrize("name", ROWS)
def test_a_function_that_raises_is_told_of_unless_raising_is_its_answer(name: str, prod: Environment) -> None:
    row = function_named(name)
    logical_id, _ = prod.first.function(row)
    dimension = {"Name": "FunctionName", "Value": {"Ref": logical_id}}
    alarms = [
        alarm["AlarmName"]
        for alarm in prod.first.properties("CloudWatch::Alarm")
        if alarm["MetricName"] == "Errors" and alarm["Dimensions"] == [dimension]
    ]
    kebab = name.replace("_", "-")
    assert alarms == ([] if isinstance(row.trigger, Authorizer) else [f"antipode-prod-{kebab}-errors"])

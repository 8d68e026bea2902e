"""Each function may do what its row in the catalogue says, to the things it is for, and nothing else.

The emulator checks what functions themselves call. What services call (API Gateway a function, EventBridge a queue) it
does not, nor `dynamodb:LeadingKeys`: what is asserted here is all there is to go by.
"""

import json
import re
from fnmatch import fnmatchcase
from typing import Any

import pytest

from functions.adapters.dynamodb_webhooks import KNOWN
from stacks.catalog import (
    FUNCTIONS,
    Authorizer,
    DeadLanes,
    Deliveries,
    EveryLane,
    Permission,
    Schedule,
    Stream,
    function_named,
)
from stacks.constructs.permissions import KNOWN_OF_WEBHOOKS
from tests.stacks.templates import ROWS, Environment, as_list, resolve

TABLE = "arn:<AWS::Partition>:dynamodb:us-east-1:<AWS::AccountId>:table/antipode-prod"
PEER_TABLE = TABLE.replace("us-east-1", "us-west-2")
BUCKET = "arn:<AWS::Partition>:s3:::antipode-prod-payloads-<AWS::AccountId>-us-east-1"
PEER_BUCKET = BUCKET.replace("us-east-1", "us-west-2")
#: What stands for a parameter of a path.
PARAMETER = re.compile(r"\{\w+\}")
LANES = ["critical", "standard", "batch"]


def on_items(keys: str, resource: str, *operations: str) -> set[tuple[str, str, str]]:
    """Return what a statement on items whose keys begin in one way allows."""
    condition = json.dumps({"ForAllValues:StringLike": {"dynamodb:LeadingKeys": [keys]}})
    return {(f"dynamodb:{operation}", resource, condition) for operation in operations}


PAYLOAD_MEANINGS = {
    Permission.KEEPS_PAYLOADS: {
        (action, f"{bucket}/payloads/*", "null")
        for bucket in (BUCKET, PEER_BUCKET)
        for action in ("s3:GetObject", "s3:PutObject")
    },
    Permission.READS_PAYLOADS: {
        ("s3:GetObject", f"{BUCKET}/payloads/*", "null"),
        ("s3:GetObject", f"{PEER_BUCKET}/payloads/*", "null"),
    },
    Permission.READS_UPLOADS: {
        ("s3:GetObject", f"{BUCKET}/uploads/*", "null"),
        ("s3:GetObject", f"{PEER_BUCKET}/uploads/*", "null"),
    },
    Permission.READS_ARCHIVE: {
        ("s3:GetObject", f"{BUCKET}/histories/*", "null"),
        ("s3:GetObject", f"{PEER_BUCKET}/histories/*", "null"),
    },
    Permission.KEEPS_ARCHIVE: {
        (action, f"{bucket}/histories/*", "null")
        for bucket in (BUCKET, PEER_BUCKET)
        for action in ("s3:GetObject", "s3:PutObject")
    },
    Permission.ARCHIVES_JOBS: on_items("JOB#*", TABLE, "DeleteItem", "PutItem"),
    Permission.READS_PLACES_OF_PEER: on_items("JOB#*", PEER_TABLE, "GetItem"),
    Permission.OPENS_UPLOADS: {("s3:PutObject", f"{BUCKET}/uploads/*", "null")},
    Permission.FINDS_PAYLOADS: {("s3:ListBucket", BUCKET, "null"), ("s3:ListBucket", PEER_BUCKET, "null")},
}


BROADCAST_MEANINGS = {
    Permission.FINDS_STREAM: {("dynamodb:DescribeTable", TABLE, "null")},
    Permission.READS_OPENINGS: on_items("JOB#*", TABLE, "GetItem"),
    Permission.PUBLISHES_EVENTS: {
        ("events:PutEvents", "arn:<AWS::Partition>:events:us-east-1:<AWS::AccountId>:event-bus/antipode-prod", "null")
    },
    Permission.READS_WEBHOOKS: on_items("WEBHOOK#*", TABLE, "Query"),
    Permission.KNOWS_WEBHOOKS: {
        (
            "dynamodb:Query",
            TABLE,
            json.dumps(
                {
                    "ForAllValues:StringEquals": {"dynamodb:Attributes": ["pk", "sk", "at", "standing"]},
                    "ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["WEBHOOK#*"]},
                    "StringEqualsIfExists": {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"},
                }
            ),
        )
    },
    Permission.SETS_WEBHOOKS: on_items("WEBHOOK#*", TABLE, "PutItem") | on_items("WEBHOOK#*", PEER_TABLE, "PutItem"),
    Permission.READS_ENDPOINTS: on_items("ENDPOINT#*", TABLE, "Query"),
    Permission.NOTES_ENDPOINTS: on_items("ENDPOINT#*", TABLE, "PutItem"),
    Permission.SENDS_DELIVERIES: {
        ("sqs:SendMessage", "arn:<AWS::Partition>:sqs:us-east-1:<AWS::AccountId>:antipode-prod-webhooks", "null")
    },
    Permission.LISTS_UNDELIVERED: on_items("DEAD#*", TABLE, "PutItem"),
}
#: What Lambda needs of a queue to read it for a function.
RECEIVING = ("ChangeMessageVisibility", "DeleteMessage", "GetQueueAttributes", "GetQueueUrl", "ReceiveMessage")
SENDING = ("SendMessage", "GetQueueAttributes", "GetQueueUrl")


def on_queue(environment: Environment, name: str, operations: tuple[str, ...]) -> set[tuple[str, str, str]]:
    """Return what a statement on one queue allows."""
    queue, _ = environment.first.only("SQS::Queue", QueueName=f"antipode-prod-{name}")
    return {(f"sqs:{operation}", f"<{queue}.Arn>", "null") for operation in operations}


def by_trigger(environment: Environment, trigger: object) -> set[tuple[str, str, str]]:
    """Return what a function is allowed for the sake of what calls it."""
    match trigger:
        case EveryLane():
            return set().union(*(on_queue(environment, lane, RECEIVING) for lane in LANES))
        case DeadLanes():
            return set().union(*(on_queue(environment, f"{lane}-dead", RECEIVING) for lane in LANES))
        case Deliveries():
            return on_queue(environment, "webhooks", RECEIVING)
        case Schedule():
            return on_queue(environment, "schedules-dead", SENDING)
        case Stream():
            stream, _ = next(iter(environment.first.each_of("Custom::StateStream")))
            reading = ("DescribeStream", "GetRecords", "GetShardIterator")
            return (
                {(f"dynamodb:{operation}", f"<{stream}.StreamArn>", "null") for operation in reading}
                | {("dynamodb:ListStreams", "*", "null")}
                | on_queue(environment, "broadcast-dead", SENDING)
            )
        case _:
            return set()


def to_lanes(environment: Environment, action: str) -> set[tuple[str, str, str]]:
    arns = (f"arn:<AWS::Partition>:sqs:us-east-1:<AWS::AccountId>:antipode-prod-{lane}" for lane in LANES)
    assert {queue["QueueName"] for queue in environment.first.properties("SQS::Queue")} >= {
        f"antipode-prod-{lane}" for lane in LANES
    }
    return {(action, arn, "null") for arn in arns}


def expected(environment: Environment, permission: Permission) -> set[tuple[str, str, str]]:
    """Return (action, resource, condition) of everything that a permission stands for."""
    model = "amazon.nova-lite-v1:0"
    meanings = {
        Permission.READS_TOKENS: on_items("TOKEN#*", TABLE, "GetItem"),
        Permission.READS_JOBS: on_items("JOB#*", TABLE, "Query"),
        Permission.APPENDS_JOBS: on_items("JOB#*", TABLE, "PutItem"),
        Permission.COPIES_JOBS_TO_PEER: on_items("JOB#*", PEER_TABLE, "PutItem", "GetItem"),
        Permission.READS_JOBS_OF_PEER: on_items("JOB#*", PEER_TABLE, "Query"),
        Permission.READS_DEAD_LETTERS: on_items("DEAD#*", TABLE, "Query"),
        Permission.SETTLES_DEAD_LETTERS: on_items("DEAD#*", TABLE, "PutItem")
        | on_items("DEAD#*", PEER_TABLE, "PutItem"),
        Permission.READS_SWITCHES: on_items("SWITCH#*", TABLE, "Query"),
        Permission.SETS_SWITCHES: on_items("SWITCH#*", TABLE, "PutItem") | on_items("SWITCH#*", PEER_TABLE, "PutItem"),
        Permission.READS_SCHEDULES: on_items("SCHEDULE#*", TABLE, "Query"),
        Permission.FIRES_SCHEDULES: on_items("SCHEDULE#*", TABLE, "PutItem"),
        Permission.READS_SCHEDULES_OF_PEER: on_items("SCHEDULE#*", PEER_TABLE, "Query"),
        Permission.SETS_SCHEDULES: {
            each for table in (TABLE, PEER_TABLE) for each in on_items("SCHEDULE#*", table, "PutItem")
        },
        Permission.SENDS_TO_PEER_LANES: {
            (action, f"arn:<AWS::Partition>:sqs:us-west-2:<AWS::AccountId>:antipode-prod-{lane}", "null")
            for action in ("sqs:GetQueueUrl", "sqs:SendMessage")
            for lane in LANES
        },
        Permission.LISTS_JOBS: {("dynamodb:Query", f"{TABLE}/index/listing", "null")},
        Permission.FINDS_DUE_JOBS: {("dynamodb:Query", f"{TABLE}/index/due", "null")},
        Permission.READS_REGIONS: on_items("REGION#*", TABLE, "GetItem"),
        Permission.READS_STANDINGS: on_items("REGION#*", TABLE, "Query"),
        Permission.READS_STANDINGS_OF_PEER: on_items("REGION#*", PEER_TABLE, "Query"),
        Permission.SETS_STANDINGS: on_items("REGION#*", TABLE, "PutItem") | on_items("REGION#*", PEER_TABLE, "PutItem"),
        Permission.WRITES_REGIONS: on_items("REGION#*", TABLE, "PutItem"),
        Permission.READS_LEASES: on_items("LEASE#*", f"{TABLE}-control", "GetItem"),
        Permission.KEEPS_LEASES: on_items("LEASE#*", f"{TABLE}-control", "PutItem"),
        Permission.KEEPS_LIMITS: on_items("LIMIT#*", TABLE, "DeleteItem", "GetItem", "PutItem", "Query", "UpdateItem"),
        Permission.READS_FLOW: on_items("FLOW#*", TABLE, "Query"),
        Permission.COUNTS_FLOW: on_items("FLOW#*", TABLE, "UpdateItem"),
        Permission.SAMPLES_LANES: on_items("FLOW#*", TABLE, "PutItem"),
        Permission.OWES_COPIES: on_items("COPY#*", TABLE, "PutItem"),
        Permission.SETTLES_COPIES: on_items("COPY#*", TABLE, "DeleteItem", "Query"),
        Permission.KEEPS_CURSORS: on_items("SWEEP#*", TABLE, "GetItem", "PutItem"),
        Permission.SENDS_TO_LANES: to_lanes(environment, "sqs:SendMessage"),
        Permission.READS_LANE_DEPTHS: to_lanes(environment, "sqs:GetQueueAttributes"),
        Permission.INVOKES_MODEL: {
            ("bedrock:InvokeModel", resource, "null")
            for resource in (
                f"arn:<AWS::Partition>:bedrock:us-east-1:<AWS::AccountId>:inference-profile/us.{model}",
                f"arn:<AWS::Partition>:bedrock:*::foundation-model/{model}",
            )
        },
    }
    return (meanings | PAYLOAD_MEANINGS | BROADCAST_MEANINGS)[permission]


def allowed(environment: Environment, name: str) -> set[tuple[str, str, str]]:
    """Return (action, resource, condition) of everything that a function's role allows."""
    found = set()
    for statement in environment.first.statements_of(function_named(name)):
        assert statement["Effect"] == "Allow"
        for action in as_list(statement["Action"]):
            for resource in as_list(statement["Resource"]):
                found.add((action, resolve(resource), json.dumps(statement.get("Condition"), sort_keys=True)))
    return found


@pytest.mark.parametrize("name", ROWS)
def test_a_role_allows_what_the_catalogue_says_and_nothing_else(name: str, prod: Environment) -> None:
    row = function_named(name)
    wanted = set().union(*(expected(prod, permission) for permission in row.granted))
    logs, _ = prod.first.only("Logs::LogGroup", LogGroupName=f"/aws/lambda/antipode-prod-{name.replace('_', '-')}")
    wanted |= {(f"logs:{action}", f"<{logs}.Arn>", "null") for action in ("CreateLogStream", "PutLogEvents")}
    wanted |= by_trigger(prod, row.trigger)
    assert allowed(prod, name) == wanted


def test_only_who_sets_matches_and_delivers_webhooks_may_read_their_secrets() -> None:
    readers = {row.name for row in FUNCTIONS if Permission.READS_WEBHOOKS in row.permissions}
    assert readers == {"serve_webhooks", "broadcast_events", "deliver_webhooks"}
    assert set(KNOWN_OF_WEBHOOKS) == set(KNOWN)


def test_only_the_archiver_deletes_of_a_job_and_only_in_its_own_region() -> None:
    assert [row.name for row in FUNCTIONS if Permission.ARCHIVES_JOBS in row.granted] == ["archive_jobs"]
    deleting = {resource for action, resource, _ in PAYLOAD_MEANINGS[Permission.ARCHIVES_JOBS] if "Delete" in action}
    assert deleting == {TABLE}


def test_whoever_reads_jobs_reads_old_ones_from_the_archive() -> None:
    for row in FUNCTIONS:
        reads = bool({Permission.READS_ARCHIVE, Permission.KEEPS_ARCHIVE} & set(row.granted))
        assert reads is (Permission.READS_JOBS in row.permissions), row.name


def test_every_permission_is_somebody_s() -> None:
    used = {permission for row in FUNCTIONS for permission in row.granted}
    assert used == set(Permission)


def test_no_two_functions_share_a_role_and_only_lambda_may_take_one(prod: Environment) -> None:
    roles = [function["Role"]["Fn::GetAtt"][0] for function in prod.first.properties("Lambda::Function")]
    assert len(set(roles)) == len(FUNCTIONS)
    for role in roles:
        trust = prod.first.resources[role]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        assert [statement["Principal"] for statement in trust] == [{"Service": "lambda.amazonaws.com"}]


def test_a_model_that_is_no_inference_profile_is_allowed_in_its_own_region_alone(one_model: Environment) -> None:
    statements = one_model.first.statements_of(function_named("advance_jobs"))
    models = [resolve(s["Resource"]) for s in statements if s["Action"] == "bedrock:InvokeModel"]
    assert models == ["arn:<AWS::Partition>:bedrock:eu-west-1::foundation-model/amazon.nova-lite-v1:0"]


def lambda_permissions(environment: Environment, called: str) -> list[dict[str, Any]]:
    return [
        {key: resolve(value) for key, value in permission.items() if key not in ("Action", "FunctionName")}
        for permission in environment.first.properties("Lambda::Permission")
        if resolve(permission["FunctionName"]) == called and permission["Action"] == "lambda:InvokeFunction"
    ]


@pytest.mark.parametrize("name", [row.name for row in FUNCTIONS if row.routes])
def test_api_gateway_may_call_a_function_for_its_own_routes_only(name: str, prod: Environment) -> None:
    row = function_named(name)
    api, _ = prod.first.only("ApiGateway::RestApi")
    stage, _ = prod.first.only("ApiGateway::Stage")
    arn = f"arn:<AWS::Partition>:execute-api:us-east-1:<AWS::AccountId>:<{api}>/<{stage}>"
    allowed = lambda_permissions(prod, prod.first.live_arn(row))
    assert {permission["Principal"] for permission in allowed} == {"apigateway.amazonaws.com"}
    sources = {permission["SourceArn"] for permission in allowed}
    if sources != {f"{arn}/{route.method}{PARAMETER.sub('*', route.path)}" for route in row.routes}:
        [source] = sources  # one for all of them
        for other in FUNCTIONS:
            for route in other.routes:
                called = f"{arn}/{route.method}{route.path}"
                assert fnmatchcase(called, source) == (other is row), called


def test_api_gateway_may_call_the_authorizer_as_this_api_s_authorizer_only(prod: Environment) -> None:
    api, _ = prod.first.only("ApiGateway::RestApi")
    authorizer, _ = prod.first.only("ApiGateway::Authorizer")
    source = f"arn:<AWS::Partition>:execute-api:us-east-1:<AWS::AccountId>:<{api}>/authorizers/<{authorizer}>"
    assert lambda_permissions(prod, prod.first.live_arn(function_named("authorize_request"))) == [
        {"Principal": "apigateway.amazonaws.com", "SourceArn": source}
    ]


@pytest.mark.parametrize("name", [row.name for row in FUNCTIONS if isinstance(row.trigger, Schedule)])
def test_eventbridge_may_call_a_scheduled_function_for_its_own_rule_only(name: str, prod: Environment) -> None:
    alias = prod.first.alias_of(function_named(name))
    rules = [key for key, rule in prod.first.each("Events::Rule") if rule["Targets"][0]["Arn"] == {"Ref": alias}]
    assert lambda_permissions(prod, f"<{alias}>") == [
        {"Principal": "events.amazonaws.com", "SourceArn": f"<{rule}.Arn>"} for rule in rules
    ]
    assert len(rules) == 1


def test_nobody_else_may_call_a_function(prod: Environment) -> None:
    granted = prod.first.properties("Lambda::Permission")
    called = {prod.first.live_arn(row) for row in FUNCTIONS if row.routes or isinstance(row.trigger, Authorizer)}
    called |= {f"<{prod.first.alias_of(row)}>" for row in FUNCTIONS if isinstance(row.trigger, Schedule)}
    assert {resolve(permission["FunctionName"]) for permission in granted} == called


def test_every_queue_refuses_plain_http_and_encrypts(prod: Environment) -> None:
    policies = {
        resolve(policy["Queues"][0]): policy["PolicyDocument"]["Statement"]
        for policy in prod.first.properties("SQS::QueuePolicy")
    }
    for queue, properties in prod.first.each("SQS::Queue"):
        assert "KmsMasterKeyId" in properties
        insecure = [
            statement
            for statement in policies[f"<{queue}>"]
            if statement["Effect"] == "Deny"
            and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
            and statement["Principal"] == {"AWS": "*"}
        ]
        assert [statement["Action"] for statement in insecure] == ["sqs:*"]


def test_eventbridge_may_put_a_start_that_failed_on_the_schedules_dead_letters(prod: Environment) -> None:
    queue, _ = prod.first.only("SQS::Queue", QueueName="antipode-prod-schedules-dead")
    _, policy = prod.first.only("SQS::QueuePolicy", Queues=[{"Ref": queue}])
    sources = {
        resolve(statement["Condition"]["ArnEquals"]["aws:SourceArn"])
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Principal"] == {"Service": "events.amazonaws.com"} and statement["Action"] == "sqs:SendMessage"
    }
    scheduled = {rule for rule, said in prod.first.each("Events::Rule") if "ScheduleExpression" in said}
    assert sources == {f"<{rule}.Arn>" for rule in scheduled}


def test_the_bus_may_put_events_on_the_deliveries_queue_by_its_own_rule_only(prod: Environment) -> None:
    queue, _ = prod.first.only("SQS::Queue", QueueName="antipode-prod-webhooks")
    rules = [rule for rule, said in prod.first.each("Events::Rule") if "EventBusName" in said]
    _, policy = prod.first.only("SQS::QueuePolicy", Queues=[{"Ref": queue}])
    sending = [
        resolve(statement["Condition"]["ArnEquals"]["aws:SourceArn"])
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow" and "sqs:SendMessage" in as_list(statement["Action"])
    ]
    assert sending == [f"<{rule}.Arn>" for rule in rules]
    assert len(rules) == 1


def test_alarms_of_this_account_and_failures_of_backups_may_speak_to_the_topic(prod: Environment) -> None:
    _, policy = prod.first.only("SNS::TopicPolicy")
    allowing = [s for s in policy["PolicyDocument"]["Statement"] if s["Effect"] == "Allow"]
    assert [(s["Action"], s["Principal"], resolve(s.get("Condition"))) for s in allowing] == [
        (
            "sns:Publish",
            {"Service": "cloudwatch.amazonaws.com"},
            {
                "StringEquals": {"aws:SourceAccount": "<AWS::AccountId>"},
                "ArnLike": {
                    "aws:SourceArn": "arn:<AWS::Partition>:cloudwatch:us-east-1:<AWS::AccountId>:alarm:*",
                },
            },
        ),
        (
            "sns:Publish",
            {"Service": "events.amazonaws.com"},
            None,
        ),  # EventBridge heeds no condition in a topic's policy
    ]

"""Scheduled rules start at once, keep their rate and hold nothing up (shims/scheduled_rules.py)."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from typing import Any

import pytest

from localstack.layout import CHECKOUT
from tests.eventually import eventually
from tests.integration.emulator.processes import Emulators, allow
from tests.integration.emulator.shim_proof import with_and_without

SENDS_WHAT_IT_GETS = """
    import json, boto3

    def handler(event, context):
        boto3.client("sqs").send_message(QueueUrl=event["queue"], MessageBody=json.dumps(event))
"""

# Says that it began, then runs until it is told to end.
RUNS_UNTIL_TOLD = """
    import json, boto3

    def handler(event, context):
        sqs = boto3.client("sqs")
        if "Records" in event:
            event = json.loads(event["Records"][0]["body"])
        sqs.send_message(QueueUrl=event["queue"], MessageBody="began")
        while not sqs.receive_message(QueueUrl=event["end"], WaitTimeSeconds=1).get("Messages"):
            pass
        sqs.send_message(QueueUrl=event["queue"], MessageBody="ended")
"""


def make_queue(emulators: Emulators, name: str) -> str:
    made = emulators.client("sqs").create_queue(QueueName=name, Attributes={"VisibilityTimeout": "60"})
    return str(made["QueueUrl"])


def next_message(emulators: Emulators, queue: str, within: float) -> str:
    sqs = emulators.client("sqs")

    def take() -> str:
        for message in sqs.receive_message(QueueUrl=queue).get("Messages", []):
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            return str(message["Body"])
        return ""

    return eventually(take, within=within, what=f"a message in {queue}")


def schedule(emulators: Emulators, name: str, function_arn: str, event: dict[str, Any]) -> None:
    emulators.client("events").put_rule(Name=name, ScheduleExpression="rate(1 minute)")
    target = {"Id": "1", "Arn": function_arn, "Input": json.dumps(event)}
    emulators.client("events").put_targets(Rule=name, Targets=[target])


def map_queue(emulators: Emulators, function: str, queue: str, *, batch_size: int = 10) -> None:
    attributes = emulators.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    emulators.client("lambda").create_event_source_mapping(
        FunctionName=function, EventSourceArn=attributes["Attributes"]["QueueArn"], BatchSize=batch_size
    )


def test_a_new_rule_fires_within_seconds(cloud: Emulators) -> None:
    heard = make_queue(cloud, "heard")
    function = cloud.function("speaks-up", SENDS_WHAT_IT_GETS, allow("sqs:SendMessage"))

    schedule(cloud, "each-minute", function, {"queue": heard})

    assert json.loads(next_message(cloud, heard, within=60)) == {"queue": heard}


def test_a_function_that_runs_for_long_holds_up_no_rule_and_no_mapping(cloud: Emulators) -> None:
    may_use_queues = allow("sqs:*")
    heard, end, work = (make_queue(cloud, name) for name in ("long-heard", "long-end", "long-work"))
    long_running = cloud.function("runs-long", RUNS_UNTIL_TOLD, may_use_queues, Timeout=60)
    short = cloud.function("runs-short", SENDS_WHAT_IT_GETS, may_use_queues)
    by_mapping = cloud.function(
        "runs-by-mapping", SENDS_WHAT_IT_GETS.replace('event["queue"]', f'"{heard}"'), may_use_queues
    )
    schedule(cloud, "long", long_running, {"queue": heard, "end": end})
    assert next_message(cloud, heard, within=60) == "began"

    schedule(cloud, "short", short, {"queue": heard})
    assert json.loads(next_message(cloud, heard, within=60)) == {"queue": heard}
    map_queue(cloud, by_mapping, work)
    cloud.client("sqs").send_message(QueueUrl=work, MessageBody="work")
    assert "work" in next_message(cloud, heard, within=60)
    # The next minute's run overlaps with one that is late: it gets an environment of its own.
    cloud.invoke("runs-long", {"queue": heard, "end": end}, InvocationType="Event")
    assert next_message(cloud, heard, within=60) == "began"

    for _ in range(2):
        cloud.client("sqs").send_message(QueueUrl=end, MessageBody="end")
    assert [next_message(cloud, heard, within=60) for _ in range(2)] == ["ended", "ended"]


def test_a_mapped_function_that_runs_for_long_holds_up_no_other_mapping(cloud: Emulators) -> None:
    may_use_queues = allow("sqs:*")
    heard, end, slow_work, work = (make_queue(cloud, f"mapped-{name}") for name in ("heard", "end", "slow", "work"))
    slow = cloud.function("mapped-slow", RUNS_UNTIL_TOLD, may_use_queues, Timeout=60)
    quick = cloud.function("mapped-quick", SENDS_WHAT_IT_GETS.replace('event["queue"]', f'"{heard}"'), may_use_queues)
    map_queue(cloud, slow, slow_work)
    map_queue(cloud, quick, work)
    cloud.client("sqs").send_message(QueueUrl=slow_work, MessageBody=json.dumps({"queue": heard, "end": end}))
    assert next_message(cloud, heard, within=60) == "began"

    cloud.client("sqs").send_message(QueueUrl=work, MessageBody="work")
    assert "work" in next_message(cloud, heard, within=60)

    cloud.client("sqs").send_message(QueueUrl=end, MessageBody="end")
    assert next_message(cloud, heard, within=60) == "ended"


# Runs the emulator's own tick over a clock of its own: a look each second, some of them late, for ten minutes.
TEN_MINUTES_OF_TICKS = """
    import itertools, json, os, sys
    os.environ["MINISTACK_TEST_NO_AUTOSTART"] = "1"
    from localstack.shims import scheduled_rules
    from localstack.shims.patching import module

    events = module("services.eventbridge")
    if sys.argv[1] == "cloud":
        scheduled_rules.install(None)
    scope = ("000000000000", "us-east-1")
    arn = "arn:aws:events:us-east-1:000000000000:rule/"
    fired = []
    events._invoke_target = lambda target, event, rule, view: fired.append((rule["Name"], event["Time"]))

    def rule(name, **more):
        made = {"Name": name, "Arn": arn + name, "State": "ENABLED", "ScheduleExpression": "rate(1 minute)"}
        events._rules._data[(*scope, name)] = made | {"CreationTime": 1000.0} | more

    def aim(name):
        events._targets._data[(*scope, name)] = [{"Id": "1", "Arn": "arn:aws:lambda:x"}]

    rule("kept"), aim("kept")
    rule("aimed-late")
    rule("asleep", State="DISABLED"), aim("asleep")
    late = itertools.cycle([0.0, 0.3, 0.9])
    for second in range(600):
        if second == 90:
            aim("aimed-late")
        now = 1000.0 + second + next(late)
        events._now_ts = lambda: now
        events._tick_scheduled_rules()
    print(json.dumps(fired))
"""


@pytest.mark.parametrize("kind", with_and_without("cloud", "stock"))
def test_a_rule_starts_at_once_and_keeps_its_rate_however_late_a_look_is(kind: str) -> None:
    command = [sys.executable, "-c", textwrap.dedent(TEN_MINUTES_OF_TICKS), kind]
    ran = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True)
    fired: list[tuple[str, float]] = json.loads(ran.stdout.splitlines()[-1])

    kept = [int(at) - 1000 for name, at in fired if name == "kept"]
    assert kept == list(range(0, 600, 60))
    aimed_late = [int(at) - 1000 for name, at in fired if name == "aimed-late"]
    assert aimed_late == list(range(90, 600, 60))
    assert "asleep" not in {name for name, _ in fired}

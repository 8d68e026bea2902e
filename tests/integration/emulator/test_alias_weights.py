"""A weighted alias divides invocations between two versions (shims/alias_weights.py)."""

from __future__ import annotations

from tests.integration.emulator.processes import Emulators, allow, zipped
from tests.integration.emulator.shim_proof import needs_its_shim
from tests.integration.emulator.test_scheduled_rules import make_queue, map_queue, next_message

SAYS_ITS_VERSION = """
    import os, boto3

    def handler(event, context):
        version = "{version}"
        if "Records" in event:
            boto3.client("sqs").send_message(QueueUrl=event["Records"][0]["body"], MessageBody=version)
        return [version, context.invoked_function_arn]
"""
# The chance of seeing one version only in 24 even draws is 1 in 8 million.
DRAWS = 24


def make_alias(emulators: Emulators, name: str, weight: float) -> str:
    """A function with two versions behind an alias that sends that share to the second; the alias's ARN."""
    functions = emulators.client("lambda")
    emulators.function(name, SAYS_ITS_VERSION.format(version=1), allow("sqs:*"))
    functions.publish_version(FunctionName=name)
    functions.update_function_code(FunctionName=name, ZipFile=zipped(SAYS_ITS_VERSION.format(version=2)))
    functions.publish_version(FunctionName=name)
    alias = functions.create_alias(
        FunctionName=name,
        Name="live",
        FunctionVersion="1",
        RoutingConfig={"AdditionalVersionWeights": {"2": weight}} if weight else {},
    )
    return str(alias["AliasArn"])


@needs_its_shim
def test_invocations_go_to_both_versions(either: Emulators) -> None:
    alias = make_alias(either, "weighted", 0.5)

    answers = [either.invoke("weighted", {}, Qualifier="live") for _ in range(DRAWS)]

    assert {version for (version, _), _ in answers} == {"1", "2"}
    assert all(reply["ExecutedVersion"] == version for (version, _), reply in answers)
    assert {arn for (_, arn), _ in answers} == {alias}


@needs_its_shim
def test_queue_batches_go_to_both_versions(either: Emulators) -> None:
    make_alias(either, "weighted-batches", 0.5)
    answers, work = make_queue(either, "weighted-answers"), make_queue(either, "weighted-work")
    sqs = either.client("sqs")
    map_queue(either, "weighted-batches:live", work, batch_size=1)
    for _ in range(DRAWS):
        sqs.send_message(QueueUrl=work, MessageBody=answers)

    seen = [next_message(either, answers, within=60) for _ in range(DRAWS)]

    assert set(seen) == {"1", "2"}


def test_an_alias_without_weights_or_with_all_of_them_uses_one_version(cloud: Emulators) -> None:
    make_alias(cloud, "promoted", 0.0)
    assert {cloud.invoke("promoted", {}, Qualifier="live")[0][0] for _ in range(DRAWS)} == {"1"}

    routing = {"AdditionalVersionWeights": {"2": 1.0}}
    cloud.client("lambda").update_alias(FunctionName="promoted", Name="live", RoutingConfig=routing)
    assert {cloud.invoke("promoted", {}, Qualifier="live")[0][0] for _ in range(DRAWS)} == {"2"}


def test_looking_a_function_up_by_a_weighted_alias_shows_its_primary_version(cloud: Emulators) -> None:
    make_alias(cloud, "looked-up", 0.9)
    functions = cloud.client("lambda")
    shown = {
        functions.get_function_configuration(FunctionName="looked-up", Qualifier="live")["Version"]
        for _ in range(DRAWS)
    } | {
        functions.get_function(FunctionName="looked-up", Qualifier="live")["Configuration"]["Version"]
        for _ in range(DRAWS)
    }
    assert shown == {"1"}

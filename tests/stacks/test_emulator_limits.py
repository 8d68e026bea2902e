"""The local cloud deploys the same templates, so they keep to what its emulator can do (docs/local-cloud).

Where the emulator would take something and do something else, only a look at the template can tell.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from stacks.naming import stacks_of
from tests.stacks.templates import Environment, Template

#: Types that the emulator lacks and our own launcher adds (localstack/shims).
ADDED = {"AWS::Route53::HealthCheck"}
#: Made by a function of ours, which the emulator calls as CloudFormation does.
MADE_BY_OURSELVES = {"Custom::StateStream"}
#: In filters of event source mappings these never match, and the message is deleted.
OPERATORS_THAT_LOSE_MESSAGES = {"$or", "wildcard", "equals-ignore-case"}


@pytest.fixture(params=["data", *stacks_of("us-east-1"), *stacks_of("us-west-2")])
def template(request: pytest.FixtureRequest, local: Environment) -> Template:
    return Template(local.paths[request.param])


def values(part: Any) -> Iterator[tuple[str, Any]]:
    """Yield every key of a template with its value."""
    if isinstance(part, dict):
        for key, value in part.items():
            yield key, value
            yield from values(value)
    elif isinstance(part, list):
        for item in part:
            yield from values(item)


def test_every_resource_type_is_one_that_the_local_cloud_can_make(template: Template) -> None:
    from ministack.services.cloudformation.provisioners import _RESOURCE_HANDLERS

    used = {resource["Type"] for resource in template.resources.values()}
    assert used <= set(_RESOURCE_HANDLERS) | ADDED | MADE_BY_OURSELVES
    assert not ADDED & set(_RESOURCE_HANDLERS), "the emulator has caught up: take it off this list and drop the shim"


def test_nothing_hangs_on_a_condition(template: Template) -> None:
    assert "Conditions" not in template.body
    assert not any("Condition" in resource for resource in template.resources.values())


def test_nothing_but_what_no_template_can_know_is_made_by_a_custom_resource(template: Template) -> None:
    kinds = {resource["Type"] for resource in template.resources.values()}
    custom = {kind for kind in kinds if kind.startswith("Custom::") or kind == "AWS::CloudFormation::CustomResource"}
    assert custom <= MADE_BY_OURSELVES


def test_no_mapping_filters_by_an_operator_that_loses_messages(template: Template) -> None:
    for mapping in template.properties("Lambda::EventSourceMapping"):
        patterns = [json.loads(row["Pattern"]) for row in mapping.get("FilterCriteria", {}).get("Filters", [])]
        assert not OPERATORS_THAT_LOSE_MESSAGES & {key for key, _ in values(patterns)}


def test_no_mapping_of_a_queue_asks_for_a_batching_window_or_more_than_ten_messages(template: Template) -> None:
    for mapping in template.properties("Lambda::EventSourceMapping"):
        if "StartingPosition" in mapping:
            continue  # of a stream: localstack/shims/stream_mappings.py heeds what it asks for
        assert mapping["BatchSize"] <= 10
        assert "MaximumBatchingWindowInSeconds" not in mapping


def test_no_alarm_computes_with_metrics(template: Template) -> None:
    assert not any("Metrics" in alarm for alarm in template.properties("CloudWatch::Alarm"))

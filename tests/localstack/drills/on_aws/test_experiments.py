"""Experiments of FIS, which moto does not have: every call and answer is held against the service's model."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from localstack.drills.on_aws.changes import Change, Kind
from localstack.drills.on_aws.deployed import Clients
from localstack.drills.on_aws.means import Experiments
from localstack.drills.on_aws.refusals import Code, Refused
from tests.localstack.drills.on_aws.installation import FIRST, PREFIX, deployed

TEMPLATE = "EXT4W8v1Q2vA2bCDe"
TEMPLATES = {
    "experimentTemplates": [
        {"id": TEMPLATE, "tags": {"antipode-drill": PREFIX, "antipode-fault": "pause-replication"}},
        {"id": "EXTfails", "tags": {"antipode-drill": PREFIX, "antipode-fault": "fail-workers"}},
        {"id": "EXTdelays", "tags": {"antipode-drill": PREFIX, "antipode-fault": "delay-workers"}},
        {"id": "EXTother", "tags": {"antipode-drill": "x", "antipode-fault": "pause-replication"}},
        {"id": "EXTbare"},
    ]
}
CHANGE = Change(Kind.EXPERIMENT, FIRST, TEMPLATE, None)


@pytest.fixture
def fis(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    make: Any = boto3.client
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    stub = Stubber(make("fis", region_name=FIRST, **keys))

    def get(_: Clients, service: str, region: str) -> Any:
        assert (service, region) == ("fis", FIRST)
        return stub.client

    monkeypatch.setattr(Clients, "get", get)
    with stub:
        yield stub
        stub.assert_no_pending_responses()


@pytest.fixture
def means() -> Experiments:
    here = deployed()
    return Experiments(here, Clients(here))


def runs(fis: Stubber, *rows: tuple[str, str, str]) -> None:
    """There are these experiments of the template: id, state, drill."""
    answer = [
        {
            "id": id_,
            "experimentTemplateId": TEMPLATE,
            "state": {"status": status},
            "creationTime": datetime(2026, 1, 2, tzinfo=UTC),
            "tags": {"antipode-drill": drill},
        }
        for id_, status, drill in rows
    ]
    fis.add_response("list_experiments", {"experiments": answer}, {"experimentTemplateId": TEMPLATE})


def test_the_template_is_the_one_that_is_tagged_for_this_installation(fis: Stubber, means: Experiments) -> None:
    fis.add_response("list_experiment_templates", TEMPLATES, {})
    assert means.found(FIRST) == [TEMPLATE]


def test_each_fault_in_the_workers_has_a_template_of_its_own(fis: Stubber) -> None:
    here = deployed(function_faults=True)
    for kind, template in ((Kind.ERRORS, "EXTfails"), (Kind.DELAYS, "EXTdelays")):
        fis.add_response("list_experiment_templates", TEMPLATES, {})
        assert Experiments(here, Clients(here), kind).found(FIRST) == [template]


def test_without_the_extension_in_the_workers_their_faults_are_refused(fis: Stubber) -> None:
    here = deployed()
    with pytest.raises(Refused, match="function_faults is off") as refused:
        Experiments(here, Clients(here), Kind.ERRORS).found(FIRST)
    assert refused.value.code is Code.NO_MEANS


def test_without_a_template_the_drill_is_refused(fis: Stubber, means: Experiments) -> None:
    fis.add_response("list_experiment_templates", {"experimentTemplates": []}, {})
    with pytest.raises(Refused) as refused:
        means.found(FIRST)
    assert refused.value.code is Code.NOT_AS_EXPECTED


def test_an_experiment_is_started_once_however_often_and_bears_the_drills_tag(fis: Stubber, means: Experiments) -> None:
    asked = {"clientToken": "d-1", "experimentTemplateId": TEMPLATE, "tags": {"antipode-drill": "d-1"}}
    fis.add_response("start_experiment", {"experiment": {"id": "EXP1"}}, asked)
    means.change(CHANGE, "d-1")


def test_putting_back_stops_what_the_drill_started_and_nothing_else(fis: Stubber, means: Experiments) -> None:
    runs(
        fis,
        ("EXP1", "running", "d-1"),
        ("EXP2", "stopping", "d-1"),
        ("EXP3", "completed", "d-1"),
        ("EXP4", "running", "somebody's"),
    )
    fis.add_response("stop_experiment", {"experiment": {"id": "EXP1"}}, {"id": "EXP1"})
    means.put_back(CHANGE, "d-1")


@pytest.mark.parametrize(("status", "is_back"), [("stopping", False), ("stopped", True), ("completed", True)])
def test_an_experiment_is_back_when_it_is_over(fis: Stubber, means: Experiments, status: str, is_back: bool) -> None:
    runs(fis, ("EXP1", status, "d-1"))
    assert means.is_back(CHANGE, "d-1") is is_back


def test_a_drill_does_not_begin_while_an_experiment_runs(fis: Stubber, means: Experiments) -> None:
    runs(fis, ("EXP9", "initiating", "somebody's"))
    with pytest.raises(Refused) as refused:
        means.look(FIRST, TEMPLATE)
    assert refused.value.code is Code.DRILL_UNDER_WAY

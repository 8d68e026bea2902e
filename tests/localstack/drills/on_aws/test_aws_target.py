"""AWS as a target: what is seen of both Regions, which jobs are looked at, and what a fault's effect is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import httpx
import pytest
from botocore.stub import Stubber

from functions.domain.job.events import JobSubmitted, encode
from localstack.drills.evidence import Sample
from localstack.drills.faults import FIRST as FIRST_OF_STORY
from localstack.drills.faults import (
    SECOND as SECOND_OF_STORY,
)
from localstack.drills.faults import ClientsCutOff, Fault, LanesClosed, RegionKilled, ReplicationPaused
from localstack.drills.on_aws.aws_stories import AWS_DRILLS, PATIENCE_SECONDS, kinds_of
from localstack.drills.on_aws.aws_target import AwsTarget, effect_of
from localstack.drills.on_aws.changes import Kind
from localstack.drills.on_aws.deployed import Clients
from localstack.drills.on_aws.regions_seen import RegionsSeen
from localstack.drills.story import Drill
from localstack.drills.target import CannotDrill
from tests.localstack.drills.on_aws.installation import FIRST, PREFIX, SECOND, Clock, deployed
from tests.mocked_aws import mocked_aws

NAMES = {FIRST_OF_STORY: FIRST, SECOND_OF_STORY: SECOND}


class Replicated(Clients):
    """Both Regions have one table, as if nothing ever took time; or two, as if nothing ever arrived."""

    alike = True

    def get(self, service: str, region: str) -> Any:
        return super().get(service, FIRST if self.alike else region)


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> Iterator[Replicated]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mocked_aws():
        made = Replicated(deployed())
        for region in (FIRST, SECOND):
            Clients(deployed()).get("dynamodb", region).create_table(
                TableName=PREFIX,
                KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
                AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
                BillingMode="PAY_PER_REQUEST",
            )
        yield made


class Counted(Clients):
    """What CloudWatch says is given."""

    def __init__(self, cloudwatch: Any) -> None:
        super().__init__(deployed())
        self.cloudwatch = cloudwatch

    def get(self, service: str, region: str) -> Any:
        return self.cloudwatch if service == "cloudwatch" else super().get(service, region)


def answers(**regions: str | None) -> httpx.MockTransport:
    """Each address answers as a Region, or not at all."""

    def answer(request: httpx.Request) -> httpx.Response:
        region = regions.get(request.url.host.partition(".")[0].replace("-", "_"))
        return httpx.Response(200 if region else 503, json={"status": "ok", "region": region})

    return httpx.MockTransport(answer)


def seen(clients: Clients, clock: Clock, **regions: str | None) -> RegionsSeen:
    def sleep(seconds: float) -> None:
        clock.at += seconds

    return RegionsSeen(deployed(), clients, now=clock, sleep=sleep, transport=answers(**regions))


def says(clients: Clients, region: str, lost: bool) -> None:
    item = {"pk": {"S": f"REGION#{region}"}, "sk": {"S": "PEER"}, "lost": {"BOOL": lost}}
    clients.get("dynamodb", region).put_item(TableName=PREFIX, Item=item)


ALL_WELL = {"us_east_1": FIRST, "us_west_2": SECOND, "api": FIRST}


@pytest.mark.parametrize(
    ("regions", "lost", "complaint"),
    [
        (ALL_WELL, False, None),
        ({**ALL_WELL, "us_west_2": None}, False, "us-west-2 does not answer its health check"),
        ({**ALL_WELL, "api": SECOND}, False, "the failover name leads to us-west-2, not to us-east-1"),
        (ALL_WELL, True, "us-east-1 holds its peer for lost, or does not say"),
    ],
)
def test_regions_are_well_that_answer_and_think_well_of_each_other(
    clients: Replicated, clock: Clock, regions: dict[str, str | None], lost: bool, complaint: str | None
) -> None:
    says(clients, FIRST, lost)
    says(clients, SECOND, lost)
    assert seen(clients, clock, **regions).unwell() == complaint


def test_replication_is_waited_for_by_markers_and_told_by_them(clients: Replicated, clock: Clock) -> None:
    looked = seen(clients, clock)
    assert looked.settle(5)
    assert looked.lag_ms()[FIRST]["p50"] is not None
    clients.alike = False
    assert not looked.settle(5)
    assert [looked.mark() for _ in range(3)][-1] == {FIRST: 3, SECOND: 3}
    clients.alike = True


def target(clients: Clients, clock: Clock, drill: Drill, asked: list[tuple[str, int]]) -> AwsTarget:
    def ask(what: str, number: int) -> bool:
        asked.append((what, number))
        return True

    made = AwsTarget(deployed(), clients, drill, "token", ask, paused_within_seconds=30)
    made.seen = seen(clients, clock)
    return made


def test_only_the_loads_jobs_are_read(clients: Replicated, clock: Clock) -> None:
    event = JobSubmitted(
        at="2026-01-02T03:04:05Z",
        tenant="drills",
        agent="probe",
        agent_version="1",
        lane="standard",
        input={},
        body_digest="0",
    )
    for job in ("job_ours", "job_theirs"):
        item = {
            "pk": {"S": f"JOB#{job}"},
            "sk": {"S": f"E#000001.{FIRST}#00000001"},
            "events": {"S": encode([event])},
            "writer": {"S": FIRST},
        }
        clients.get("dynamodb", FIRST).put_item(TableName=PREFIX, Item=item)
    played_on = target(clients, clock, AWS_DRILLS["region-killed"], [])
    assert played_on.items(FIRST) == {}
    played_on.note_job("job_ours")
    assert {segment.job_id for segment in played_on.segments(SECOND, {"job_ours"}).values()} == {"job_ours"}


def test_a_fault_is_asked_for_and_undone_by_its_number(clients: Replicated, clock: Clock) -> None:
    asked: list[tuple[str, int]] = []
    drill = AWS_DRILLS["region-killed"]
    underway = target(clients, clock, drill, asked).begin(drill.when[0], NAMES, seed=1)
    underway.undo()
    assert underway.restored()
    assert asked == [("break", 0), ("undo", 0), ("is-undone", 0)]


def test_an_experiment_that_runs_without_pausing_anything_makes_no_drill(clients: Replicated, clock: Clock) -> None:
    asked: list[tuple[str, int]] = []
    drill = AWS_DRILLS["replication-paused"]
    with pytest.raises(CannotDrill, match="did not pause within 30 s"):
        target(clients, clock, drill, asked).begin(drill.when[0], NAMES, seed=1)
    assert asked == [("break", 0), ("undo", 0)]
    clients.alike = False
    target(clients, clock, drill, asked).begin(drill.when[0], NAMES, seed=1)
    assert asked[2:] == [("break", 0)]


def sample(**changes: Any) -> Sample:
    return Sample(**{"at": 1.0, "acknowledged": 1, "finished": 0, "answering": FIRST, **changes})


@pytest.mark.parametrize(
    ("fault", "shown", "not_shown"),
    [
        (RegionKilled(), sample(answers={FIRST: False}), sample(answers={FIRST: True})),
        (ClientsCutOff(), sample(answering=SECOND), sample(answering=None)),
        (LanesClosed(), sample(answering=SECOND), sample()),
        (ReplicationPaused(), sample(behind={FIRST: 9}), sample(behind={FIRST: 1})),
    ],
)
def test_a_fault_is_seen_by_what_clients_and_markers_see(fault: Fault, shown: Sample, not_shown: Sample) -> None:
    assert effect_of(fault, FIRST, [not_shown, shown])[1]
    assert not effect_of(fault, FIRST, [not_shown])[1]


@pytest.mark.parametrize(
    ("name", "metric", "statistic", "shown", "not_shown"),
    [("workers-failing", "Errors", "Sum", 3.0, 0.0), ("workers-late", "Duration", "Minimum", 9_400.0, 700.0)],
)
def test_faults_in_invocations_are_seen_by_what_cloudwatch_counts(
    clients: Replicated, clock: Clock, name: str, metric: str, statistic: str, shown: float, not_shown: float
) -> None:
    drill = AWS_DRILLS[name]
    make: Any = boto3.client
    with Stubber(make("cloudwatch", region_name=FIRST)) as stub:
        played_on = target(Counted(stub.client), clock, drill, [])
        underway = played_on.begin(drill.when[0], NAMES, seed=1)
        began = clock.at
        clock.at += 170
        for values, visible in (([not_shown, shown], True), ([not_shown], False), ([], False)):
            asked = {
                "Namespace": "AWS/Lambda",
                "MetricName": metric,
                "Dimensions": [{"Name": "FunctionName", "Value": f"{PREFIX}-advance-jobs"}],
                "StartTime": datetime.fromtimestamp(began, UTC),
                "EndTime": datetime.fromtimestamp(clock.at, UTC),
                "Period": 60,
                "Statistics": [statistic],
            }
            stub.add_response("get_metric_statistics", {"Datapoints": [{statistic: value} for value in values]}, asked)
            assert underway.effect([])[1] is visible


def test_each_drill_on_aws_has_means_and_fits_into_the_time_that_a_function_may_run() -> None:
    kinds = {kind for drill in AWS_DRILLS.values() for fault in drill.when for kind in kinds_of(fault)}
    assert kinds == set(Kind)
    assert all(drill.patience_seconds <= PATIENCE_SECONDS for drill in AWS_DRILLS.values())
    with pytest.raises(CannotDrill, match="no means on AWS"):
        kinds_of(RegionKilled(again=True))

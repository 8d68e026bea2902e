"""AWS as a target of drills. It breaks nothing by itself: that is asked of functions that may, and may nothing else.

It reads both replicas past the API, but only the jobs of its own load: a table on AWS holds those of others, too.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from functions.domain.job.history import Segment
from localstack.drills.evidence import Sample
from localstack.drills.faults import (
    ClientsCutOff,
    Fault,
    InvocationsSpoilt,
    Names,
    RegionFrozen,
    RegionKilled,
    ReplicationPaused,
)
from localstack.drills.on_aws.deployed import Clients, Deployed
from localstack.drills.on_aws.regions_seen import RegionsSeen
from localstack.drills.story import Drill
from localstack.drills.target import CannotDrill, Underway
from localstack.evidence.replicas import Item, Key, is_segment, key_of, segment_of
from stacks.api_client import ApiClient, ApiError, Submission

PATIENCE_SECONDS = 180.0
ANSWER_SECONDS = 5.0
READERS = 8
#: FIS may need so long until replication pauses.
PAUSED_WITHIN_SECONDS = 330.0
#: A change that has not arrived after so long is held up.
HELD_UP_SECONDS = 10.0
PAUSE_SECONDS = 1.0
#: An invocation that takes so long was held up: the jobs of those drills take less than a second each.
LATE_MILLISECONDS = 8_000.0
METRIC_SECONDS = 60

#: Asks a task of this drill's fault, by number: `break`, `undo`, `is-undone`.
Ask = Callable[[str, int], Any]


class NotingApiClient(ApiClient):
    """Writes down which jobs it submitted."""

    def __init__(self, url: str, token: str, *, note: Callable[[str], None], **options: Any) -> None:
        super().__init__(url, token, **options)
        self._note = note

    def submit(self, submission: Submission, *, key: str | None = None, wait_seconds: int = 0) -> dict[str, Any]:
        """See ApiClient."""
        job = super().submit(submission, key=key, wait_seconds=wait_seconds)
        self._note(str(job["id"]))
        return job


@dataclass(slots=True)
class AskedFault:
    """A fault that was asked for."""

    fault: Fault
    number: int
    region: str
    ask: Ask
    measure: Callable[[], tuple[str, bool]] | None = None
    """For what is not seen in samples."""

    def undo(self) -> None:
        """See Underway."""
        self.ask("undo", self.number)

    def restored(self) -> bool:
        """See Underway."""
        return bool(self.ask("is-undone", self.number))

    def effect(self, during: Sequence[Sample]) -> tuple[str, bool]:
        """See Underway."""
        return effect_of(self.fault, self.region, during) if self.measure is None else self.measure()


def effect_of(fault: Fault, region: str, during: Sequence[Sample]) -> tuple[str, bool]:
    """What a fault did, by what was seen while it lasted, and whether that can be seen."""
    match fault:
        case RegionKilled() | RegionFrozen():
            silent = sum(sample.answers.get(region) is False for sample in during)
            return f"{region} gave no answer at {silent} of {len(during)} looks", silent > 0
        case ReplicationPaused():
            most = max((max(sample.behind.values(), default=0) for sample in during), default=0)
            return f"up to {most} markers were on their way at a look", most >= HELD_UP_SECONDS / 2
        case ClientsCutOff() | _:
            away = sum(sample.answering not in (None, region) for sample in during)
            return f"the failover name led away from {region} at {away} of {len(during)} looks", away > 0


@dataclass(slots=True)
class AwsTarget:
    """One installation, looked at from the Region that is not hit."""

    deployed: Deployed
    clients: Clients
    drill: Drill
    token: str
    ask: Ask
    seen: RegionsSeen = field(init=False)
    paused_within_seconds: float = PAUSED_WITHIN_SECONDS
    name: str = "aws"
    _jobs: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.seen = RegionsSeen(self.deployed, self.clients)

    @property
    def regions(self) -> tuple[str, str]:
        """See Target."""
        return self.deployed.regions

    def unwell(self, *, by_name: bool = True) -> str | None:
        """See Target. Whoever prepared the drill has looked at much more."""
        return self.seen.unwell()

    def versions(self) -> Mapping[str, str]:
        """See Target."""
        client = self.clients.get("lambda", self.deployed.region)
        name = f"{self.deployed.prefix}-advance-jobs"
        live = client.get_alias(FunctionName=name, Name="live")
        return {"advance-jobs": f"version {live['FunctionVersion']}", "environment": self.deployed.environment}

    def configuration(self) -> Mapping[str, str]:
        """See Target."""
        return {
            "played from": self.deployed.region,
            "everything is put back after": f"{self.deployed.limit_seconds} s at the latest",
            "what stands for a Region that is killed": "mappings disabled, reserved concurrency 0",
        }

    def api(self, region: str | None, on_failed_try: Callable[[ApiError], None]) -> ApiClient:
        """See Target."""
        return NotingApiClient(
            self.deployed.api_url if region is None else self.deployed.region_api_urls[region],
            self.token,
            note=self.note_job,
            patience_seconds=PATIENCE_SECONDS,
            on_failed_try=on_failed_try,
            answer_seconds=ANSWER_SECONDS,
        )

    def note_job(self, job_id: str) -> None:
        """From now on this job is looked at."""
        with self._lock:
            self._jobs.add(job_id)

    def begin(self, fault: Fault, names: Names, seed: int) -> Underway:
        """See Target."""
        number = self.drill.when.index(fault)
        self.ask("break", number)
        asked = AskedFault(fault, number, self.deployed.peer, self.ask)
        if isinstance(fault, InvocationsSpoilt):
            begun = self.seen.now()
            asked.measure = lambda: self._invocations(fault, begun)
        if isinstance(fault, ReplicationPaused):
            self._wait_until_paused(asked)
        return asked

    def _invocations(self, fault: InvocationsSpoilt, begun: float) -> tuple[str, bool]:
        """What CloudWatch has counted of the workers since then, minute by minute."""
        errors = fault.how == "failing"
        name, statistic = f"{self.deployed.prefix}-advance-jobs", "Sum" if errors else "Minimum"
        answer = self.clients.get("cloudwatch", self.deployed.peer).get_metric_statistics(
            Namespace="AWS/Lambda",
            MetricName="Errors" if errors else "Duration",
            Dimensions=[{"Name": "FunctionName", "Value": name}],
            StartTime=datetime.fromtimestamp(begun, UTC),
            EndTime=datetime.fromtimestamp(self.seen.now(), UTC),
            Period=METRIC_SECONDS,
            Statistics=[statistic],
        )
        values = [float(point[statistic]) for point in answer["Datapoints"]]
        if errors:
            return f"{sum(values):.0f} invocations of {name} failed", sum(values) > 0
        longest = max(values, default=0.0)
        return f"in one minute no invocation of {name} took less than {longest:.0f} ms", longest >= LATE_MILLISECONDS

    def _wait_until_paused(self, asked: AskedFault) -> None:
        """An experiment that runs is not yet one that bites."""
        end = self.seen.now() + self.paused_within_seconds
        while max(self.seen.mark().values()) < HELD_UP_SECONDS / PAUSE_SECONDS:
            if self.seen.now() >= end:
                asked.undo()
                raise CannotDrill(f"replication did not pause within {self.paused_within_seconds:g} s")
            self.seen.sleep(PAUSE_SECONDS)

    def segments(self, region: str, jobs: Collection[str]) -> Mapping[Key, Segment]:
        """See Target. Of the load's jobs, which are all that anybody asks for."""
        return {key: segment_of(item) for key, item in self.items(region).items() if is_segment(key)}

    def items(self, region: str) -> Mapping[Key, Item]:
        """See Target. Of the load's jobs."""
        with self._lock:
            jobs = sorted(self._jobs)
        with ThreadPoolExecutor(READERS) as pool:
            found = pool.map(lambda job: self._items_of(region, job), jobs)
            return {key_of(item): item for items in found for item in items}

    def _items_of(self, region: str, job: str) -> list[Item]:
        pages = (
            self.clients.get("dynamodb", region)
            .get_paginator("query")
            .paginate(
                TableName=self.deployed.table,
                ConsistentRead=True,
                KeyConditionExpression="pk = :pk",
                ExpressionAttributeValues={":pk": {"S": f"JOB#{job}"}},
            )
        )
        return [item for page in pages for item in page["Items"]]

    def answering(self) -> str | None:
        """See Target."""
        return self.seen.served_by(self.deployed.api_url)

    def answers(self, region: str) -> bool:
        """See Target."""
        return self.seen.served_by(self.deployed.region_api_urls[region]) == region

    def peer_lost(self, region: str) -> bool | None:
        """See Target."""
        try:
            return self.seen.peer_lost(region)
        except Exception:  # noqa: BLE001 - a Region that is being broken answers in many ways
            return None

    def behind(self) -> Mapping[str, int]:
        """See Target. Markers that are on their way: one is written at each look."""
        try:
            return self.seen.mark()
        except Exception:  # noqa: BLE001 - as above
            return {}

    def lag_ms(self) -> Mapping[str, Mapping[str, float | None]]:
        """See Target."""
        return self.seen.lag_ms()

    def conflicts(self) -> frozenset[str]:
        """See Target. DynamoDB does not say: both replicas are compared instead."""
        return frozenset()

    def settle(self, seconds: float) -> bool:
        """See Target."""
        return self.seen.settle(seconds)


def asked_of_functions(deployed: Deployed, clients: Clients, drill_id: str) -> Ask:
    """Ask by invoking the functions that may. What fails there is raised here as CannotDrill."""
    client = clients.get("lambda", deployed.region)

    def ask(what: str, number: int) -> Any:
        task = "break" if what == "break" else "restore"
        payload = json.dumps({"id": drill_id, "fault": number, "what": what})
        answer = client.invoke(FunctionName=deployed.task_name(task), Payload=payload.encode())
        said = json.loads(answer["Payload"].read() or b"null")
        if "FunctionError" in answer:
            raise CannotDrill(str(said.get("errorMessage", said)))
        return said

    return ask

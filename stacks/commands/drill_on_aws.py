"""`antipode drill NAME --target aws`: start a drill where it is deployed, follow it, fetch its report, or put back.

The drill itself runs in the Region that is not hit and needs nobody: whoever ends this command ends nothing but it.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from localstack.drills.archive import Archive, Stored
from localstack.drills.bounds import Verdict
from localstack.drills.evidence import Evidence
from localstack.drills.faults import FIRST, SECOND
from localstack.drills.on_aws.aws_stories import AWS_DRILLS, region_hit
from localstack.drills.on_aws.deployed import Clients, Deployed
from localstack.drills.on_aws.desk import Desk
from localstack.drills.on_aws.played import REPORTS, report_key
from localstack.drills.on_aws.refusals import NotYetRestored
from localstack.drills.story import Drill
from localstack.drills.verdicts import outcome_of
from stacks.commands import aws
from stacks.commands.deploy import checked_account, checked_configuration
from stacks.commands.one_line_failures import CannotBeDone, WentWrong
from stacks.config import Configuration
from stacks.drill_settings import drill_settings

LOOK_SECONDS = 5.0
RESTORE_LOOK_SECONDS = 10.0
RESTORE_WITHIN_SECONDS = 300.0
#: The states that come again and again tell nothing.
_SILENT = frozenset({"Between looks", "Guard", "Over?"})

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Installation:
    """What is deployed, as the command line may reach it."""

    configuration: Configuration
    account: str

    @classmethod
    def of(cls, env: str | None, context: dict[str, str]) -> Installation:
        """Raise CannotBeDone where no environment is named, or drills are not configured there."""
        if env is None:
            raise CannotBeDone("--target aws needs --env, dev or prod")
        configuration = checked_configuration(env, context)
        if configuration.drills is None:
            raise CannotBeDone(
                f"drills are not configured in {env}: deploy with "
                """`-c drills='{"accounts": ["<account>"]}'`, see docs/operations/drill-on-aws.md"""
            )
        return cls(configuration, checked_account(configuration))

    def seen_from(self, region: str) -> Deployed:
        """The installation as the functions of a drill in that Region see it."""
        return Deployed.model_validate(drill_settings(self.configuration, region, self.account))


def play_on_aws(
    names: Sequence[str], installation: Installation, seed: int, archive: Archive, tell: Tell
) -> list[tuple[Verdict, Stored | None]]:
    """Play these drills, one after the other; a report is None where none was written."""
    unknown = [name for name in names if name not in AWS_DRILLS]
    if unknown:
        raise CannotBeDone(f"{', '.join(unknown)} cannot be played on AWS; there are {', '.join(AWS_DRILLS)}")
    return [_play_one(name, installation, seed, archive, tell) for name in names]


def _play_one(
    name: str, installation: Installation, seed: int, archive: Archive, tell: Tell
) -> tuple[Verdict, Stored | None]:
    first, second = installation.configuration.regions
    hit = region_hit(AWS_DRILLS[name], {FIRST: first, SECOND: second})
    deployed = installation.seen_from(second if hit == first else first)
    drill_id = f"{name}-{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
    tell(f"{drill_id} is played from {deployed.region} on {hit}")
    ended = _follow(start(deployed, installation.account, name, drill_id, seed), deployed.region, tell)
    if ended["status"] != "SUCCEEDED":
        tell(f"{ended['status'].lower()}: {ended.get('error', '')} {ended.get('cause', '')}".rstrip())
    stored = fetch_report(deployed, name, drill_id, archive)
    return (Verdict.VOID if stored is None else Verdict(stored.data["verdict"])), stored


def start(deployed: Deployed, account: str, name: str, drill_id: str, seed: int) -> str:
    """Start the machine; return the execution's ARN."""
    client = aws.client("stepfunctions", deployed.region)
    partition = client.meta.partition
    machine = f"arn:{partition}:states:{deployed.region}:{account}:stateMachine:{deployed.machine_name}"
    given = json.dumps({"drill": name, "seed": seed})
    try:
        with aws.refusals_of(f"starting {name} in {deployed.region}"):
            return str(client.start_execution(stateMachineArn=machine, name=drill_id, input=given)["executionArn"])
    except WentWrong as refused:
        if aws.error_code(refused) == "StateMachineDoesNotExist":
            raise CannotBeDone(
                f"drills are not deployed in {deployed.region}: `antipode deploy` brings what plays them"
            ) from refused
        raise


def _follow(execution: str, region: str, tell: Tell) -> dict[str, Any]:
    """Tell each state once, until the execution has ended."""
    client, seen = aws.client("stepfunctions", region), 0
    while True:
        with aws.refusals_of(f"following {execution}"):
            ended: dict[str, Any] = client.describe_execution(executionArn=execution)
            pages = client.get_paginator("get_execution_history").paginate(executionArn=execution)
            events = [event for page in pages for event in page["events"]]
        for event in events[seen:]:
            name = event.get("stateEnteredEventDetails", {}).get("name")
            if name and name not in _SILENT:
                tell(name)
        seen = len(events)
        if ended["status"] != "RUNNING":
            return ended
        time.sleep(LOOK_SECONDS)


def fetch_report(deployed: Deployed, name: str, drill_id: str, archive: Archive) -> Stored | None:
    """Fetch the evidence, judge it and store its page; None where none was written."""
    try:
        with aws.refusals_of(f"fetching the report of {drill_id}"):
            found = aws.client("s3", deployed.region).get_object(Bucket=deployed.reports, Key=report_key(drill_id))
            data = json.loads(found["Body"].read())
    except WentWrong as refused:
        if aws.error_code(refused) in ("NoSuchKey", "NoSuchBucket"):
            return None
        raise
    return _stored(AWS_DRILLS[name], Evidence.from_json(data["evidence"]), archive)


def _stored(drill: Drill, evidence: Evidence, archive: Archive) -> Stored:
    return archive.store(evidence, outcome_of(drill, evidence), drill.guards)


def fetch_reports(installation: Installation, archive: Archive) -> list[Stored]:
    """Fetch what lies in both Regions' buckets and is not kept here: reports of drills that a schedule played."""
    begun = {str(each.data["evidence"]["setting"]["begun"]) for each in archive.all()}
    fetched = []
    for region in installation.configuration.regions:
        deployed = installation.seen_from(region)
        client = aws.client("s3", region)
        with aws.refusals_of(f"listing the reports in {deployed.reports}"):
            pages = client.get_paginator("list_objects_v2").paginate(Bucket=deployed.reports, Prefix=REPORTS)
            keys = [row["Key"] for page in pages for row in page.get("Contents", [])]
        for key in keys:
            with aws.refusals_of(f"fetching {key}"):
                data = json.loads(client.get_object(Bucket=deployed.reports, Key=key)["Body"].read())
            evidence = Evidence.from_json(data["evidence"])
            if evidence.setting.begun not in begun and data["drill"] in AWS_DRILLS:
                fetched.append(_stored(AWS_DRILLS[data["drill"]], evidence, archive))
    return fetched


def restore_by_hand(installation: Installation, tell: Tell) -> int:
    """Put back, with the caller's own credentials, what either book names; return how many drills were in them."""
    found = 0
    for region in installation.configuration.regions:
        deployed = installation.seen_from(region)
        desk = Desk(deployed, Clients(deployed))
        with aws.refusals_of(f"reading the drills' book in {region}"):
            entry = desk.book().current()
        if entry is None:
            continue
        found += 1
        tell(f"{entry.drill_id} is in the book of {region} ({entry.phase.value})")
        for line in _restored(desk, entry.drill_id):
            tell(f"as before: {line}")
    return found


def _restored(desk: Desk, drill_id: str) -> list[str]:
    end = time.monotonic() + RESTORE_WITHIN_SECONDS
    while True:
        try:
            with aws.refusals_of(f"putting back what {drill_id} changed"):
                return desk.restore(drill_id)
        except NotYetRestored as error:
            if time.monotonic() >= end:
                raise WentWrong(f"{error}; try again") from error
            time.sleep(RESTORE_LOOK_SECONDS)

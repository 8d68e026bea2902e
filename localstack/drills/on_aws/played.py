"""Plays a drill on AWS from within the Region that is not hit, and keeps its evidence there.

The engine is the one that plays the local cloud. The page with its pictures is made where a person reads it, from the
evidence (`antipode drill NAME --target aws`, `antipode drill fetch`).
"""

from __future__ import annotations

import json
from typing import Any

from localstack.drills.engine import Engine
from localstack.drills.on_aws.aws_stories import AWS_DRILLS
from localstack.drills.on_aws.aws_target import AwsTarget, asked_of_functions
from localstack.drills.on_aws.desk import Desk
from localstack.drills.verdicts import outcome_of

#: A drill begins on a Region that has just been looked at; a failed health check may still be remembered.
WELL_WITHIN_SECONDS = 30.0
#: What the names of all reports begin with.
REPORTS = "drills/"


def played(desk: Desk, name: str, drill_id: str, seed: int) -> dict[str, Any]:
    """Play it; return its verdict and where the evidence lies. Raises CannotDrill."""
    deployed, clients = desk.deployed, desk.clients
    drill = AWS_DRILLS[name]
    found = clients.get("ssm", deployed.region).get_parameter(Name=deployed.token_parameter, WithDecryption=True)
    ask = asked_of_functions(deployed, clients, drill_id)
    target = AwsTarget(deployed, clients, drill, str(found["Parameter"]["Value"]), ask)

    def tell(at: float, line: str) -> None:
        print(json.dumps({"drill": drill_id, "at": round(at, 1), "told": line}), flush=True)

    evidence = Engine(drill, target, seed, tell=tell, well_within_seconds=WELL_WITHIN_SECONDS).play()
    outcome = outcome_of(drill, evidence)
    key = report_key(drill_id)
    report = {"drill": name, "verdict": outcome.verdict.value, "evidence": evidence.to_json()}
    body = json.dumps(report).encode()
    clients.get("s3", deployed.region).put_object(
        Bucket=deployed.reports, Key=key, Body=body, ContentType="application/json"
    )
    desk.book().note_played(drill_id)
    return {"verdict": outcome.verdict.value, "report": key, "broken": [each.text for each in outcome.broken]}


def report_key(drill_id: str) -> str:
    """Where the evidence of a drill lies in the bucket."""
    return f"{REPORTS}{drill_id}.json"

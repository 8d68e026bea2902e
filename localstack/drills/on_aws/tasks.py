"""The functions of a drill, one for each role: what Lambda calls. What they do is in desk.py and played.py.

They are no part of what is drilled: their code is a bundle of its own (`stacks/drill_bundle.py`), so that no worker
holds what can break a Region.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from localstack.drills.on_aws.deployed import Clients, Deployed
from localstack.drills.on_aws.desk import Desk

Event = Mapping[str, Any]


@cache
def desk() -> Desk:
    """Return this process's desk."""
    deployed = Deployed.of_environment()
    return Desk(deployed, Clients(deployed))


def prepare(event: Event, _: object) -> dict[str, Any]:
    """Take the book, look, and write down what will be changed."""
    record = desk().prepare(str(event["drill"]), str(event["id"]))
    return {"hit": record.hit, "changes": len(record.changes)}


def play(event: Event, context: Any) -> dict[str, Any]:
    """Play the whole drill; say how it ended and where its evidence lies."""
    from localstack.drills.on_aws.played import played

    return played(desk(), str(event["drill"]), str(event["id"]), int(event["seed"]))


def break_(event: Event, _: object) -> list[str]:
    """Make the changes of one fault."""
    return desk().break_(str(event["id"]), int(event["fault"]))


def restore(event: Event, _: object) -> Any:
    """Put back what one fault changed, or everything."""
    drill_id = str(event["id"])
    match event.get("what"):
        case "undo":
            desk().undo(drill_id, int(event["fault"]))
            return True
        case "is-undone":
            return desk().is_undone(drill_id, int(event["fault"]))
        case _:
            return desk().finish(drill_id)


def watch(_event: Event, _: object) -> list[str]:
    """Put back what is overdue. Called once a minute, whether or not there is a drill."""
    return desk().watch()


def guard(event: Event, _: object) -> dict[str, bool]:
    """Say whether the drill is over, or raise where it has to stop."""
    return {"over": desk().guard(str(event["id"]))}

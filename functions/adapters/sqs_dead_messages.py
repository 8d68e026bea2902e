"""Messages of lanes that came to nothing, as SQS hands them over: what the queue knows of each, for the list."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from functions.adapters.sqs_lanes import decode_message
from functions.application.bury_message import DeadMessage
from functions.domain.ids import is_job_id
from functions.domain.job.decider import ORPHANED
from functions.domain.lanes import LaneMessage
from functions.observability import EventLog

Bury = Callable[[DeadMessage], Awaitable[None]]
_DEAD = "-dead"


async def bury_batch(records: Sequence[Mapping[str, Any]], bury: Bury, log: EventLog) -> list[dict[str, str]]:
    """List the messages of `records`, and return which must come again because that was not possible."""
    messages = [dead_message(record) for record in records]
    outcomes = await asyncio.gather(*(bury(each) for each in messages), return_exceptions=True)
    failures = []
    for dead, outcome in zip(messages, outcomes, strict=True):
        if outcome is None:
            log.say("message_buried", level="ERROR", message_id=dead.id, lane=dead.lane, body=dead.body[:200])
        else:
            log.failed("message_not_buried", outcome, message_id=dead.id)
            failures.append({"itemIdentifier": dead.id})
    return failures


def dead_message(record: Mapping[str, Any]) -> DeadMessage:
    """Read a record of Lambda's; its queue, a lane's or that of the lane's dead letters, names the lane."""
    attributes = record["attributes"]
    queue = str(record["eventSourceARN"]).rpartition(":")[2].removesuffix(_DEAD)
    return DeadMessage(
        id=record["messageId"],
        lane=queue.rpartition("-")[2],
        body=record["body"],
        receives=int(attributes["ApproximateReceiveCount"]),
        tenant=attributes.get("MessageGroupId") or None,
        message=lane_message(record["body"]),
    )


def lane_message(body: str) -> LaneMessage | None:
    """Return a message of ours; None for any other. Of an orphan no epoch is known: it is found by its due entry."""
    try:
        message = decode_message(body)
    except ValueError:
        return None
    first_epoch = 0 if message.reason == ORPHANED else 1
    return message if is_job_id(message.job_id) and message.epoch >= first_epoch else None

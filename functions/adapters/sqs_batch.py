"""A batch of lane messages as SQS hands it to a worker: all jobs at once in one event loop, then the answer to SQS.

A message that is not one of ours is put on the list of dead letters: put back, it would come again and again.
"""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from functions.adapters.sqs_dead_messages import Bury, bury_batch, lane_message
from functions.domain.lanes import LaneMessage
from functions.observability import EventLog


class Advance(Protocol):
    """What is done for each job."""

    def __call__(self, message: LaneMessage, *, delivery: int, stop_at: float) -> Awaitable[None]: ...


@dataclass(frozen=True, slots=True)
class _Received:
    """One job's messages in a batch: the one to act on, how often it was delivered, and the ids to put back."""

    message: LaneMessage
    delivery: int
    ids: tuple[str, ...]


async def advance_batch(
    records: Sequence[Mapping[str, Any]], advance: Advance, bury: Bury, stop_at: float, log: EventLog
) -> dict[str, list[dict[str, str]]]:
    """Advance the jobs of `records` and return which messages are to come again (ReportBatchItemFailures)."""
    jobs, strange = _jobs(records)
    outcomes = await asyncio.gather(
        *(advance(job.message, delivery=job.delivery, stop_at=stop_at) for job in jobs), return_exceptions=True
    )
    failures = await bury_batch(strange, bury, log) if strange else []
    for job, outcome in zip(jobs, outcomes, strict=True):
        if outcome is not None:
            log.failed("put_back", outcome, job_id=job.message.job_id, epoch=job.message.epoch, delivery=job.delivery)
            failures.extend({"itemIdentifier": message_id} for message_id in job.ids)
    log.count({"messages": len(records), "jobs": len(jobs), "put_back": len(failures)})
    return {"batchItemFailures": failures}


def _jobs(records: Sequence[Mapping[str, Any]]) -> tuple[Sequence[_Received], Sequence[Mapping[str, Any]]]:
    """Return the jobs, and the records that speak of none.

    Two messages for one job in a batch would only race each other: the one of the higher epoch stands for both.
    """
    jobs: dict[str, _Received] = {}
    strange: list[Mapping[str, Any]] = []
    for record in records:
        received = _read(record)
        if received is None:
            strange.append(record)
            continue
        known = jobs.get(received.message.job_id, received)
        if known is not received:
            newer = max(known.message, received.message, key=lambda message: message.epoch)
            received = _Received(newer, max(known.delivery, received.delivery), known.ids + received.ids)
        jobs[received.message.job_id] = received
    return list(jobs.values()), strange


def _read(record: Mapping[str, Any]) -> _Received | None:
    message = lane_message(record["body"])
    if message is None:
        return None
    return _Received(message, int(record["attributes"]["ApproximateReceiveCount"]), (record["messageId"],))

"""What the state table's stream hands to a function, read as new segments; and the answer that says where to go on."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from functions.application.broadcast_events import NewSegment
from functions.domain.job.events import UnreadableEvent, decode
from functions.domain.job.history import segment_from
from functions.domain.moments import to_moment
from functions.observability import EventLog

_JOB = "JOB#"
_SEGMENT = "E#"

Tell = Callable[[Sequence[NewSegment]], Awaitable[int | None]]


async def tell_batch(records: Sequence[Mapping[str, Any]], tell: Tell, log: EventLog) -> dict[str, Any]:
    """Tell of the new segments among `records`; return from which record on Lambda is to come again, if from any.

    What a newer release wrote is left for the newer release's own function: the batch comes again from there.
    """
    news: list[NewSegment] = []
    unreadable: int | None = None
    for place, record in enumerate(records):
        try:
            new = _new_segment(record, place)
        except UnreadableEvent as error:
            log.failed("not_told", error, record=record.get("eventID"))
            unreadable = place
            break
        if new is not None:
            news.append(new)
    try:
        failed = await tell(news)
    except Exception as error:  # noqa: BLE001 - Lambda halves the batch until the one that fails is alone
        log.failed("not_told", error, records=len(records))
        failed = 0
    places = [each for each in (failed, unreadable) if each is not None]
    failures = [{"itemIdentifier": records[min(places)]["dynamodb"]["SequenceNumber"]}] if places else []
    return {"batchItemFailures": failures}


def _new_segment(record: Mapping[str, Any], place: int) -> NewSegment | None:
    """Return the segment that a record shows as newly put, or None if it shows anything else."""
    seen = record["dynamodb"]
    pk, sk = seen["Keys"]["pk"]["S"], seen["Keys"]["sk"]["S"]
    if record["eventName"] != "INSERT" or not pk.startswith(_JOB) or not sk.startswith(_SEGMENT):
        return None
    item = seen["NewImage"]
    segment = segment_from(pk.removeprefix(_JOB), sk, decode(item["events"]["S"]))
    arrived = datetime.fromtimestamp(float(seen["ApproximateCreationDateTime"]), UTC)
    return NewSegment(segment, item["writer"]["S"], to_moment(arrived), place)

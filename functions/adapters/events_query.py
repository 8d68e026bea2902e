"""Reads the parameters of a request for a job's events and says of a wrong one what is wrong."""

from dataclasses import dataclass

from functions.adapters.api_gateway import LONGEST_WAIT_SECONDS, Request, whole_number
from functions.domain.errors import AntipodeError
from functions.domain.job.cursor import Mark, read_mark


@dataclass(frozen=True, slots=True)
class EventsQuery:
    """What a client asks for: the events after a mark, so many at most, and how many seconds it waits for one."""

    after: Mark
    limit: int
    wait_seconds: int


def read_events_query(request: Request) -> EventsQuery:
    """Return what the client asks for. Raises AntipodeError invalid_parameter with the parameter that is wrong."""
    text = request.query.get("after", "0")
    try:
        after = read_mark(text)
    except ValueError as error:
        raise AntipodeError("invalid_parameter", f"after is {error}", field="after") from None
    return EventsQuery(
        after,
        whole_number(request, "limit", default=100, lowest=1, highest=1000),
        whole_number(request, "wait", default=0, lowest=0, highest=LONGEST_WAIT_SECONDS),
    )

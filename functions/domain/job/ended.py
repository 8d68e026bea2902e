"""What is noted of a job that has ended: how, and whether it is looked at once more.

Two Regions that cannot reach each other may both accept one submission and both run the job. If it fails in both, and
somebody redrives it in the Region whose history does not count once they have met, that request is heeded there and
waits unheard in the history that counts. Its due entry lies in the other Region's partition and has been seen to, so
nothing would lead to the job; therefore the Region that accepted alone keeps an entry of its own for a while.
"""

from functions.domain.job.events import Event, JobCancelled, JobSucceeded
from functions.domain.job.history import Head
from functions.domain.moments import add_seconds

#: A job that failed is looked at once more after so long: Regions that were apart have mostly met by then. When they
#: were apart for so long that the peer was taken for lost, its Region looks back at what came to the peer as well.
LAST_LOOK_SECONDS = 900.0


def status_after(outcome: Event) -> str:
    """Return the status of a job whose last event is this."""
    return {JobSucceeded: "succeeded", JobCancelled: "cancelled"}.get(type(outcome), "failed")


def last_look(head: Head | None, status: str, ended_at: str, now: str) -> str | None:
    """Return when this Region, whose projection `head` is, looks once more at a job that has ended; None for never."""
    if status != "failed" or head is None or head.durability != "local":
        return None
    look = add_seconds(ended_at, LAST_LOOK_SECONDS)
    return look if look > now else None

"""What is noted of a job that has ended: how, and whether it is looked at once more.

Two Regions that cannot reach each other may both run a job: both accepted one submission, or one adopted it from the
other. If it fails in both, and somebody redrives it in the Region whose history does not count once they have met, that
request is heeded there and waits unheard in the history that counts. Its due entry lies in the other Region's partition
and has been seen to, so nothing would lead to the job; therefore whoever accepted it alone, or adopted it, keeps an
entry of its own for a while.
"""

from functions.domain.job.events import Event, JobCancelled, JobSucceeded
from functions.domain.job.history import Head
from functions.domain.job.state import JobState
from functions.domain.moments import add_seconds

#: A job that failed is looked at once more after so long: Regions that were apart have mostly met by then. When they
#: were apart for so long that the peer was taken for lost, its Region looks back at what came to the peer as well.
LAST_LOOK_SECONDS = 900.0


def status_after(outcome: Event) -> str:
    """Return the status of a job whose last event is this."""
    return {JobSucceeded: "succeeded", JobCancelled: "cancelled"}.get(type(outcome), "failed")


def last_look(state: JobState, head: Head | None, ended: str, at: str, now: str) -> str | None:
    """Return when its owner, whose projection `head` is, looks again at a job that ended so, `at` then; None for never.

    `state`: what is known of it, at its end or before.
    """
    accepted_alone = head is not None and head.durability == "local"
    if ended != "failed" or not (accepted_alone or state.adoptions):
        return None
    look = add_seconds(at, LAST_LOOK_SECONDS)
    return look if look > now else None

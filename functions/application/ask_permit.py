"""Whether an attempt at a job may begin now: its tenant and agent are not paused, and its limits have room.

A job that may not is put off, and holds no worker: its head says so by its status, and when it is looked at again.
"""

from functions.application.heed_limits import NO_LIMIT, HeedLimits, NotYet, Permit
from functions.application.ports import Entropy
from functions.application.switch_ports import Pauses
from functions.domain.job.state import JobState
from functions.domain.moments import add_seconds

#: The status of the head, and the reason of the hint, of a job that does not run because of a switch.
PUT_OFF = "paused"
#: After so long at most it is looked at again; chance spreads the looks at many jobs, and parts those that are double.
PUT_OFF_SECONDS = 60.0


async def ask_permit(
    pauses: Pauses | None, limits: HeedLimits | None, job_id: str, state: JobState, now: str, entropy: Entropy
) -> Permit | NotYet:
    """Return the permit, or until when the job is put off. Raises StateUnavailable.

    A job that is to be cancelled may undo its work though it is paused.
    """
    job = state.job
    paused = None
    if pauses is not None and state.cancel is None:
        paused = await pauses.pausing(job.tenant, job.agent)
    if paused is not None:
        return NotYet(add_seconds(now, PUT_OFF_SECONDS * (0.8 + 0.2 * entropy.fraction())), PUT_OFF)
    return NO_LIMIT if limits is None else await limits.ask(job_id, state)

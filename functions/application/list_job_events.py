"""Read a job's history from any place on, in either Region: at once, or as soon as there is something to tell."""

from dataclasses import dataclass

from functions.application.get_job import FIRST_LOOK_SECONDS, LONGEST_LOOK_SECONDS, read_job
from functions.application.ports import Clock, HistoryStore
from functions.application.read_state import read_whole_state
from functions.domain.job.cursor import Mark, cursor_after, needs_whole, page, stand
from functions.domain.job.events import Json, to_json


@dataclass(frozen=True, slots=True, kw_only=True)
class ListJobEvents:
    """The use case."""

    history: HistoryStore

    async def list(self, tenant: str, job_id: str, after: Mark = 0, limit: int = 100) -> dict[str, Json]:
        """Return {"events", "next", "rewound", "behind", "finished"}: the events after a mark, and where to go on.

        With `rewound` comes `rewound_to`: what the client has read above that sequence was superseded, and `events`
        begins after it. `behind`: this replica does not hold what the client has read, and says nothing. `finished`:
        the job has ended, and this is the last page.

        Raises AntipodeError job_not_found, state_unavailable.
        """
        _, state = await read_job(self.history, tenant, job_id)
        if needs_whole(state, after):
            _, whole = await read_whole_state(self.history, job_id)
            state = whole or state
        standing = stand(state, after)
        items = [] if standing.behind else page(state, standing.after, limit)
        last = items[-1].sequence if items else standing.after
        events: list[Json] = [
            {"sequence": item.sequence, "epoch": item.epoch, "region": item.region, **to_json(item.event)}
            for item in items
        ]
        answer: dict[str, Json] = {
            "events": events,
            "next": str(after if standing.behind else cursor_after(state, after, last)),
            "rewound": standing.rewound,
            "behind": standing.behind,
            "finished": state.finished and not standing.behind and last >= state.last_sequence,
        }
        return {**answer, "rewound_to": standing.after} if standing.rewound else answer


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitForJobEvents:
    """Read on in a history when there is something to tell, or when the time is over."""

    list_job_events: ListJobEvents
    clock: Clock

    async def wait(self, tenant: str, job_id: str, after: Mark, limit: int, seconds: float) -> dict[str, Json]:
        """Return the page, at the latest after `seconds`. Raises what ListJobEvents raises."""
        end = self.clock.monotonic() + seconds
        pause = FIRST_LOOK_SECONDS
        while True:
            answer = await self.list_job_events.list(tenant, job_id, after, limit)
            left = end - self.clock.monotonic()
            if answer["events"] or answer["rewound"] or answer["finished"] or left <= 0:
                return answer
            await self.clock.sleep(min(pause, left))
            pause = min(pause * 1.5, LONGEST_LOOK_SECONDS)

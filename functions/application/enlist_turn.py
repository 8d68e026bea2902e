"""Ask a session to let one of its turns run, and tell it of a turn's end.

Both are mail to the session's job, which is begun with its first turn. Sent again, in either Region, it is the same
mail: what a dying process leaves undone here, the next look at the turn does.
"""

from dataclasses import dataclass
from itertools import chain, count

from functions.application.ports import HistoryStore, StateUnavailable
from functions.application.read_state import read_state
from functions.application.send_arrival import SendArrival
from functions.application.submit_job import SubmitJob
from functions.domain.errors import AntipodeError
from functions.domain.ids import session_job_id
from functions.domain.job.arrivals import ArrivalKind
from functions.domain.job.events import Json
from functions.domain.job.history import JobRecord
from functions.domain.job.state import JobState
from functions.domain.job.turns import (
    HELD_LOOK_SECONDS,
    asked_body,
    asked_name,
    ended_among,
    ended_body,
    ended_name,
    knows_of,
    merged_ids,
    session_of,
    told_alike,
)
from functions.domain.moments import seconds_between


@dataclass(frozen=True, slots=True, kw_only=True)
class EnlistTurn:
    """The use case, for whoever accepts, runs, ends or sweeps a turn."""

    submit: SubmitJob
    send: SendArrival
    history: HistoryStore

    async def enlist(self, turn_id: str, turn: JobState) -> Json:
        """Ask the turn's session to let it run. Return the turn's end, when the session has been told of one.

        Raises AntipodeError session_ended, StateUnavailable.
        """
        session_id, record, session = await self._session(turn)
        told = ended_among(record.arrivals, turn_id, turn.redrives)
        if told is not None:
            return told.body
        if session is None:
            await self.submit.submit_session(session_id, turn.job.tenant, str(session_of(turn)))
            record, session = await read_state(self.history, session_id)
            if session is None:
                raise StateUnavailable("the session has been begun, yet nothing can be read of it")
        if session.finished:
            raise AntipodeError("session_ended", f"the session {session_of(turn)!r} has {session.status}")
        name, body = self._ask_name(turn_id, turn, session), asked_body(turn_id, turn)
        await self._mail(session_id, record, session, turn_id, name, body)
        return None

    def _ask_name(self, turn_id: str, turn: JobState, session: JobState) -> str:
        """Return the name by which to ask now: another one, when what was asked before has led to nothing for long.

        The session has heard it, and yet knows nothing of the turn: it has heard of the turn's end in an epoch that is
        lost with its Region.
        """
        name, waited = asked_name(turn_id, turn), seconds_between(turn.updated_at, self.send.clock.now())
        if waited < HELD_LOOK_SECONDS / 2 or knows_of(session, turn_id):
            return name
        again = chain([name], (f"{name}.{number}" for number in count(2)))
        return next(each for each in again if f"{ArrivalKind.SIGNAL}/{each}" not in session.taken)

    async def check(self, tenant: str, name: str) -> None:
        """Raise AntipodeError session_ended for a session that takes no more turns; StateUnavailable."""
        _, session = await read_state(self.history, session_job_id(tenant, name))
        if session is not None and session.finished:
            raise AntipodeError("session_ended", f"the session {name!r} has {session.status}", field="session")

    async def end_told(self, turn_id: str, turn: JobState) -> Json:
        """Return the end of which the turn's session has been told already, or None.

        The Region that had run the turn to its end may be lost with that part of its history; but the conversation may
        have gone on from it, so it stands.
        """
        arrivals = await self.history.arrivals(session_job_id(turn.job.tenant, str(session_of(turn))))
        told = ended_among(arrivals, turn_id, turn.redrives)
        return None if told is None else told.body

    async def tell_end(self, turn_id: str, turn: JobState) -> None:
        """Tell the session, if the job is a turn, that it has ended. Raises StateUnavailable."""
        if session_of(turn) is None:
            return
        session_id, record, session = await self._session(turn)
        arrivals = await self.history.arrivals(turn_id) if merged_ids(turn) else ()
        body = ended_body(turn_id, turn, arrivals)
        told = told_alike(record.arrivals, turn_id, turn, body)  # what has been told once is told again as it is
        name, body = (ended_name(turn_id, turn), body) if told is None else (told.name, told.body)
        if session is not None and (session.finished or f"{ArrivalKind.SIGNAL}/{name}" in session.taken):
            return
        if session is None:  # not replicated yet: left for whoever can read it
            await self.send.leave(session_id, turn, ArrivalKind.SIGNAL, name, by=turn_id, body=body)
            return
        await self._mail(session_id, record, session, turn_id, name, body)

    async def _session(self, turn: JobState) -> tuple[str, JobRecord, JobState | None]:
        session_id = session_job_id(turn.job.tenant, str(session_of(turn)))
        record, session = await read_state(self.history, session_id)
        return session_id, record, session

    async def _mail(
        self, session_id: str, record: JobRecord, session: JobState, turn_id: str, name: str, body: Json
    ) -> None:
        """Send a mail, unless the session has heard it. One from the peer, which lies here too, keeps its moment."""
        if f"{ArrivalKind.SIGNAL}/{name}" in session.taken:
            return
        if any(each.name == name and each.region != self.send.region for each in record.arrivals):
            await self.send.remind(session_id, session)
        else:
            await self.send.send(session_id, session, ArrivalKind.SIGNAL, name, by=turn_id, body=body)

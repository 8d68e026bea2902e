"""Turns: the jobs of one session. What they and their session, a job as well, tell each other, and how a turn is held.

All of it goes as signals of reserved names, in which `session.mail` is the one queue of all that a session is told, so
that the order of its turns is the order of its arrivals.
"""

import re
from collections.abc import Iterable, Mapping

from functions.domain.job.arrivals import Arrival, ArrivalKind
from functions.domain.job.conversation import as_text, entry, newest_entries
from functions.domain.job.events import (
    AttemptStarted,
    JobAdopted,
    JobCancelled,
    JobFailed,
    JobRedriven,
    JobSubmitted,
    JobSucceeded,
    Json,
)
from functions.domain.job.redrive import call_name
from functions.domain.job.state import JobState, Recorded
from functions.domain.payload import reference_in

SESSION_AGENT = "session"
#: The versions in which a session lets no turn run a second time.
TAKES_NO_TURN_AGAIN = ("1", "2")
#: Signals whose names begin like this are Antipode's own: no client and no author may send or await them.
RESERVED = "session."
MAIL = f"{RESERVED}mail"
#: What a session tells its turns.
TOLD_TO_TURNS = ADMIT, REFUSE, MERGED, MERGE, INTERRUPT = tuple(
    f"{RESERVED}{what}" for what in ("admit", "refuse", "merged", "merge", "interrupt")
)
#: What a session may do with a turn while another one runs; the first is the default.
POLICIES = ("queue", "reject", "interrupt", "merge")
SESSION_NAME = re.compile(r"[A-Za-z0-9._:@-]{1,128}")
#: A larger input is not merged into a running turn: its turn runs as the next one.
LARGEST_MERGED_BYTES = 16_000
#: A turn that waits to be admitted asks again after so long, lest its session has lost sight of it.
HELD_LOOK_SECONDS = 600.0
_ENDS = (JobSucceeded, JobFailed, JobCancelled)
_END_PARTS = ("status", "result", "error")


def is_reserved(signal: str) -> bool:
    """Say whether only Antipode itself may send or await signals of that name."""
    return signal.startswith(RESERVED)


def session_of(state: JobState) -> str | None:
    """Return the name of the session of which the job is a turn."""
    return None if state.job.session is None else str(state.job.session["name"])


def is_held(state: JobState) -> bool:
    """Say whether the job is a turn that its session has not admitted."""
    return state.job.session is not None and not state.admitted and not state.finished


def is_of_another_time(arrival: Arrival, redrives: int) -> bool:
    """Say whether a turn that was redriven so often has been told this by its session as it was at another time.

    A turn that fails is done with all that it was told: who was offered to it, or interrupted it, has run since then.
    """
    topic, _, key = arrival.name.partition("/")
    told = arrival.kind in (ArrivalKind.SIGNAL, ArrivalKind.CANCEL) and topic in TOLD_TO_TURNS
    return told and key != call_name(key.partition("~")[0], redrives)


def verdict_among(news: Iterable[Arrival]) -> Arrival | None:
    """Return what a held turn's session has said of it: that it may run, before anything else."""
    said: dict[str, Arrival] = {}
    for arrival in news:
        if arrival.kind == ArrivalKind.SIGNAL:
            said.setdefault(arrival.name.partition("/")[0], arrival)
    return next((said[name] for name in (ADMIT, MERGED, REFUSE) if name in said), None)


def memory_in(admission: Arrival) -> list[Json]:
    """Return the memory that an admission brings."""
    return _items(admission.body, "memory")


def asked_name(turn_id: str, turn: JobState) -> str:
    """Return the name of the mail by which a turn asks to run.

    A new one in each epoch, for the answer may be lost, and after each redrive.
    """
    return call_name(f"{MAIL}/{turn_id}.asked.{turn.epoch}", turn.redrives)


def knows_of(session: JobState, turn_id: str) -> bool:
    """Say whether a session shows a turn as one that runs, that waits, or whose input was offered."""
    shown = session.progress if isinstance(session.progress, dict) else {}
    waiting = (*_items(shown, "queued"), *_items(shown, "offered"))
    return turn_id == shown.get("running") or turn_id in waiting


def asked_body(turn_id: str, turn: JobState) -> Json:
    """Return what it says. A turn that was redriven waits for all others, whatever it had been submitted with."""
    assert turn.job.session is not None
    if turn.redrives:
        return {"kind": "asked", "turn": turn_id, "on_busy": POLICIES[0], "redrives": turn.redrives}
    body: dict[str, Json] = {"kind": "asked", "turn": turn_id, "on_busy": turn.job.session["on_busy"]}
    whole = turn.job.input
    if body["on_busy"] == "merge" and reference_in(whole) is None and len(as_text(whole)) <= LARGEST_MERGED_BYTES:
        body["input"] = whole
    return body


def ended_name(turn_id: str, turn: JobState) -> str:
    """Return the name of the mail by which a session is told of a turn's end: each end has one of its own.

    Where both Regions ran a turn, each holding the other for lost, it may have two.
    """
    return f"{MAIL}/{turn_id}.ended.{end_place(turn)}"


def end_place(turn: JobState) -> str:
    """Return where the end of a turn that has ended lies in its history."""
    end: Recorded | None = None
    for item in turn.history:
        if end is None and isinstance(item.event, _ENDS):
            end = item
        elif isinstance(item.event, JobRedriven) and (end is None or isinstance(end.event, JobFailed)):
            end = None
    return f"{turn.last.epoch}.{turn.last.region}.{turn.last.sequence}" if end is None else _place_of(end)


def known_ends(turn: JobState) -> set[str]:
    """Return where all of its ends lie that can be read, those that do not count included; none beyond a gap."""
    items = {(item.epoch, item.region, item.sequence): item for item in (*turn.history, *turn.superseded)}
    ends = [item for item in items.values() if isinstance(item.event, _ENDS)]
    return {_place_of(end) for end in ends if _leads_to(items, end)}


def _leads_to(items: Mapping[tuple[int, str, int], Recorded], end: Recorded) -> bool:
    """Say whether there is everything that one Region wrote in one epoch up to this end."""
    sequence, found = end.sequence, end
    while not isinstance(found.event, JobSubmitted | JobAdopted):
        sequence -= 1
        if (before := items.get((end.epoch, end.region, sequence))) is None:
            return False
        found = before
    return True


def _place_of(item: Recorded) -> str:
    return f"{item.epoch}.{item.region}.{item.sequence}"


def ended_among(arrivals: Iterable[Arrival], turn_id: str, redrives: int = 0) -> Arrival | None:
    """Return the mail by which a session was first told of a turn's end, or None.

    Of one that was redriven so often, an end that came after that: with those before it has nothing to do any more.
    """
    told = (arrival for arrival in _told_of(arrivals, turn_id) if redrives_in(arrival.body) >= redrives)
    return min(told, key=lambda arrival: (redrives_in(arrival.body), arrival.at, arrival.name), default=None)


def redrives_in(mail: Json) -> int:
    """Return how often a turn had been redriven when it sent a mail."""
    redrives = mail.get("redrives", 0) if isinstance(mail, Mapping) else 0
    return redrives if isinstance(redrives, int) else 0


def _told_of(arrivals: Iterable[Arrival], turn_id: str) -> Iterable[Arrival]:
    prefix = f"{MAIL}/{turn_id}.ended."
    return (arrival for arrival in arrivals if arrival.name.startswith(prefix))


def told_alike(arrivals: Iterable[Arrival], turn_id: str, turn: JobState, body: Json) -> Arrival | None:
    """Return the mail by which a session was first told of the end that counts, or of one that is no other; or None.

    `body`: what it would be told. Where that part of a turn's history is lost in which it had ended, or was not here
    when it was adopted, it has ended as its session had been told, and what was told of it is more than it has itself.
    """
    assert isinstance(body, dict)
    readable, ran = known_ends(turn), _has_run(turn)
    for told in sorted(_told_of(arrivals, turn_id), key=lambda arrival: (arrival.at, arrival.name)):
        if not isinstance(told.body, dict) or redrives_in(told.body) != turn.redrives:
            continue
        alike = {**told.body, "place": body["place"]} == body
        as_told = not ran or told.body.get("place") not in readable
        if alike or (as_told and all(told.body.get(part) == turn.end.get(part) for part in _END_PARTS)):
            return told
    return None


def _has_run(turn: JobState) -> bool:
    """Say whether a turn has run in its present epoch: one that was adopted may have ended as its session was told."""
    own = [item.event for item in turn.history if item.epoch == turn.last.epoch]
    return any(isinstance(event, AttemptStarted) for event in own)


def merged_ids(state: JobState) -> list[str]:
    """Return the turns whose inputs the job has taken in."""
    prefix = f"{ArrivalKind.SIGNAL}/{MERGE}/"
    return sorted(key.removeprefix(prefix) for key in state.taken if key.startswith(prefix))


def ended_body(turn_id: str, turn: JobState, arrivals: Iterable[Arrival]) -> Json:
    """Return what a session is told of a turn's end. `arrivals`: the turn's own, with the inputs merged into it.

    One that was redriven answers for nobody: as it had failed, those that were merged into it have run by themselves.
    """
    taken = [] if turn.redrives else merged_ids(turn)
    again: dict[str, Json] = {"redrives": turn.redrives} if turn.redrives else {}
    merged = {arrival.name.partition("/")[2]: arrival.body for arrival in arrivals if arrival.name.startswith(MERGE)}
    return {
        "kind": "ended",
        "turn": turn_id,
        "place": end_place(turn),
        "merged": list(taken),
        "remembered": _remembered(turn, [_input_in(merged.get(each)) for each in taken]),
        **again,
        **turn.end,
    }


def _remembered(turn: JobState, merged: list[Json]) -> list[Json]:
    """A turn that ran and says nothing itself is remembered by its input and its result."""
    if turn.remembered:
        said = [each for each in turn.remembered if isinstance(each, dict)]
        return list(newest_entries([entry(str(each["role"]), each["content"]) for each in said]))
    if not turn.admitted:
        return []
    if turn.status != "succeeded":  # then what was merged into it runs as a turn of its own
        return [entry("user", turn.job.input)]
    asked = [entry("user", each) for each in (turn.job.input, *merged)]
    return list(newest_entries([*asked, entry("assistant", turn.result)]))


def _input_in(body: Json) -> Json:
    return body.get("input") if isinstance(body, Mapping) else None


def _items(body: Json, name: str) -> list[Json]:
    items = body.get(name) if isinstance(body, Mapping) else None
    return list(items) if isinstance(items, list) else []

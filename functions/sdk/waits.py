"""The waits that an agent can ask for: for a time, a signal, or the decision of people. Each has a deadline."""

from dataclasses import dataclass
from datetime import datetime

from functions.application.agent_ports import WaitRequest
from functions.domain.errors import AntipodeError
from functions.domain.job.arrivals import Arrival, ArrivalKind
from functions.domain.job.events import Json
from functions.domain.job.turns import MERGE, RESERVED, is_reserved
from functions.domain.moments import to_moment
from functions.domain.payload import from_inline
from functions.sdk.tool import check_name

LONGEST_SECONDS = 366 * 86_400.0


@dataclass(frozen=True, slots=True)
class Approval:
    """A decision. `by` is who decided; "nobody" when the time was up and the answer given for that case holds."""

    approved: bool
    by: str
    comment: str
    at: str | None


def sleep(name: str, seconds: float) -> WaitRequest:
    """Return the request of `Context.sleep`."""
    return WaitRequest(name=name, kind="sleep", arguments=seconds, settle=_nothing, seconds=_within(seconds))


def sleep_until(name: str, when: datetime) -> WaitRequest:
    """Return the request of `Context.sleep_until`."""
    if when.tzinfo is None:
        raise ValueError("sleep_until needs a time with a time zone")
    moment = to_moment(when)
    return WaitRequest(name=name, kind="sleep", arguments=moment, settle=_nothing, until=moment)


def signal(name: str, signal_name: str, timeout: float, otherwise: list[Json]) -> WaitRequest:
    """Return the request of `Context.signal`; `otherwise` holds the value for when none comes, or nothing."""
    check_name(signal_name)
    if is_reserved(signal_name):
        raise TypeError(f"{signal_name!r}: names that begin with {RESERVED!r} are Antipode's own signals")

    def settle(arrival: Arrival | None) -> Json:
        if arrival is not None:
            return arrival.body
        if otherwise:
            return otherwise[0]
        raise AntipodeError("wait_timed_out", f"no signal {signal_name!r} within {timeout:g} s")

    return WaitRequest(
        name=name,
        kind="signal",
        arguments=[signal_name, timeout],
        settle=settle,
        seconds=_within(timeout),
        arrives=ArrivalKind.SIGNAL,
        topic=signal_name,
        about={"signal": signal_name},
    )


def merged(name: str, timeout: float) -> WaitRequest:
    """Return the request of `Context.merged`, for one input; its result is None when none has come."""

    def settle(arrival: Arrival | None) -> Json:
        body = None if arrival is None else arrival.body
        return {"input": from_inline(body["input"])} if isinstance(body, dict) else None

    return WaitRequest(
        name=name,
        kind="merged",
        arguments=timeout,
        settle=settle,
        seconds=_within(timeout),
        arrives=ArrivalKind.SIGNAL,
        topic=MERGE,
    )


def approval(name: str, group: str, question: Json, timeout: float, otherwise: bool | None) -> WaitRequest:
    """Return the request of `Context.approval`."""
    check_name(group)

    def settle(arrival: Arrival | None) -> Json:
        if arrival is not None:
            body = arrival.body if isinstance(arrival.body, dict) else {}
            said = {name: body.get(name) for name in ("approved", "comment")}
            return {**said, "by": arrival.by, "at": arrival.at}
        if otherwise is not None:
            return {"approved": otherwise, "by": "nobody", "comment": f"no decision within {timeout:g} s", "at": None}
        raise AntipodeError("wait_timed_out", f"{group!r} has not decided within {timeout:g} s")

    return WaitRequest(
        name=name,
        kind="approval",
        arguments=[group, question, timeout],
        settle=settle,
        seconds=_within(timeout),
        arrives=ArrivalKind.DECISION,
        about={"group": group, "question": question},
    )


def decision(recorded: Json) -> Approval:
    """Read a recorded decision."""
    assert isinstance(recorded, dict)
    at = recorded["at"]
    return Approval(
        approved=recorded["approved"] is True,
        by=str(recorded["by"]),
        comment=str(recorded.get("comment") or ""),
        at=None if at is None else str(at),
    )


def _nothing(arrival: Arrival | None) -> Json:
    return None


def _within(seconds: float) -> float:
    if not 0 <= seconds <= LONGEST_SECONDS:
        raise ValueError(f"a wait may last from 0 s to {LONGEST_SECONDS:,.0f} s, a year; it is {seconds}")
    return seconds

"""Redriving a failed job: what a request says, and which failed steps are done again.

A failed step is done again when nothing was built upon its failure: no step came after it for which its agent may have
gone another way. What was built upon stays, or the agent would leave the path that its history holds.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from functions.domain.job.events import Json

#: The agent that redrives many: no client can submit it.
REDRIVE_AGENT = "redrive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """On which terms a job goes on: what is None stays as it was. `deadline` is a moment.

    `parent` is for a child whose parent has been redriven: the link to it, with the number of the call. `alone` is for
    one whose parent has ended, and goes on no more: nobody is to hear of its end.
    """

    agent_version: str | None = None
    deadline: str | None = None
    budget: dict[str, Json] | None = None
    parent: dict[str, Json] | None = None
    alone: bool = False

    def body(self, failure: str | None) -> Json:
        """Return the body of the arrival. `failure` names the one that it is about, as the job's state does."""
        said: dict[str, Json] = {"agent_version": self.agent_version, "deadline": self.deadline}
        said |= {"budget": self.budget, "parent": self.parent, "alone": self.alone or None}
        return {"failure": failure, **{name: value for name, value in said.items() if value is not None}}


def terms_in(body: Json) -> Terms:
    """Read them back from an arrival's body."""
    said = body if isinstance(body, Mapping) else {}
    version, deadline = said.get("agent_version"), said.get("deadline")
    budget, parent = said.get("budget"), said.get("parent")
    return Terms(
        agent_version=version if isinstance(version, str) else None,
        deadline=deadline if isinstance(deadline, str) else None,
        budget=dict(budget) if isinstance(budget, Mapping) else None,
        parent=dict(parent) if isinstance(parent, Mapping) else None,
        alone=said.get("alone") is True,
    )


def failure_in(body: Json) -> str | None:
    """Return which failure an arrival's body is about; None for whichever it is."""
    failure = body.get("failure") if isinstance(body, Mapping) else None
    return failure if isinstance(failure, str) else None


def failure_name(sequence: int, at: str) -> str:
    """Return what tells a job's failure from its others, those of superseded epochs included."""
    return f"{sequence}@{at}"


def call_name(name: str, number: int) -> str:
    """Return a name that belongs to one call of a job's: as often as the job was redriven, calls are made anew."""
    return name if number == 0 else f"{name}~{number}"


def link_after(terms: Terms, link: Mapping[str, Json] | None) -> dict[str, Json] | None:
    """Return the link to its parent that a redriven child has from then on; None for the one that it has."""
    return {**link, "alone": True} if terms.alone and link is not None else terms.parent


def within_family(link: Mapping[str, Json], redrives: int) -> dict[str, Json]:
    """Return the link of a child whose parent was redriven so often, and waits for it."""
    return {**{name: value for name, value in link.items() if name != "alone"}, "call": redrives}


def goes_alone(link: Mapping[str, Json]) -> bool:
    """Say whether a child, whose link to its parent this is, was redriven by itself: it is nobody's child any more."""
    return link.get("alone") is True


def call_number(link: Mapping[str, Json]) -> int:
    """Return after how many redrives of its parent a child was called, from its link to the parent."""
    number = link.get("call", 0)
    return number if isinstance(number, int) else 0


def built_upon(failed: Iterable[str], later: str, known: Sequence[str]) -> set[str]:
    """Return those failed steps because of which the step `later`, recorded after them, may be there.

    On a failed step's own branch and on those around it everything is. A branch beside it is, unless it had begun
    before; `known` are the steps recorded before `later`. Branches of one `gather` or `map` begin together.
    """
    theirs = _branch(later)
    begun_before: dict[int, bool] = {}

    def may_be(one: str) -> bool:
        ours = _branch(one)
        shared = 0
        while shared < min(len(ours), len(theirs)) and ours[shared] == theirs[shared]:
            shared += 1
        if len(theirs) == shared:
            return True
        group = _group(theirs[shared])
        if len(ours) > shared and _group(ours[shared]) == group:
            return False
        if shared not in begun_before:
            branches = (_branch(key) for key in known)
            beside = (each[shared] for each in branches if len(each) > shared and each[:shared] == theirs[:shared])
            begun_before[shared] = any(_group(each) == group for each in beside)
        return not begun_before[shared]

    return {one for one in failed if may_be(one)}


def _branch(key: str) -> list[str]:
    """Return the path of branches before a step's name: ["gather#2[0]", "map[1]"]."""
    path = key.rpartition("/")[0]
    return path.split("/") if path else []


def _group(branch: str) -> str:
    """Return the `gather` or `map` of which it is a branch; a spawned one is alone."""
    return branch.partition("[")[0]

"""The demo's legal team: people who decide over the API of the one Region that is left, and one who comes too late."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any, Final

from functions.domain.job.state import JobState
from localstack.demo.audits import GROUP
from localstack.demo.observations import AuditSeen, Decision, Refusal
from stacks.api_client import ApiClient, ApiError, ApiRefused

LENA: Final = "Lena (legal)"
MAX: Final = "Max (legal)"
LOOK_SECONDS: Final = 0.5
#: What Lena says to a licence of each class of risk; to any other class, no.
_ANSWERS: Final = {"weak-copyleft": (True, "used unmodified, its source is linked")}
_NO: Final = (False, "nobody knows its licence: no release")


class LegalTeam:
    """Decides in a thread of its own whatever its group is asked, and writes it down with the audit that asked."""

    def __init__(
        self,
        api: ApiClient,
        region: str,
        audits: list[AuditSeen],
        states: Callable[[], Mapping[str, JobState]],
        now: Callable[[], float],
        tell: Callable[[str], None],
    ) -> None:
        self._api = api
        self._region = region
        self._audits = audits
        self._states = states
        self._now = now
        self._tell = tell
        self._decided: set[str] = set()
        self._trouble = ""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def __enter__(self) -> LegalTeam:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(60)
        self._api.close()

    def _work(self) -> None:
        while True:
            self.look()
            if self._stop.wait(LOOK_SECONDS):
                return

    def look(self) -> None:
        """Decide once whatever is open. What cannot be asked or sent now is tried again at the next look."""
        try:
            for asked in list(self._api.approvals(GROUP)):
                if asked["id"] not in self._decided:
                    self._decide(asked)
        except ApiError as error:
            if str(error) != self._trouble:
                self._trouble = str(error)
                self._tell(f"the legal team has to wait: {error}")

    def _decide(self, asked: Mapping[str, Any]) -> None:
        audit = next((audit for audit in self._audits if audit.job_id == asked["job"]), None)
        if audit is None:
            return
        question = asked["question"]
        approved, comment = _ANSWERS.get(question["risk"], _NO)
        owner = self._owner(audit)
        taken = self._api.decide(asked["id"], approved=approved, by=LENA, comment=comment)
        self._decided.add(asked["id"])
        audit.decisions.append(
            Decision(
                approval=asked["id"],
                question=question["question"],
                spdx=question["spdx"],
                distributions=tuple(each["distribution"] for each in question["distributions"]),
                by=LENA,
                approved=approved,
                comment=comment,
                at=self._now(),
                region=self._region,
                owner_then=owner,
                settled=bool(taken["settled"]),
            )
        )
        word = "yes" if approved else "no"
        lost = "" if owner == self._region else f", while {owner} is lost with the job"
        self._tell(f"{LENA} says {word} to {question['spdx']} ({audit.name}) in {self._region}{lost}")
        if not any(each.refusals for each in self._audits):
            self._too_late(audit, asked["id"], not approved)

    def _too_late(self, audit: AuditSeen, approval: str, approved: bool) -> None:
        """Have somebody else decide the opposite: it must be refused, with the name of who decided first."""
        try:
            self._api.decide(approval, approved=approved, by=MAX, comment="I see it differently")
        except ApiRefused as refused:
            row = Refusal(by=MAX, status=refused.status, code=refused.code, detail=refused.detail, at=self._now())
        else:
            row = Refusal(by=MAX, status=200, code="", detail="it was taken", at=self._now())
        audit.refusals.append(row)
        self._tell(f"{MAX} comes too late: {row.status} {row.detail}")

    def _owner(self, audit: AuditSeen) -> str:
        state = self._states().get(audit.job_id)
        return self._region if state is None else state.owner_region

"""The legal team decides whatever is open once, notes where and who, and has one colleague who comes too late."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from localstack.demo.legal_team import LENA, MAX, LegalTeam
from localstack.demo.observations import AuditSeen
from stacks.api_client import ApiClient, ApiError, ApiRefused

WEST = "us-west-2"


class Approvals(ApiClient):
    """An API that keeps the first decision on each approval, as the real one does."""

    def __init__(self, *asked: dict[str, Any]) -> None:
        super().__init__("http://api.example.test/v1", "token", transport=httpx.MockTransport(_nothing))
        self.asked = list(asked)
        self.taken: dict[str, tuple[str, bool]] = {}
        self.away = False

    def approvals(self, group: str) -> Iterator[dict[str, Any]]:
        """See ApiClient."""
        if self.away:
            raise ApiError("nobody answers")
        yield from (each for each in self.asked if each["group"] == group)

    def decide(
        self, approval: str, *, approved: bool, by: str | None = None, comment: str = "", key: str | None = None
    ) -> dict[str, Any]:
        """See ApiClient."""
        if approval in self.taken:
            raise ApiRefused(409, {"code": "already_decided"}, f"{self.taken[approval][0]} approved it", None)
        self.taken[approval] = (str(by), approved)
        return {"settled": False}


def _nothing(request: httpx.Request) -> httpx.Response:
    raise AssertionError(f"nothing is sent: {request.url}")


def asked(approval: str, risk: str = "weak-copyleft", job: str = "job_a", group: str = "legal") -> dict[str, Any]:
    about = [{"distribution": "a"}]
    question = {"question": f"May {approval}?", "spdx": "MPL-2.0", "risk": risk, "distributions": about}
    return {"id": approval, "job": job, "group": group, "question": question}


@pytest.fixture
def audit() -> AuditSeen:
    return AuditSeen(name="runtime", job_id="job_a", distributions=("a",), at=0.0, home_region="us-east-1")


def team(api: Approvals, audit: AuditSeen, said: list[str] | None = None) -> LegalTeam:
    return LegalTeam(api, WEST, [audit], dict, lambda: 12.0, (said if said is not None else []).append)


def test_a_mild_licence_is_approved_and_an_unknown_one_rejected(audit: AuditSeen) -> None:
    api = Approvals(asked("one"), asked("two", risk="unknown"))
    team(api, audit).look()
    assert api.taken == {"one": (LENA, True), "two": (LENA, False)}
    first = audit.decisions[0]
    assert (first.by, first.approved, first.region, first.at, first.settled) == (LENA, True, WEST, 12.0, False)
    assert first.distributions == ("a",)


def test_nothing_is_decided_twice_by_the_same_person(audit: AuditSeen) -> None:
    members = team(Approvals(asked("one")), audit)
    members.look()
    members.look()
    assert len(audit.decisions) == 1


def test_one_second_decision_is_tried_and_its_refusal_kept(audit: AuditSeen) -> None:
    said: list[str] = []
    team(Approvals(asked("one"), asked("two")), audit, said).look()
    (refusal,) = audit.refusals
    assert (refusal.by, refusal.status, refusal.code) == (MAX, 409, "already_decided")
    assert LENA in refusal.detail
    assert any(line.startswith(f"{MAX} comes too late") and LENA in line for line in said)


def test_a_second_decision_that_is_taken_is_kept_as_taken(audit: AuditSeen) -> None:
    class Careless(Approvals):
        def decide(self, approval: str, **rest: Any) -> dict[str, Any]:
            return {"settled": True}

    team(Careless(asked("one")), audit).look()
    assert [row.status for row in audit.refusals] == [200]


def test_what_others_ask_is_left_to_others(audit: AuditSeen) -> None:
    api = Approvals(asked("one", job="job_other"), asked("two", group="security"))
    team(api, audit).look()
    assert api.taken == {}


def test_while_nobody_answers_the_team_waits_and_says_so(audit: AuditSeen) -> None:
    api, said = Approvals(asked("one")), list[str]()
    members = team(api, audit, said)
    api.away = True
    members.look()
    members.look()
    assert said == ["the legal team has to wait: nobody answers"]
    api.away = False
    members.look()
    assert len(audit.decisions) == 1

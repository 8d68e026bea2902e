"""An API of a few lines behind the client: it answers what a test has written down, and keeps what it was asked."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from stacks.api_client import ApiClient, ApiError

URL = "http://api.example.test/v1"
JOB: dict[str, Any] = {
    "id": "job_1",
    "agent": "probe",
    "agent_version": "1",
    "status": "queued",
    "lane": "standard",
    "durability": "both",
    "home_region": "us-east-1",
    "owner_region": "us-west-2",
    "epoch": 2,
    "attempts": 3,
    "created_at": "2030-01-01T00:00:00.000Z",
    "updated_at": "2030-01-01T00:00:01.000Z",
    "usage": {"input_tokens": 0, "output_tokens": 0, "steps": 0},
}

Answer = httpx.Response | httpx.RequestError


def job(**changes: Any) -> dict[str, Any]:
    return {**JOB, **changes}


def problem(status: int, code: str, detail: str, **more: Any) -> httpx.Response:
    body = {"type": f"/errors#{code}", "title": code, "status": status, "detail": detail, "code": code, **more}
    return httpx.Response(status, json=body, headers={"Content-Type": "application/problem+json"})


def silence() -> httpx.ConnectError:
    return httpx.ConnectError("[Errno 111] Connection refused")


@dataclass
class ScriptedApi:
    """Answers in order; one question too many is an error of the test."""

    answers: list[Answer] = field(default_factory=list)
    asked: list[httpx.Request] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)
    failures: list[ApiError] = field(default_factory=list)
    now: float = 0.0

    def client(
        self, token: str | None = "ap_token", patience_seconds: float = 30.0, regions: Sequence[str] = ()
    ) -> ApiClient:
        return ApiClient(
            URL,
            token,
            regions=regions,
            transport=httpx.MockTransport(self._answer),
            patience_seconds=patience_seconds,
            on_failed_try=self.failures.append,
            time=self,
        )

    def bodies(self) -> list[Any]:
        return [json.loads(request.content) for request in self.asked]

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, httpx.RequestError):
            raise answer
        return answer

    def monotonic(self) -> float:
        """See ClientTime."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """See ClientTime."""
        self.pauses.append(seconds)
        self.now += seconds

    async def pause(self, seconds: float) -> None:
        """See ClientTime."""
        self.sleep(seconds)

    def key(self) -> str:
        """See ClientTime."""
        return secrets.token_urlsafe(18)

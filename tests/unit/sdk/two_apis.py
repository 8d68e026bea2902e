"""Both Regions' APIs in a few lines, behind either client: each can be made to refuse, hang, fail or die at any moment.

Time is virtual: what hangs takes as long as the client gives it. What a client sends is held to the OpenAPI document.
"""

import asyncio
import inspect
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx

from functions.adapters.api_description.document import openapi_document
from functions.adapters.api_description.row import A_JOB, AN_ENDED_JOB
from functions.sdk.client import AntipodeClient, AsyncAntipodeClient
from functions.sdk.client_errors import ApiError
from tests.described import complaint_of, template_of

NAME = "https://api.example.com/v1"
EAST, WEST = "https://us-east-1.api.example.com/v1", "https://us-west-2.api.example.com/v1"
STORE = "https://store.example.com/upload"
#: What an answer of a Region that is well takes.
ANSWER_SECONDS = 0.05


class VirtualTime:
    """Time that passes when somebody waits."""

    def __init__(self) -> None:
        self.now, self.keys, self.pauses = 1000.0, 0, list[float]()

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    async def pause(self, seconds: float) -> None:
        self.sleep(seconds)

    def key(self) -> str:
        self.keys += 1
        return f"key-{self.keys}"


class CutOff(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body that ends in the middle."""

    def __iter__(self) -> Iterator[bytes]:
        yield b'{"id": "job_'
        raise httpx.ReadError("Connection reset by peer")

    async def __aiter__(self) -> Any:
        for part in self:
            yield part


@dataclass
class TwoApis:
    """`faults` says what is wrong with an address; `answers` what is answered next, before the usual answers.

    `given` is how long the client waits for each answer, at most.
    """

    time: VirtualTime = field(default_factory=VirtualTime)
    faults: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, httpx.Request]] = field(default_factory=list)
    answers: list[Callable[[httpx.Request], httpx.Response]] = field(default_factory=list)
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    failures: list[ApiError] = field(default_factory=list)
    answer_seconds: float = ANSWER_SECONDS
    given: list[float] = field(default_factory=list)

    def hosts(self) -> list[str]:
        """Where the requests went."""
        return [address for address, _ in self.asked]

    def keys(self) -> list[str | None]:
        """The idempotency keys that were sent."""
        return [request.headers.get("Idempotency-Key") for _, request in self.asked]

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Answer as the Region whose address it is, with all that is wrong with it."""
        address = str(request.url.copy_with(query=None)).split("/v1")[0] + "/v1"
        address = STORE if STORE.startswith(address[:-3]) else address
        self.asked.append((address, request))
        self.given.append(round(request.extensions["timeout"]["read"], 2))
        fault = self.faults.get(address)
        seconds = request.extensions["timeout"]
        match fault:
            case "refuses":
                raise httpx.ConnectError("[Errno 111] Connection refused", request=request)
            case "is out of reach":
                self.time.now += seconds["connect"]
                raise httpx.ConnectTimeout("timed out", request=request)
            case "hangs" | "is reached late and hangs":
                self.time.now += 0.9 * seconds["connect"] if fault != "hangs" else 0.0
                self.time.now += seconds["read"]
                raise httpx.ReadTimeout("timed out", request=request)
            case "fails":
                return problem(500, "internal", "the service failed")
            case "is evacuated":
                return problem(503, "state_unavailable", "this Region is evacuated", after="2")
            case _:
                pass
        self.time.now += self.answer_seconds
        found = self._served(request)
        if fault == "dies while it answers":
            return httpx.Response(found.status_code, stream=CutOff())
        return found

    def _served(self, request: httpx.Request) -> httpx.Response:
        if str(request.url) == STORE:
            return httpx.Response(200)
        held_to_the_document(request)
        if self.answers:
            return self.answers.pop(0)(request)
        match request.method, request.url.path.removeprefix("/v1").split("/")[1:]:
            case "POST", ["jobs"]:
                key = request.headers.get("Idempotency-Key") or f"none-{len(self.jobs)}"
                found = self.jobs.setdefault(key, {**A_JOB, "id": f"job_{len(self.jobs)}"})
                return httpx.Response(202, json=found)
            case "GET", ["jobs", job_id]:
                known = [each for each in self.jobs.values() if each["id"] == job_id]
                return httpx.Response(200, json={**AN_ENDED_JOB, "id": job_id}) if known else missing()
            case _:
                return httpx.Response(200, json=example_of(request))

    def threads(self, **options: Any) -> "Caller":
        """The client for threads."""
        return Caller(AntipodeClient(NAME, "ap_token", **self._options(options)))

    def tasks(self, **options: Any) -> "Caller":
        """The client for tasks."""
        return Caller(AsyncAntipodeClient(NAME, "ap_token", **self._options(options)))

    def _options(self, options: dict[str, Any]) -> dict[str, Any]:
        given = {"regions": ("us-east-1", "us-west-2"), "on_failed_try": self.failures.append, **options}
        return {**given, "transport": httpx.MockTransport(self.answer), "time": self.time}


@dataclass
class Caller:
    """Either client, called alike: what it gives piece by piece comes as a list."""

    client: Any

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self.client, name)

        def call(*arguments: Any, **options: Any) -> Any:
            given = method(*arguments, **options)
            if hasattr(given, "__aiter__"):
                return asyncio.run(_listed(given))
            if inspect.iscoroutine(given):
                return asyncio.run(given)
            return list(given) if hasattr(given, "__next__") else given

        return call


async def _listed(given: Any) -> list[Any]:
    return [each async for each in given]


def problem(status: int, code: str, detail: str, *, after: str | None = None, **more: Any) -> httpx.Response:
    """A refusal."""
    headers = {} if after is None else {"Retry-After": after}
    body = {"type": f"urn:antipode:error:{code}", "title": code, "status": status, "detail": detail, "code": code}
    return httpx.Response(status, json={**body, "request_id": "r", **more}, headers=headers)


def missing() -> httpx.Response:
    """That there is no such job."""
    return problem(404, "job_not_found", "there is no such job")


def held_to_the_document(request: httpx.Request) -> None:
    """Whatever a client sends is described."""
    path = request.url.raw_path.decode().partition("?")[0]
    template = template_of(path, request.method)
    assert template is not None, f"{request.method} {path} is not described"
    operation = openapi_document()["paths"][template][request.method.lower()]
    known = {each["name"] for each in operation.get("parameters", []) if each["in"] == "query"}
    assert set(request.url.params) <= known, f"{set(request.url.params) - known} of {path} are not described"
    if request.content:
        schema = operation["requestBody"]["content"][request.headers["Content-Type"]]["schema"]
        complaint = complaint_of(schema, json.loads(request.content))
        assert complaint is None, complaint


def example_of(request: httpx.Request) -> Any:
    """The answer that the document shows; its own route shows none of itself."""
    path = request.url.raw_path.decode().partition("?")[0]
    operation = openapi_document()["paths"][template_of(path, request.method)][request.method.lower()]
    found = [each["content"].get("application/json", {}) for each in operation["responses"].values()]
    return next((each["example"] for each in found if "example" in each), {"openapi": "3.1.0"})

"""The model server as an ASGI application: the chat endpoint, and the control endpoint that changes its behaviour."""

import asyncio
import hashlib
import json
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal, assert_never

from pydantic import ValidationError

from localstack.model.answers import SCRIPT, Answer, Answers, ScriptedAnswer
from localstack.model.chat import ChatRequest, RequestRefused, completion, error_body, parse_request
from localstack.model.faults import Behaviour, Fates, Fault
from localstack.model.upstream import Upstream

Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]

MODEL_NAME: Final = "antipode-rules"
LARGEST_BODY_BYTES: Final = 4_000_000
REMEMBERED_REQUESTS: Final = 5_000


class ClientGone(Exception):
    """The client hung up before its answer was ready."""


@dataclass(frozen=True)
class Response:
    """A status, a body to be written as JSON, and headers besides its type."""

    status: int
    body: Mapping[str, Any]
    headers: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Remembered:
    """A request that was answered or met a fault, for those who want to know what was asked and how often."""

    number: int
    prompt_sha256: str
    outcome: str
    prompt_tokens: int
    completion_tokens: int


class ModelServer:
    """One model server. All of its state is here; it begins anew with every instance."""

    def __init__(
        self, behaviour: Behaviour, script: Sequence[ScriptedAnswer] = (), upstream: Upstream | None = None
    ) -> None:
        self._at_start = (behaviour, tuple(script))
        self._upstream = upstream
        self._reset()

    def _reset(self) -> None:
        behaviour, script = self._at_start
        self._fates = Fates(behaviour)
        self._answers = Answers(script)
        self._counts: Counter[str] = Counter()
        self._tokens: Counter[str] = Counter()
        self._requests: deque[Remembered] = deque(maxlen=REMEMBERED_REQUESTS)

    async def __call__(self, scope: Event, receive: Receive, send: Send) -> None:
        """Serve one connection's request (ASGI)."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            try:
                body = await _read_body(receive)
                response = await self._route(scope["method"], scope["path"], body, receive)
            except ClientGone:
                return
            except RequestRefused as refused:
                self._counts["refused"] += 1
                response = Response(400, error_body("invalid_request_error", str(refused), refused.param))
            await _write(send, response)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        if self._upstream:
            await self._upstream.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _route(self, method: str, path: str, body: bytes, receive: Receive) -> Response:
        match method, path:
            case "POST", "/v1/chat/completions":
                return await self._chat(parse_request(body), receive)
            case "GET", "/v1/models":
                model = {"id": MODEL_NAME, "object": "model", "created": 0, "owned_by": "antipode"}
                return Response(200, {"object": "list", "data": [model]})
            case "GET", "/health":
                return Response(200, {"status": "ok"})
            case "GET", "/control":
                return Response(200, self._control_state())
            case "POST", "/control":
                self._change(body)
                return Response(200, self._control_state())
            case "DELETE", "/control":
                self._reset()
                return Response(200, self._control_state())
            case "GET", "/control/requests":
                return Response(200, {"requests": [asdict(item) for item in self._requests]})
            case _:
                return Response(404, error_body("not_found", f"nothing answers {method} {path}"))

    async def _chat(self, request: ChatRequest, receive: Receive) -> Response:
        prompt = request.prompt
        self._counts["asked"] += 1
        number = self._counts["asked"]
        fate = self._fates.decide(prompt)
        if fate.latency_seconds:
            await asyncio.sleep(fate.latency_seconds)
        response, outcome = await self._outcome(request, prompt, number, fate.fault, receive)
        self._remember(number, prompt, outcome, response.body.get("usage") or {})
        return response

    async def _outcome(
        self, request: ChatRequest, prompt: str, number: int, fault: Fault | None, receive: Receive
    ) -> tuple[Response, str]:
        behaviour = self._fates.behaviour
        match fault:
            case Fault.THROTTLE:
                wait = {"retry-after": str(behaviour.retry_after_seconds)}
                return Response(429, error_body("rate_limit_error", "too many requests, as ordered"), wait), fault
            case Fault.ERROR:
                return Response(behaviour.error_status, error_body("server_error", "an error, as ordered")), fault
            case Fault.HANG:
                self._remember(number, prompt, fault, {})
                while (await receive())["type"] != "http.disconnect":
                    pass
                raise ClientGone
            case Fault.MALFORMED | Fault.LIE | None:
                return await self._answer(request, prompt, number, fault)
            case _:
                assert_never(fault)

    async def _answer(
        self, request: ChatRequest, prompt: str, number: int, fault: Literal[Fault.MALFORMED, Fault.LIE] | None
    ) -> tuple[Response, str]:
        """The script, then the real model if there is one, then the rules; a spoilt answer asks no real model."""
        answer = self._answers.scripted(prompt)
        if answer is None and self._upstream and fault is None:
            relayed = await self._upstream.ask(request)
            return Response(relayed.status, relayed.body, relayed.headers), "upstream"
        answer = answer or self._answers.ruled(prompt)
        return Response(200, completion(request, _said(answer, fault), number)), fault or answer.by

    def _remember(self, number: int, prompt: str, outcome: str, usage: Mapping[str, int]) -> None:
        digest = hashlib.sha256(prompt.encode()).hexdigest()
        asked, answered = usage.get("prompt_tokens", 0), usage.get("completion_tokens", 0)
        self._counts[outcome] += 1
        self._tokens.update(prompt=asked, completion=answered)
        self._requests.append(Remembered(number, digest, outcome, asked, answered))

    def _control_state(self) -> dict[str, Any]:
        return {
            "behaviour": self._fates.behaviour.model_dump(mode="json"),
            "script": SCRIPT.dump_python(self._answers.script, mode="json"),
            "counts": dict(self._counts),
            "tokens": dict(self._tokens),
        }

    def _change(self, body: bytes) -> None:
        """Set the given fields of the behaviour, and the script if given; all or, with RequestRefused, nothing."""
        try:
            changes = json.loads(body)
            if not isinstance(changes, dict):
                raise RequestRefused("send a JSON object")
            script = SCRIPT.validate_python(changes.pop("script")) if "script" in changes else None
            behaviour = Behaviour.model_validate({**self._fates.behaviour.model_dump(), **changes})
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise RequestRefused(f"{where}: {first['msg']}".removeprefix(": "), where or None) from error
        except ValueError as error:
            raise RequestRefused(f"the body is not JSON: {error}") from error
        self._fates.change(behaviour)
        if script is not None:
            self._answers = Answers(script)


def _said(answer: Answer, fault: Literal[Fault.MALFORMED, Fault.LIE] | None) -> str:
    match fault:
        case Fault.MALFORMED:
            return answer.text[: len(answer.text) // 2]
        case Fault.LIE:
            return answer.lie
        case None:
            return answer.text
        case _:
            assert_never(fault)


async def _read_body(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        body += message.get("body", b"")
        if len(body) > LARGEST_BODY_BYTES:
            raise RequestRefused(f"the body is over {LARGEST_BODY_BYTES} bytes")
        if not message.get("more_body"):
            return bytes(body)


async def _write(send: Send, response: Response) -> None:
    body = json.dumps(response.body).encode()
    headers = {"content-type": "application/json", "content-length": str(len(body)), **(response.headers or {})}
    encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": response.status, "headers": encoded})
    await send({"type": "http.response.body", "body": body})

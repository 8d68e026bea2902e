"""A real model behind the model server: any OpenAI-compatible endpoint, asked in place of the rules.

The emulator's Bedrock knows one plain address without a key and passes Bedrock's model id on. So the key and the
model's name at its provider are added here, and faults and scripted answers work in front of a real model as well.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from localstack.model.chat import ChatRequest, error_body


@dataclass(frozen=True)
class Relayed:
    """What the upstream answered."""

    status: int
    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)


class Upstream:
    """One endpoint, such as http://127.0.0.1:11434 (its path /v1/chat/completions is added)."""

    def __init__(
        self,
        url: str,
        model: str | None = None,
        key: str | None = None,
        *,
        timeout_seconds: float = 110,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._model = model
        self._client = httpx.AsyncClient(
            base_url=url.rstrip("/").removesuffix("/v1"),
            headers={"authorization": f"Bearer {key}"} if key else {},
            timeout=timeout_seconds,
            transport=transport,
        )

    async def ask(self, request: ChatRequest) -> Relayed:
        """Pass a request on. An endpoint that does not answer, or not in JSON, is an error 502 of ours."""
        asked = request.model_dump(mode="json", exclude_none=True)
        if self._model:
            asked["model"] = self._model
        try:
            answer = await self._client.post("/v1/chat/completions", json=asked)
            body = answer.json()
        except httpx.HTTPError as error:
            return Relayed(502, error_body("upstream_unreachable", f"{type(error).__name__}: {error}"))
        except ValueError:
            return Relayed(502, error_body("upstream_malformed", "the upstream's answer is not JSON"))
        kept = {name: answer.headers[name] for name in ("retry-after",) if name in answer.headers}
        return Relayed(answer.status_code, body if isinstance(body, dict) else {"data": body}, kept)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.aclose()

"""The form of OpenAI's chat completions: what a request may hold, and how answers and errors are written."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from localstack.model.tokens import count_prompt_tokens, count_tokens, first_tokens


class TextPart(BaseModel):
    """A piece of a message's content."""

    model_config = ConfigDict(frozen=True)
    type: Literal["text"]
    text: str


class Message(BaseModel):
    """One message; fields that only other models understand are let pass."""

    model_config = ConfigDict(frozen=True, extra="allow")
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | tuple[TextPart, ...] | None = None

    @property
    def text(self) -> str:
        """Its words."""
        match self.content:
            case None:
                return ""
            case str():
                return self.content
            case parts:
                return "\n".join(part.text for part in parts)


class ChatRequest(BaseModel):
    """The body of POST /v1/chat/completions, as far as it matters here; the rest is kept for an upstream model."""

    model_config = ConfigDict(frozen=True, extra="allow")
    model: Annotated[str, Field(min_length=1)]
    messages: Annotated[tuple[Message, ...], Field(min_length=1)]
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    stop: str | tuple[str, ...] | None = None
    stream: bool = False

    @property
    def prompt(self) -> str:
        """All that the model is told, in order."""
        return "\n\n".join(message.text for message in self.messages)

    @property
    def stops(self) -> tuple[str, ...]:
        """The texts before which an answer ends."""
        return (self.stop,) if isinstance(self.stop, str) else self.stop or ()


class RequestRefused(Exception):
    """A request that no model could answer."""

    def __init__(self, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.param = param


def parse_request(body: bytes) -> ChatRequest:
    """Read a request. Raises RequestRefused that names the field."""
    try:
        request = ChatRequest.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise RequestRefused(f"{where}: {first['msg']}" if where else first["msg"], where or None) from error
    if request.stream:
        raise RequestRefused("stream: this server answers in one piece only", "stream")
    return request


def completion(request: ChatRequest, text: str, number: int) -> dict[str, Any]:
    """The answer to a request. `number` counts the requests of this server, so that the same run has the same ids."""
    for stop in request.stops:
        text = text.partition(stop)[0]
    cut = first_tokens(text, request.max_tokens) if request.max_tokens else text
    asked = count_prompt_tokens(message.text for message in request.messages)
    answered = count_tokens(cut)
    return {
        "id": f"chatcmpl-{number:08d}",
        "object": "chat.completion",
        "created": 0,
        "model": request.model,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": cut},
                "finish_reason": "stop" if cut == text else "length",
            }
        ],
        "usage": {"prompt_tokens": asked, "completion_tokens": answered, "total_tokens": asked + answered},
    }


def error_body(kind: str, message: str, param: str | None = None) -> Mapping[str, Any]:
    """An error in OpenAI's form."""
    return {"error": {"message": message, "type": kind, "param": param, "code": None}}

"""Registering an agent: a named, versioned async function from a typed input to a typed result."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from inspect import iscoroutinefunction, signature
from typing import Any, get_type_hints

from functions.application.agent_ports import StepRecorder
from functions.domain.job.events import Json
from functions.sdk.context import Context
from functions.sdk.values import from_json, schema_of, to_json

AgentFunction = Callable[[Context, Any], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class AgentDefinition:
    """An agent as the runtime sees it (port Agent)."""

    name: str
    version: str
    description: str
    function: AgentFunction
    input_type: Any
    result_type: Any

    def check_input(self, value: Json) -> None:
        """See Agent."""
        from_json(self.input_type, value, "invalid_body", "input")

    def input_schema(self) -> dict[str, Json]:
        """See Agent."""
        return schema_of(self.input_type)

    async def run(self, recorder: StepRecorder, value: Json) -> Json:
        """See Agent. Raises AntipodeError (invalid_body, result_invalid, ...) and what steps raise."""
        request = from_json(self.input_type, value, "invalid_body", "input")
        result = to_json(await self.function(Context(recorder), request), "the result")
        from_json(self.result_type, result, "result_invalid", "result")
        return result


def agent(name: str, *, version: str) -> Callable[[AgentFunction], AgentDefinition]:
    """Turn `async def f(ctx: Context, request: Request) -> Result` into an agent. Both types need annotations.

    Raises TypeError at import when the function does not have that form: better there than in a job.
    """

    def register(function: AgentFunction) -> AgentDefinition:
        hints = get_type_hints(function)
        returns = hints.pop("return", None)
        kinds = [hints.get(name) for name in signature(function).parameters]
        typed = returns is not None and len(kinds) == 2 and kinds[0] is Context and kinds[1] is not None
        if not typed or not iscoroutinefunction(function):
            form = "async def f(ctx: Context, request: Request) -> Result"
            raise TypeError(f"agent {name!r}: write it as `{form}`, with all annotations")
        description = (function.__doc__ or "").strip().partition("\n")[0]
        return AgentDefinition(name, version, description, function, kinds[1], returns)

    return register

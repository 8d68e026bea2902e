"""Registering agents, and running one from JSON to JSON."""

from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, Field

from functions.domain.errors import AntipodeError
from functions.sdk import Context, agent
from tests.simulation.virtual_time import in_virtual_time
from tests.unit.sdk.recording import Recording


class Request(BaseModel):
    """An input."""

    model_config = ConfigDict(extra="forbid")
    name: str
    counts: list[int] = Field(default=[1], max_length=3)


class Reply(BaseModel):
    """A result."""

    text: str
    length: int = Field(ge=1)


@agent("greet", version="3")
async def greet(ctx: Context, request: Request) -> Reply:
    """Greets somebody.

    And says how long that is.
    """
    return Reply(text=f"Hello {request.name}", length=len(request.name))


def test_an_agent_has_its_name_version_and_the_first_line_of_its_docstring() -> None:
    assert (greet.name, greet.version, greet.description) == ("greet", "3", "Greets somebody.")


@in_virtual_time
async def test_an_agent_runs_from_json_to_json() -> None:
    assert await greet.run(Recording(), {"name": "Ada"}) == {"text": "Hello Ada", "length": 3}


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ({}, "input.name"),
        ({"name": 7}, "input.name"),
        ({"name": "Ada", "counts": [1, "x"]}, "input.counts.1"),
        ({"name": "Ada", "age": 36}, "input.age"),
        ("Ada", "input"),
        (None, "input"),
    ],
)
def test_an_input_that_does_not_fit_names_the_field(value: Any, field: str) -> None:
    with pytest.raises(AntipodeError) as caught:
        greet.check_input(value)
    assert (caught.value.code, caught.value.field) == ("invalid_body", field)
    assert caught.value.detail.startswith(f"{field}: ")


def test_an_agent_tells_the_schema_of_its_input() -> None:
    schema: Any = greet.input_schema()
    assert schema["required"] == ["name"]
    assert schema["properties"]["name"]["type"] == "string"


@in_virtual_time
async def test_a_result_that_does_not_fit_its_type_is_the_agents_fault() -> None:
    @agent("wrong", version="1")
    async def wrong(ctx: Context, request: Request) -> Reply:
        """Returns something else."""
        return {"text": "Hello", "length": 0}  # type: ignore[return-value]

    with pytest.raises(AntipodeError, match=r"result\.length: ") as caught:
        await wrong.run(Recording(), {"name": "Ada"})
    assert caught.value.code == "result_invalid"


@in_virtual_time
async def test_an_agent_may_return_nothing() -> None:
    @agent("quiet", version="1")
    async def quiet(ctx: Context, request: Request) -> None:
        """Returns nothing."""

    assert await quiet.run(Recording(), {"name": "Ada"}) is None


async def no_annotations(ctx, request):  # type: ignore[no-untyped-def]
    return None


async def no_result_type(ctx: Context, request: Request):  # type: ignore[no-untyped-def]
    return None


async def no_request(ctx: Context) -> Reply:
    raise NotImplementedError


async def untyped_request(ctx: Context, request) -> Reply:  # type: ignore[no-untyped-def]
    raise NotImplementedError


async def no_context(request: Request, other: Request) -> Reply:
    raise NotImplementedError


async def wrong_way_round(request: Request, ctx: Context) -> Reply:
    raise NotImplementedError


async def one_too_many(ctx: Context, request: Request, more: int = 1) -> Reply:
    raise NotImplementedError


def not_async(ctx: Context, request: Request) -> Reply:
    raise NotImplementedError


@pytest.mark.parametrize(
    "function",
    [
        no_annotations,
        no_result_type,
        no_request,
        untyped_request,
        no_context,
        wrong_way_round,
        one_too_many,
        not_async,
    ],
)
def test_a_function_without_the_form_of_an_agent_is_refused_at_once_with_the_form(function: Any) -> None:
    with pytest.raises(TypeError, match="write it as `async def f") as caught:
        agent("odd", version="1")(function)
    assert "agent 'odd'" in str(caught.value)

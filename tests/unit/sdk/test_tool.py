"""Tools' options."""

import functools
from collections.abc import Callable
from typing import Any

import pytest

from functions.domain.job.retry import ONCE, Retry
from functions.sdk.tool import DEFAULT_RETRY, ToolOptions, check_name, options_of, tool


def plain() -> None:
    """Does nothing."""


def fresh() -> Callable[[], None]:
    """Return a function that has not been marked."""

    def nothing() -> None:
        """Does nothing."""

    return nothing


def test_a_plain_function_is_a_repeatable_tool_under_its_own_name() -> None:
    assert options_of(plain) == ToolOptions("plain", repeatable=True, expensive=False, retry=DEFAULT_RETRY)


def test_a_marked_function_keeps_working_and_carries_its_options() -> None:
    patient = Retry(attempts=3, first_seconds=10.0)

    @tool(name="sum", repeatable=False, expensive=True, retry=patient, timeout=5.0)
    def add(one: int, other: int) -> int:
        return one + other

    assert add(1, 2) == 3
    assert options_of(add) == ToolOptions("sum", repeatable=False, expensive=True, retry=patient, timeout=5.0)


def test_a_marked_function_without_a_name_is_called_by_its_own() -> None:
    @tool(repeatable=False)
    def pay() -> None:
        """Pays."""

    assert options_of(pay).name == "pay"


def test_what_is_not_repeatable_is_tried_once_unless_it_says_otherwise() -> None:
    assert options_of(tool(repeatable=False)(fresh())).retry == ONCE
    assert options_of(tool()(fresh())).retry == DEFAULT_RETRY
    assert DEFAULT_RETRY.mends(ConnectionError(), 1)
    assert not ONCE.mends(ConnectionError(), 1)


def test_what_has_no_name_is_refused_with_the_remedy() -> None:
    with pytest.raises(TypeError, match="has no name: write a function around it"):
        options_of(functools.partial(plain))


@pytest.mark.parametrize("name", ["", "a/b", "a#2", "map[0]", "r2:pay"])
def test_a_name_that_would_be_misread_in_a_path_is_refused_where_the_tool_is_defined(name: str) -> None:
    def refused() -> Any:
        return tool(name=name)(fresh()) if name else check_name(name)

    with pytest.raises(TypeError, match="is no name for a step"):
        refused()

"""Tools' options."""

import functools

import pytest

from functions.sdk.tool import ToolOptions, options_of, tool


def plain() -> None:
    """Does nothing."""


def test_a_plain_function_is_a_repeatable_tool_under_its_own_name() -> None:
    assert options_of(plain) == ToolOptions("plain", repeatable=True, expensive=False)


def test_a_marked_function_keeps_working_and_carries_its_options() -> None:
    @tool(name="sum", repeatable=False, expensive=True)
    def add(one: int, other: int) -> int:
        return one + other

    assert add(1, 2) == 3
    assert options_of(add) == ToolOptions("sum", repeatable=False, expensive=True)


def test_a_marked_function_without_a_name_is_called_by_its_own() -> None:
    @tool(repeatable=False)
    def pay() -> None:
        """Pays."""

    assert options_of(pay).name == "pay"


def test_what_has_no_name_is_refused_with_the_remedy() -> None:
    with pytest.raises(TypeError, match="has no name: write a function around it"):
        options_of(functools.partial(plain))

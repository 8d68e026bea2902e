"""Names say what a thing is for; these words say nothing (DESIGN section 1)."""

import ast
import re

import pytest

from tests.architecture.sources import Source, listed, sources

SAYS_NOTHING = {"base", "common", "helper", "helpers", "manager", "misc", "util", "utils"}


def words(name: str) -> set[str]:
    """The words of a snake_case or CamelCase name; digits belong to the word before them (base64)."""
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+[0-9]*", name)}


def empty_names(source: Source) -> list[str]:
    """Folders, files, classes and functions of this source whose name holds such a word."""
    definitions = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    named = [(source.name, part) for part in source.name.removesuffix(".py").split("/")]
    named += [(f"{source.name}:{n.lineno}", n.name) for n in ast.walk(source.tree) if isinstance(n, definitions)]
    return [f"{place}: {name}" for place, name in named if words(name) & SAYS_NOTHING]


def test_no_file_class_or_function_has_a_name_that_says_nothing() -> None:
    found = [name for source in sources() for name in empty_names(source)]
    assert not found, listed(found)


@pytest.mark.parametrize("name", ["base_model", "BaseModel", "retry_helper", "QueueManager", "HTTPUtils", "_misc"])
def test_a_word_that_says_nothing_is_found_inside_a_name(name: str) -> None:
    assert empty_names(Source("ours.py", f"class {name}: ...")) == [f"ours.py:1: {name}"]


@pytest.mark.parametrize("name", ["database", "encode_base64", "managed_policy", "utility_company"])
def test_a_word_that_only_looks_alike_is_allowed(name: str) -> None:
    assert empty_names(Source("ours.py", f"def {name}(): ...")) == []

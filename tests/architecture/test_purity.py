"""What import-linter cannot say: the domain imports what is pure alone, and tests do not sleep."""

import ast
import sys

from tests.architecture.sources import Source, imports_of, listed, sources

# Parts of the standard library through which time, randomness, the environment or the network would come in.
IMPURE = {"asyncio", "http", "os", "random", "secrets", "shutil", "socket", "subprocess", "threading", "time"}
IMPURE_PARTS = {"urllib.request"}
# Packages that compute, and do nothing else: nothing of the world comes in through them.
PURE_PACKAGES = {"cronsim"}
SLEEPS = {"time.sleep", "asyncio.sleep", "sleep"}
MAY_WAIT = "tests/eventually.py"


def impure_imports(file: Source) -> list[str]:
    found = []
    for name in imports_of(file):
        top = name.split(".")[0]
        ours = name == "functions.domain" or name.startswith("functions.domain.")
        known = top in sys.stdlib_module_names or top in PURE_PACKAGES
        if not ours and (not known or top in IMPURE or name in IMPURE_PARTS):
            found.append(f"{file.name}: imports {name}")
    return found


def _called(call: ast.Call) -> str:
    """The last part of what is called."""
    match call.func:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
        case _:
            return ""


def sleeps(file: Source) -> list[str]:
    found = []
    for node in ast.walk(file.tree):
        if not (isinstance(node, ast.Call) and _called(node) == "sleep") or ast.unparse(node.func) not in SLEEPS:
            continue
        gives_way = isinstance(node.args[0], ast.Constant) and node.args[0].value == 0
        if not gives_way:
            found.append(f"{file.name}:{node.lineno}: {ast.unparse(node)}")
    return found


def test_the_domain_imports_nothing_but_itself_and_what_is_pure() -> None:
    found = [line for file in sources("functions/domain") for line in impure_imports(file)]
    assert not found, listed(found)


def test_no_test_sleeps() -> None:
    found = [line for file in sources("tests") if file.name != MAY_WAIT for line in sleeps(file)]
    assert not found, listed(found)


def test_an_impure_import_is_found_wherever_it_stands() -> None:
    text = (
        "import json, urllib.parse\nfrom functions.domain import ids\ndef f():\n  import boto3\n  from os import path\n"
    )
    assert impure_imports(Source("d.py", text)) == ["d.py: imports boto3", "d.py: imports os"]


def test_a_sleep_is_found_but_giving_way_to_other_tasks_is_not() -> None:
    text = "import time, asyncio\ntime.sleep(0.1)\nasync def f():\n    await asyncio.sleep(0)\n"
    assert sleeps(Source("t.py", text)) == ["t.py:2: time.sleep(0.1)"]

"""How many local clouds the tests start: each one more costs the whole suite, so it is decided here."""

import ast

from tests.architecture.sources import Source, sources

#: Places that start emulators, of whatever kind, each in a slot of its own; one of them is the benches'.
SLOTS = 13
#: Places that start a few emulators without our stacks.
SMALL_CLOUDS = 7
#: Places that bring a whole cloud up: one for all end-to-end tests, two that are cut short. The demo has its own.
WHOLE_CLOUDS = 3
#: Places that have the CDK write templates: all variants for tests/stacks, and app.py, right and wrong.
SYNTHESES = 3


def calls(files: tuple[Source, ...], *wanted: str) -> list[str]:
    """Every call of a function of that name; for `name("argument")`, with that first argument only."""
    found = []
    names = {each.partition("(")[0] for each in wanted}
    for file in files:
        if not any(name in file.text for name in names):
            continue
        for node in ast.walk(file.tree):
            if isinstance(node, ast.Call) and (called := _name_of(node.func)) in names:
                first = ast.unparse(node.args[0]) if node.args else ""
                if called in wanted or f"{called}({first})" in wanted:
                    found.append(f"{file.name}:{node.lineno}: {called}")
    return found


def _name_of(function: ast.expr) -> str:
    match function:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
        case _:
            return ""


def test_tests_start_no_more_clouds_and_syntheses_than_was_decided() -> None:
    files = tuple(file for file in sources("tests") if not file.name.startswith("tests/architecture/"))
    counted = {
        "slots": (calls(files, "leased_slot"), SLOTS),
        "small clouds": (calls(files, "Emulators"), SMALL_CLOUDS),
        "whole clouds": (calls(files, "json('up')", "begin_up"), WHOLE_CLOUDS),
        "syntheses": (calls(files, "_synthesize", "run_app"), SYNTHESES),
    }
    for what, (found, most) in counted.items():
        assert len(found) == most, f"{len(found)} {what}, {most} were decided on (docs/decisions/0019): {found}"


def test_a_cloud_more_is_seen() -> None:
    text = "with leased_slot() as slot:\n    cli.json('up', '-c', 'x=y')\n    cli.json('status')\n    begin_up()\n"
    assert len(calls((Source("t.py", text),), "leased_slot", "json('up')", "begin_up")) == 3

"""How shims change the emulator, and notice that it has changed (localstack/shims/patching.py)."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from localstack.shims import patching
from localstack.shims.patching import EmulatorChanged, Target, edit, source_hash, wrap

SOURCE = '''
SCRIPT = "print(1)"
FACTOR = 2


def double(number):
    return number * FACTOR


class Worker:
    def run(self, number):
        """Run."""
        result = double(number)
        return result


async def later(number):
    return number * FACTOR
'''


@pytest.fixture
def upstream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A module of an emulator, which patching then finds under the name `services.thing`."""
    path = tmp_path / "thing.py"
    path.write_text(SOURCE)
    spec = importlib.util.spec_from_file_location("thing", path)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    monkeypatch.setattr(patching, "module", {"services.thing": made}.__getitem__)
    return made


def target(upstream: ModuleType, name: str) -> Target:
    found = upstream
    for part in name.split("."):
        found = getattr(found, part)
    return Target("services.thing", name, source_hash(found))


def test_a_wrapped_function_is_replaced_where_others_find_it(upstream: ModuleType) -> None:
    wrap(target(upstream, "double"), lambda double: lambda number: double(number) + 1)

    assert upstream.double(3) == 7
    assert upstream.Worker().run(3) == 7


def test_an_edited_function_keeps_its_module_and_sees_new_names(upstream: ModuleType) -> None:
    edit(target(upstream, "double"), ("number * FACTOR", "extra(number) * FACTOR"), names={"extra": lambda n: n + 1})
    vars(upstream)["FACTOR"] = 10

    assert upstream.double(3) == 40


def test_a_method_a_coroutine_and_a_text_can_be_edited(upstream: ModuleType) -> None:
    edit(target(upstream, "Worker.run"), ("return result", "return -result"))
    edit(target(upstream, "SCRIPT"), ("1", "2"))
    edit(target(upstream, "later"), ("number * FACTOR", "'never'"))

    assert upstream.Worker().run(3) == -6
    assert upstream.SCRIPT == "print(2)"
    with pytest.raises(StopIteration, match="never"):
        upstream.later(1).send(None)


def test_a_traceback_names_the_line_of_the_original_file(upstream: ModuleType) -> None:
    edit(target(upstream, "double"), ("number * FACTOR", "number / 0"))

    with pytest.raises(ZeroDivisionError) as raised:
        upstream.double(1)

    line = raised.traceback[-1].lineno + 1
    assert SOURCE.splitlines()[line - 1] == "    return number * FACTOR"


def test_another_source_is_refused(upstream: ModuleType) -> None:
    other = Target("services.thing", "double", "0123456789abcdef")

    with pytest.raises(
        EmulatorChanged, match=r"ministack\.services\.thing\.double has source .*, not 0123456789abcdef"
    ):
        wrap(other, lambda original: original)
    assert upstream.double(3) == 6


def test_a_function_that_is_gone_is_refused(upstream: ModuleType) -> None:
    gone = Target("services.thing", "Worker.walk", "0123456789abcdef")

    with pytest.raises(EmulatorChanged, match=r"no longer has Worker\.walk; our shims were written for ministack"):
        gone.checked()


@pytest.mark.parametrize("piece", ["nowhere", "number"])
def test_a_piece_that_does_not_occur_exactly_once_is_refused(upstream: ModuleType, piece: str) -> None:
    with pytest.raises(EmulatorChanged, match="times, not once"):
        edit(target(upstream, "double"), (piece, "anything"))

"""`antipode demo`: what becomes of its cloud. The story itself: tests/e2e/test_demo.py."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from stacks.commands import demo
from tests.cli.conftest import Antipode


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The slots whose cloud was taken down; the story is told by a test's own words."""
    ended: list[int] = []
    cloud = SimpleNamespace(up=lambda model_url: None)
    monkeypatch.setattr(demo, "LocalCloud", SimpleNamespace(prepare=lambda *_, **__: cloud, down=ended.append))
    written = SimpleNamespace(write=lambda *_: ("page", "data"), summary=lambda _: "told", kept_all=lambda _: True)
    monkeypatch.setattr(demo, "report", written)
    monkeypatch.setattr(demo, "_told", lambda *_: SimpleNamespace(seen=None))
    return ended


def test_the_demo_takes_its_cloud_down(antipode: Antipode, ended: list[int]) -> None:
    assert antipode("demo", "--slot", "3").exit_code == 0
    assert ended == [3]


def test_its_cloud_is_left_up_when_that_is_asked_for(antipode: Antipode, ended: list[int]) -> None:
    assert antipode("demo", "--slot", "3", "--keep").exit_code == 0
    assert ended == []


def test_a_story_that_breaks_off_leaves_no_cloud_whatever_was_asked_for(
    antipode: Antipode, ended: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks_off(*_: Any) -> None:
        raise RuntimeError("a Region did not come back")

    monkeypatch.setattr(demo, "_told", breaks_off)
    assert antipode("demo", "--slot", "3", "--keep").exit_code != 0
    assert ended == [3]

"""The registry: agents by name, loaded on first use, one a module."""

import subprocess
import sys
from pathlib import Path

import pytest

from functions.adapters.agent_registry import SHIPPED, AgentRegistry

MODULE = """
from functions.sdk import Context, agent

@agent("{name}", version="1")
async def one(ctx: Context, request: str) -> str:
    \"\"\"Says it back.\"\"\"
    return request
"""


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def test_every_agent_that_ships_can_be_found_by_its_name() -> None:
    registry = AgentRegistry()
    assert list(registry.names()) == sorted(SHIPPED)
    for name in registry.names():
        agent = registry.find(name)
        assert agent is not None
        assert agent.name == name
        assert agent.description
        assert agent.input_schema()["type"] == "object"


def test_the_same_agent_is_found_each_time() -> None:
    registry = AgentRegistry()
    assert registry.find("probe") is registry.find("probe")


def test_a_name_that_nobody_has_finds_nothing() -> None:
    assert AgentRegistry().find("functions.agents.probe") is None


def test_no_agent_and_no_pydantic_is_loaded_before_one_is_asked_for() -> None:
    code = (
        "import sys\n"
        "from functions.adapters.agent_registry import AgentRegistry\n"
        "AgentRegistry().names()\n"
        "print(sorted(m for m in sys.modules if m.startswith(('functions.agents', 'functions.sdk', 'pydantic'))))\n"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_a_module_without_an_agent_is_an_error_that_names_it(written: Path) -> None:
    (written / "no_agent_here.py").write_text("x = 1\n")
    with pytest.raises(LookupError, match=r"no_agent_here must define the one agent 'one'; it defines none"):
        AgentRegistry({"one": ["no_agent_here"]}).find("one")


def test_a_module_whose_agent_has_another_name_is_an_error(written: Path) -> None:
    (written / "other_agent_here.py").write_text(MODULE.format(name="other"))
    with pytest.raises(LookupError, match="it defines other"):
        AgentRegistry({"one": ["other_agent_here"]}).find("one")


def test_a_module_that_an_author_wrote_is_loaded_by_its_name(written: Path) -> None:
    (written / "my_own_agent.py").write_text(MODULE.format(name="one"))
    agent = AgentRegistry({"one": ["my_own_agent"]}).find("one")
    assert agent is not None
    assert agent.description == "Says it back."


@pytest.fixture
def versions(written: Path) -> AgentRegistry:
    for number in (1, 2, 3):
        text = MODULE.format(name="one").replace('version="1"', f'version="{number}"')
        (written / f"agent_in_version_{number}.py").write_text(text)
    modules = [f"agent_in_version_{number}" for number in (3, 2, 1)]
    for name in modules:
        sys.modules.pop(name, None)
    return AgentRegistry({"one": modules})


def test_several_versions_live_side_by_side_and_new_jobs_get_the_newest(versions: AgentRegistry) -> None:
    assert list(versions.versions("one")) == ["3", "2", "1"]
    newest = versions.find("one")
    assert newest is not None
    assert newest.version == "3"


@pytest.mark.parametrize("version", ["1", "2", "3"])
def test_a_job_stays_on_the_version_that_it_started_with(versions: AgentRegistry, version: str) -> None:
    agent = versions.find("one", version)
    assert agent is not None
    assert agent.version == version


def test_a_version_that_was_retired_is_not_found_and_is_none_of_the_others(versions: AgentRegistry) -> None:
    assert versions.find("one", "4") is None
    assert list(versions.versions("two")) == []


def test_a_worker_loads_no_older_version_than_its_jobs_need(versions: AgentRegistry) -> None:
    versions.find("one", "2")
    loaded = [name for name in sys.modules if name.startswith("agent_in_version_")]
    assert sorted(loaded) == ["agent_in_version_2", "agent_in_version_3"]


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_no_two_shipped_versions_of_an_agent_share_a_name(name: str) -> None:
    versions = AgentRegistry().versions(name)
    assert len(set(versions)) == len(versions) == len(SHIPPED[name])

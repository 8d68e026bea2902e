"""GET /v1/agents."""

from functions.handlers.list_agents import handle
from tests.event_files import event
from tests.unit.handlers.conftest import Process, body_of


def test_every_agent_is_listed_with_the_schema_of_its_input(process: Process) -> None:
    agents = {agent["name"]: agent for agent in body_of(handle(event("list_agents"), None))["agents"]}
    assert set(agents) == {"licence-review", "probe", "release-audit"}
    assert agents["probe"]["version"]
    assert agents["probe"]["description"]
    assert set(agents["probe"]["input_schema"]["required"]) == {"steps", "milliseconds"}

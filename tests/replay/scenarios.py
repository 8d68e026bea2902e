"""What the kept histories are recorded from: an agent, an input, and what surrounds it. New ones are added at the end.

A scenario's name is its file's name. A history that was recorded is never recorded anew.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from functions.adapters.agent_registry import SHIPPED, AgentRegistry
from functions.agents.licence_evidence import Evidence, EvidenceFile, Excerpt
from functions.application.ports import ModelRequest, ModelUnavailable
from functions.domain.job.events import Json
from functions.domain.job.history import Segment
from functions.sdk import AgentDefinition, TryAgain
from functions.sdk.testing import Decision
from functions.sdk.testing.run_agent import Surroundings
from tests.replay.conversation import conversation
from tests.replay.conversation_corrected import corrected_conversation
from tests.replay.conversation_redriven import redriven_conversation
from tests.replay.rewriting import Rewrite, adopted_after, paused_after, redriven_after, retried_in_the_old_way

#: The agents of the corpus, beside those that ship.
CORPUS = {
    "chat": ["tests.replay.agents.chat"],
    "every-step": ["tests.replay.agents.every_step"],
    "leaf": ["tests.replay.agents.leaf"],
    "rounds": ["tests.replay.agents.rounds"],
    "undoing": ["tests.replay.agents.undoing"],
}
AGENTS = AgentRegistry({**SHIPPED, **CORPUS})
GRANT = "Permission is hereby granted, free of charge, to any person obtaining a copy"


@dataclass(frozen=True, slots=True)
class Scenario:
    """One of them. `surroundings` makes them anew for each recording; `rewritten` makes of it what no test can run.

    `told`, where it is given, is a story of several jobs of the agent, and what is recorded is theirs.
    """

    agent: str
    input: Json
    surroundings: Callable[[], Surroundings] = Surroundings
    rewritten: Rewrite | None = None
    told: Callable[[AgentDefinition], Mapping[str, Sequence[Segment]]] | None = None


def agent_named(name: str, version: str | None = None) -> AgentDefinition:
    """Return an agent of the corpus or of those that ship."""
    found = AGENTS.find(name, version)
    assert isinstance(found, AgentDefinition), f"there is no agent {name!r} in version {version!r}: keep it"
    return found


def _fetched_at_third_try() -> Callable[[str], str]:
    fails = [TryAgain("not yet"), TryAgain("not yet", after_seconds=100.0)]

    def fetch(what: str) -> str:
        if fails:
            raise fails.pop(0)
        return f"fetched {what}"

    return fetch


def _everything() -> Surroundings:
    return {
        "tools": {"fetch": _fetched_at_third_try()},
        "model": [ModelUnavailable("throttled"), "no JSON", {"word": "brisk"}],
        "signals": {"go": [{"n": [1, None, "späß"]}]},
        "approvals": {"legal": Decision(approved=True, by="ann", comment="go on")},
        "agents": [agent_named("leaf")],
    }


def _nobody_decides() -> Surroundings:
    return {
        "tools": {"fetch": lambda what: f"fetched {what}"},
        "model": [{"word": "slow"}],
        "signals": {"go": [7]},
    }


def _evidence(distribution: str, declared: str | None) -> Evidence:
    lines = ("MIT License", "", GRANT) if distribution != "gamma" else ("GNU GENERAL PUBLIC LICENSE", "Version 3")
    licence = EvidenceFile(name="LICENSE", excerpts=(Excerpt(first_line=1, lines=lines),), total_lines=len(lines))
    declaration = None if declared is None else Excerpt(first_line=2, lines=(f"License-Expression: {declared}",))
    metadata = EvidenceFile(
        name="METADATA", excerpts=(Excerpt(first_line=1, lines=(f"Name: {distribution}",)),), total_lines=2
    )
    return Evidence(
        distribution=distribution, version="1.0", declared=declared, declaration=declaration, files=(metadata, licence)
    )


def _reviewed(request: ModelRequest) -> dict[str, Any]:
    if "Name: gamma" in request.prompt:
        return {
            "spdx": "GPL-3.0-only",
            "risk": "strong-copyleft",
            "evidence": ["GNU GENERAL PUBLIC LICENSE"],
            "confidence": 0.8,
        }
    if "It was rejected" in request.prompt or "Name: beta" not in request.prompt:
        return {"spdx": "MIT", "risk": "permissive", "evidence": [GRANT], "confidence": 0.9}
    return {"spdx": "MIT", "risk": "permissive", "evidence": ["a line that is made up"], "confidence": 0.9}


def _reviews() -> Surroundings:
    declared = {"alpha": "MIT", "beta": None, "gamma": None}
    return {
        "tools": {"read_distribution": lambda distribution: _evidence(distribution, declared[distribution])},
        "model": _reviewed,
        "approvals": {"legal": Decision(approved=False, by="bob", comment="not with us")},
        "agents": [agent_named("licence-review")],
    }


SCENARIOS: dict[str, Scenario] = {
    "probe-three-steps": Scenario("probe", {"steps": 3, "milliseconds": 100, "payload_bytes": 10}),
    "probe-that-fails": Scenario("probe", {"steps": 5, "milliseconds": 10, "fail_at": 4}),
    "probe-that-waits": Scenario(
        "probe",
        {"steps": 1, "milliseconds": 1, "sleep_seconds": 3600, "signal": "go", "approval_group": "legal"},
        lambda: {"signals": {"go": ["now"]}, "approvals": {"legal": True}},
    ),
    "licence-review-declared": Scenario("licence-review", {"distribution": "alpha"}, _reviews),
    "licence-review-asked-twice": Scenario("licence-review", {"distribution": "beta"}, _reviews),
    "release-audit": Scenario("release-audit", {"distributions": ["alpha", "beta", "gamma"]}, _reviews),
    "every-step": Scenario("every-step", {"width": 3, "name": "spring"}, _everything),
    "every-step-undecided": Scenario("every-step", {"width": 1}, _nobody_decides),
    "every-step-adopted": Scenario("every-step", {"width": 2}, _everything, adopted_after(12)),
    "rounds": Scenario("rounds", {"left": 3}),
    "undoing-to-its-end": Scenario("undoing", {"stops": ["Rome", "Oslo"]}),
    "rounds-paused": Scenario("rounds", {"left": 2}, rewritten=paused_after(6)),
    "probe-retried-in-the-old-way": Scenario(
        "probe", {"steps": 2, "milliseconds": 5}, rewritten=retried_in_the_old_way
    ),
    "probe-too-slow-for-one-worker": Scenario("probe", {"steps": 4, "milliseconds": 40_000}),
    "probe-redriven": Scenario("probe", {"steps": 3, "milliseconds": 50}, rewritten=redriven_after(4)),
    "session-of-all-policies": Scenario("chat", None, told=conversation),
    "undoing-cancelled": Scenario("undoing", {"stops": ["Rome", "Oslo", "Bern"]}, lambda: {"cancel_after": 8000.0}),
    "session-corrected": Scenario("chat", None, told=corrected_conversation),
    "session-redriven": Scenario("chat", None, told=redriven_conversation),
}

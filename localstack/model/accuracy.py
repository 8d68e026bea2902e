"""Measures how well a model reads licences: what it finds against what distributions declare, hidden from it.

`python -m localstack.model.accuracy` runs the real agent, with its real prompt and checks, over every distribution of
this environment that declares a valid License-Expression, and prints the result. The model is the rule-based reader, or
with `--model-url` any OpenAI-compatible endpoint.
"""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import distributions
from typing import Any, Final, cast

from functions.adapters.agent_registry import AgentRegistry
from functions.application.agent_ports import StepRecorder, StepRequest
from functions.application.ports import Model, ModelAnswer, ModelRequest
from functions.domain.errors import AntipodeError
from functions.domain.job.events import Json
from localstack.model.answers import Answers
from localstack.model.chat import ChatRequest, Message, completion
from localstack.model.upstream import Upstream

AGENT: Final = "licence-review"


@dataclass(frozen=True)
class Mismatch:
    """A distribution whose licence was read otherwise than it declares."""

    distribution: str
    declared: str
    read: str
    same_risk: bool


@dataclass(frozen=True)
class Accuracy:
    """How often the finding meant the same as the declaration, and how often at least its risk class was right."""

    measured: int
    exact: int
    same_risk: int
    mismatches: tuple[Mismatch, ...]

    @property
    def share(self) -> float:
        """Exact findings among all."""
        return self.exact / self.measured if self.measured else 0.0

    def lines(self) -> list[str]:
        """The result, to be printed."""
        return [
            f"licence expressions hidden and read again: {self.measured}",
            f"  same licence    {self.exact:4} {_percent(self.exact, self.measured)}",
            f"  same risk class {self.same_risk:4} {_percent(self.same_risk, self.measured)}",
            *(f"  {item.distribution}: declares {item.declared}, read {item.read}" for item in self.mismatches),
        ]


def accuracy_of(findings: Iterable[Mapping[str, Any]]) -> Accuracy:
    """The accuracy of findings (results of licence-review with `hide_expression`); only declared ones count."""
    declared = [finding for finding in findings if finding["declared"] is not None]
    return Accuracy(
        measured=len(declared),
        exact=sum(finding["agrees"] for finding in declared),
        same_risk=sum(finding["risk_agrees"] for finding in declared),
        mismatches=tuple(
            Mismatch(finding["distribution"], finding["declared"], finding["spdx"], finding["risk_agrees"])
            for finding in declared
            if not finding["agrees"]
        ),
    )


def declaring_distributions() -> list[str]:
    """The distributions of this environment that have a License-Expression."""
    found = {item.metadata["Name"] for item in distributions() if item.metadata and item.metadata["License-Expression"]}
    return sorted(found, key=str.lower)


async def review(name: str, model: Model) -> Json:
    """What the agent finds of one distribution whose declaration is hidden. A failed review is a finding of nothing."""
    agent = AgentRegistry().find(AGENT)
    if agent is None:
        raise LookupError(f"there is no agent {AGENT}")
    try:
        return await agent.run(_unrecorded(model), {"distribution": name, "hide_expression": True})
    except AntipodeError as error:
        reason = f"nothing ({error.code}: {error.detail})"
        return {"distribution": name, "declared": "", "spdx": reason, "agrees": False, "risk_agrees": False}


async def measure(model: Model, names: Sequence[str] | None = None) -> Accuracy:
    """The accuracy of a model on distributions; by default on all that declare an expression."""
    chosen = declaring_distributions() if names is None else names
    findings = [await review(name, model) for name in chosen]
    return accuracy_of(finding for finding in findings if isinstance(finding, dict))


class RuleModel:
    """The rule-based reader as a model, without a server between."""

    async def converse(self, request: ModelRequest) -> ModelAnswer:
        """See Model."""
        chat = _chat(request)
        answer = completion(chat, Answers().ruled(chat.prompt).text, 1)
        return _model_answer(answer)


class EndpointModel:
    """An OpenAI-compatible endpoint as a model."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream

    async def converse(self, request: ModelRequest) -> ModelAnswer:
        """See Model."""
        relayed = await self._upstream.ask(_chat(request))
        if relayed.status != 200:
            raise SystemExit(f"the model endpoint answers {relayed.status}: {json.dumps(relayed.body)[:500]}")
        return _model_answer(relayed.body)


class _Unrecorded:
    """Carries out each step at once and records nothing: a measurement is no job."""

    job_id = "measurement"

    def __init__(self, model: Model) -> None:
        self.model = model

    def begun(self, branch: str) -> None:
        """See StepRecorder."""

    async def ended(self, branch: str, error: BaseException | None = None) -> None:
        """See StepRecorder."""

    async def step(self, request: StepRequest) -> Json:
        """See StepRecorder."""
        return (await request.effect(f"{self.job_id}/{request.name}")).result


def _unrecorded(model: Model) -> StepRecorder:
    """A review asks for steps alone: it waits for nothing and calls nobody."""
    return cast(StepRecorder, _Unrecorded(model))


def _chat(request: ModelRequest) -> ChatRequest:
    messages = (Message(role="system", content=request.system), Message(role="user", content=request.prompt))
    return ChatRequest(model="model", messages=messages, max_tokens=request.max_tokens)


def _model_answer(body: Mapping[str, Any]) -> ModelAnswer:
    usage = body.get("usage") or {}
    text = body["choices"][0]["message"]["content"]
    return ModelAnswer(text, usage.get("prompt_tokens", 0), usage.get("completion_tokens", 0))


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:5.1f} %" if whole else ""


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(prog="python -m localstack.model.accuracy", description=__doc__.splitlines()[0])
    parser.add_argument("--model-url", help="an OpenAI-compatible endpoint; by default the rules are measured")
    parser.add_argument("--model", help="the model's name there")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--floor", type=float, default=0.0, help="exit with 1 when fewer than this share are exact")
    options = parser.parse_args(arguments)
    key = os.environ.get("ANTIPODE_MODEL_KEY")
    model: Model = EndpointModel(Upstream(options.model_url, options.model, key)) if options.model_url else RuleModel()
    accuracy = asyncio.run(measure(model))
    print(json.dumps(asdict(accuracy), indent=2) if options.json else "\n".join(accuracy.lines()))
    sys.exit(0 if accuracy.share >= options.floor else 1)


if __name__ == "__main__":
    main()

"""Writes the templates of several environments, with what cdk-nag finds in them, and sums them up as JSON.

`python -m tests.stacks.synthesis FOLDER NAME...`. A process of its own, so that the test workers can share one run:
starting the CDK takes seconds, another environment in the same process a few.
"""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import typeguard
from aws_cdk import Acknowledgment, Validations
from cdk_nag import AwsSolutionsChecks

from stacks.environments import configuration_of
from stacks.stage import AntipodeStage, new_app
from tests.stacks.variants import HEEDED, INSPECTED, VARIANTS


class Looked(Enum):
    """Who looks at what is written: cdk-nag, and the CDK itself, whose own rules cost as much again as the writing."""

    NOT_AT = 0
    AT_BY_NAG = 1
    AT_BY_ALL = 2


@dataclass(frozen=True, order=True)
class Finding:
    """A rule of cdk-nag and the construct that breaks it, or that says it does so on purpose."""

    rule: str
    construct: str

    def is_meant_by(self, acknowledged: Finding) -> bool:
        """Whether that says of this one that it is so on purpose, as the CDK sees it: of a construct and all below."""
        return self.rule == acknowledged.rule and f"{self.construct}/".startswith(f"{acknowledged.construct}/")


def write_all(folder: Path, names: Iterable[str]) -> dict[str, Any]:
    """Write these variants below `folder` and return their templates, and the findings of cdk-nag."""
    bundle = folder / "bundle"
    (bundle / "functions").mkdir(parents=True, exist_ok=True)
    (bundle / "functions" / "__init__.py").write_text("")
    drills = folder / "bundle-drills" / "localstack"
    drills.mkdir(parents=True, exist_ok=True)
    (drills / "__init__.py").write_text("")
    written: dict[str, Any] = {}
    for name in names:
        context = {**VARIANTS[name], "bundle": str(bundle)}
        if name not in INSPECTED:
            written[name] = {"templates": _write(folder / name, context, Looked.NOT_AT)[0]}
            continue
        with _acknowledgments(heed=False) as acknowledged:
            templates, broken = _write(folder / f"{name}-unsuppressed", context, Looked.AT_BY_NAG)
        if name in HEEDED:
            with _acknowledgments(heed=True):
                templates, unsuppressed = _write(folder / name, context, Looked.AT_BY_ALL)
        else:
            unsuppressed = [found for found in broken if not any(found.is_meant_by(said) for said in acknowledged)]
        written[name] = {
            "templates": templates,
            "unsuppressed": [asdict(finding) for finding in unsuppressed],
            "broken": [asdict(finding) for finding in broken],
            "acknowledged": [asdict(finding) for finding in sorted(acknowledged)],
        }
    return written


def _write(outdir: Path, context: Mapping[str, str], looked: Looked) -> tuple[dict[str, str], list[Finding]]:
    app = new_app(str(outdir), validated=looked is Looked.AT_BY_ALL)
    stage = AntipodeStage(app, configuration=configuration_of(context))
    if looked is not Looked.NOT_AT:
        Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    try:
        app.synth()
    except Exception as refused:
        # cdk-nag's findings make the synthesis fail after everything is written; anything else is an error of ours.
        if "ValidationFailed" not in str(refused):
            raise
    tables = [stage.data] if stage.control is None else [stage.data, stage.control]
    parts = (part for parts in stage.regions.values() for part in parts)
    stacks = (*stage.keys, *tables, *parts, *stage.drills)
    templates = {stack.node.id: str(outdir / f"assembly-{stage.node.id}" / stack.template_file) for stack in stacks}
    report = outdir / "validation-report.json"
    return templates, _findings(json.loads(report.read_text("utf-8")) if report.exists() else {})


def _findings(report: Mapping[str, Any]) -> list[Finding]:
    return sorted(
        Finding(violation["ruleName"], construct["constructPath"])
        for plugin in report.get("pluginReports", [])
        for violation in plugin["violations"]
        for construct in violation["violatingConstructs"]
    )


@contextmanager
def _acknowledgments(*, heed: bool) -> Iterator[list[Finding]]:
    """Collect what is acknowledged, and let cdk-nag know of it or not."""
    collected: list[Finding] = []
    real_of, real_acknowledge = Validations.of, Validations.acknowledge
    scopes: dict[int, str] = {}

    def of(scope: Any) -> Validations:
        validations = real_of(scope)
        scopes[id(validations)] = scope.node.path
        kept.append(validations)
        return validations

    def acknowledge(self: Validations, *rules: Acknowledgment) -> None:
        collected.extend(Finding(rule.id, scopes[id(self)]) for rule in rules)
        if heed:
            real_acknowledge(self, *rules)

    kept: list[Validations] = []  # an id is a construct's for as long as it lives
    Validations.of = staticmethod(of)  # type: ignore[method-assign]
    Validations.acknowledge = acknowledge  # type: ignore[method-assign]
    try:
        yield collected
    finally:
        Validations.of = real_of  # type: ignore[method-assign]
        Validations.acknowledge = real_acknowledge  # type: ignore[method-assign]


def _look_at_no_types(*_: Any, **__: Any) -> None:
    """In place of what looks at each argument of a construct, a third of the CPU of Python here: app.py has it."""


if __name__ == "__main__":
    gc.disable()
    typeguard.check_type = _look_at_no_types
    target, chosen = Path(sys.argv[1]), sys.argv[2:]
    (target / "written.json").write_text(json.dumps(write_all(target, chosen)))

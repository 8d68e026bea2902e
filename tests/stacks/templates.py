"""How tests read templates: find resources, follow references, see a function with everything that belongs to it."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from stacks.catalog import FUNCTIONS, FunctionRow
from stacks.naming import PARTS, stacks_of

Resource = Mapping[str, Any]
REGIONS = ("us-east-1", "us-west-2")
ROWS = [row.name for row in FUNCTIONS]


class Environment:
    """One environment's templates, and what cdk-nag says of them if it was asked."""

    def __init__(self, written: Mapping[str, Any]) -> None:
        self.paths: Mapping[str, Path] = {name: Path(path) for name, path in written["templates"].items()}
        self.findings: Mapping[str, list[dict[str, str]]] = {
            kind: written.get(kind, []) for kind in ("unsuppressed", "broken", "acknowledged")
        }

    @cached_property
    def data(self) -> "Template":
        """The stack of the table."""
        return Template(self.paths["data"])

    @cached_property
    def regions(self) -> Mapping[str, "Template"]:
        """All that is in a Region, whichever of its stacks holds it, by the Regions' names."""
        names = [name for name in self.paths if f"{name}{PARTS[-1]}" in self.paths]
        return {name: Template(*(self.paths[part] for part in stacks_of(name))) for name in names}

    @property
    def first(self) -> "Template":
        """All that is in the first Region. The twins test lets every other test look at this one only."""
        return next(iter(self.regions.values()))


class Template:
    """One stack's template, or those of several as if they were one."""

    def __init__(self, *paths: Path) -> None:
        bodies = [json.loads(path.read_text("utf-8")) for path in paths]
        self.body: Mapping[str, Any] = {section: _together(bodies, section) for section in ("Resources", "Outputs")}
        self.text = json.dumps(self.body, indent=1)

    @property
    def resources(self) -> Mapping[str, Resource]:
        """All resources by their logical ids."""
        resources: Mapping[str, Resource] = self.body["Resources"]
        return resources

    def each(self, kind: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield (logical id, properties) of every resource of a type, such as `SQS::Queue`."""
        for logical_id, resource in self.resources.items():
            if resource["Type"] == f"AWS::{kind}":
                yield logical_id, resource.get("Properties", {})

    def each_of(self, kind: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield the same of every resource of a type that is not AWS's own, such as `Custom::StateStream`."""
        for logical_id, resource in self.resources.items():
            if resource["Type"] == kind:
                yield logical_id, resource.get("Properties", {})

    def properties(self, kind: str) -> list[Mapping[str, Any]]:
        """Return the properties of every resource of a type."""
        return [properties for _, properties in self.each(kind)]

    def only(self, kind: str, **wanted: object) -> tuple[str, Mapping[str, Any]]:
        """Return the one resource of a type whose properties have these values."""
        found = [
            (logical_id, properties)
            for logical_id, properties in self.each(kind)
            if all(properties.get(name) == value for name, value in wanted.items())
        ]
        assert len(found) == 1, f"{len(found)} resources of type {kind} have {wanted}, not one"
        return found[0]

    def function(self, row: FunctionRow, environment: str = "prod") -> tuple[str, Mapping[str, Any]]:
        """Return a function of the catalogue."""
        return self.only("Lambda::Function", FunctionName=f"antipode-{environment}-{row.name.replace('_', '-')}")

    def alias_of(self, row: FunctionRow) -> str:
        """Return the logical id of a function's alias `live`."""
        logical_id, _ = self.function(row)
        alias, _ = self.only("Lambda::Alias", FunctionName={"Ref": logical_id})
        return alias

    def live_arn(self, row: FunctionRow) -> str:
        """Return a function's alias `live` as another stack names it, readable."""
        _, function = self.function(row)
        region = re.search(r"https://sqs\.([a-z0-9-]+)\.", json.dumps(function))
        assert region is not None
        return f"arn:<AWS::Partition>:lambda:{region[1]}:<AWS::AccountId>:function:{function['FunctionName']}:live"

    def statements_of(self, row: FunctionRow) -> list[Mapping[str, Any]]:
        """Return what a function's role allows."""
        _, function = self.function(row)
        role = function["Role"]["Fn::GetAtt"][0]
        assert "ManagedPolicyArns" not in self.resources[role]["Properties"]
        assert "Policies" not in self.resources[role]["Properties"]
        return [
            statement
            for policy in self.properties("IAM::Policy")
            if policy["Roles"] == [{"Ref": role}]
            for statement in policy["PolicyDocument"]["Statement"]
        ]


def _together(bodies: list[dict[str, Any]], section: str) -> dict[str, Any]:
    names = [name for body in bodies for name in body.get(section, {})]
    assert len(set(names)) == len(names), "two stacks of a Region use one logical id, which no test could tell apart"
    return {name: value for body in bodies for name, value in body.get(section, {}).items()}


def resolve(value: Any) -> Any:
    """Return a template value as readable text: references become `<LogicalId>`, `<LogicalId.Attribute>`."""
    match value:
        case {"Ref": name}:
            return f"<{name}>"
        case {"Fn::GetAtt": [name, attribute]}:
            return f"<{name}.{attribute}>"
        case {"Fn::Select": [6, {"Fn::Split": [":", arn]}]}:  # the name in the ARN of a function or alias
            return resolve(arn)
        case {"Fn::Join": [separator, parts]}:
            return separator.join(str(resolve(part)) for part in parts)
        case dict():
            return {key: resolve(part) for key, part in value.items()}
        case list():
            return [resolve(part) for part in value]
        case _:
            return value


def as_list(value: Any) -> list[Any]:
    """Return IAM's "one or many" as many."""
    return value if isinstance(value, list) else [value]

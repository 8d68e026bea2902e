"""Condition expressions that say "the item is exactly this image": what lets the link write without reading first."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from localstack.replication.change import Image

_ATTRIBUTES_COMPARED = 60
"""An expression may be 4 KB long. Of a wider item the first attributes by name are compared."""


@dataclass(slots=True)
class Condition:
    text: str = ""
    names: dict[str, str] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)

    @property
    def arguments(self) -> dict[str, Any]:
        arguments: dict[str, Any] = {"ConditionExpression": self.text, "ExpressionAttributeNames": self.names}
        if self.values:
            arguments["ExpressionAttributeValues"] = self.values
        return arguments


def equals(key: Image, image: Image | None) -> Condition:
    condition = Condition()
    condition.text = _is(condition, key, image, "a")
    return condition


def holds_one_of(key: Image, one: Image | None, other: Image | None) -> Condition:
    condition = Condition()
    first = _is(condition, key, one, "a")
    second = _is(condition, key, other, "b")
    condition.text = f"({first}) OR ({second})" if first != second else first
    return condition


def _is(condition: Condition, key: Image, image: Image | None, letter: str) -> str:
    anchor = min(key)
    condition.names["#k"] = anchor
    if image is None:
        return "attribute_not_exists(#k)"
    terms = ["attribute_exists(#k)"]
    for index, name in enumerate(sorted(set(image) - set(key))[:_ATTRIBUTES_COMPARED]):
        condition.names[f"#{letter}{index}"] = name
        condition.values[f":{letter}{index}"] = image[name]
        terms.append(f"#{letter}{index} = :{letter}{index}")
    return " AND ".join(terms)

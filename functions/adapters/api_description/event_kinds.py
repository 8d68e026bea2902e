"""The schemas of a job's events, made from the events themselves: a new kind of event is described by being one."""

import dataclasses
import inspect
from typing import Any, get_args, get_type_hints

from pydantic import TypeAdapter

from functions.domain.job import events

_COMPONENTS = "#/components/schemas/"
_OF_EVERY_EVENT: dict[str, Any] = {
    "sequence": {"type": "integer", "minimum": 1},
    "epoch": {"type": "integer", "minimum": 1},
    "region": {"type": "string"},
}


def _name(kind: type[events.Event]) -> str:
    return f"{kind.__name__}Event"


def event_schemas() -> dict[str, Any]:
    """Return the schema of each kind of event, by the name under which it is referred to."""
    return {_name(kind): _schema(kind) for kind in get_args(events.Event)}


def _schema(kind: type[events.Event]) -> dict[str, Any]:
    types = get_type_hints(kind, {**vars(events), "Json": Any})
    fields = dataclasses.fields(kind)
    said = {each.name: _of_type(types[each.name]) for each in fields}
    return {
        "type": "object",
        "description": inspect.getdoc(kind),
        "properties": {**_OF_EVERY_EVENT, "kind": {"const": kind.kind}, **said},
        "required": [
            *_OF_EVERY_EVENT,
            "kind",
            *(each.name for each in fields if each.default is dataclasses.MISSING),
        ],
        "additionalProperties": False,
    }


def _of_type(kind: Any) -> dict[str, Any]:
    return TypeAdapter(kind).json_schema()


#: Any of them. The kind decides which.
EVENT_SCHEMA: dict[str, Any] = {
    "oneOf": [{"$ref": _COMPONENTS + _name(kind)} for kind in get_args(events.Event)],
    "discriminator": {
        "propertyName": "kind",
        "mapping": {kind.kind: _COMPONENTS + _name(kind) for kind in get_args(events.Event)},
    },
}

"""A query compares the keys of a long partition; it does not parse its condition anew for each of their items.

The emulator checks the grammar of `KeyConditionExpression` once for every item of the partition, on the event loop that
serves everybody: 5,000 entries of an index held up all other requests of the Region for most of a second, at each look.
On AWS a query costs what it returns. Here the condition is read once, and each item costs a comparison of strings.
Conditions that are written otherwise, or on keys that are no strings, go the emulator's way.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from localstack.shims.neighbourhood import Neighbourhood
from localstack.shims.patching import Target, edit, module

_DATABASE = "services.dynamodb"
_QUERY = Target(_DATABASE, "_query", "50c2e7ec69e93ea3")
_EVALUATED = (
    "candidates = [it for it in candidates"
    ' if _evaluate_condition(key_cond, it, eav, ean, slot="KeyConditionExpression")]'
)
_ORDERS: Mapping[str, Callable[[str, str], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}

Item = dict[str, Any]
Token = tuple[str, str]
Test = Callable[[str | None], bool]


def install(_: Neighbourhood) -> None:
    edit(
        _QUERY,
        (_EVALUATED, "candidates = _antipode_matching(key_cond, candidates, eav, ean)"),
        names={"_antipode_matching": matching},
    )


def matching(condition: str, items: Sequence[Item], values: Mapping[str, Any], names: Mapping[str, str]) -> list[Item]:
    """Return the items that fulfil a key condition, in their order. Raises ValueError as the emulator does."""
    database = module(_DATABASE)

    def by_the_emulator(item: Item) -> bool:
        return bool(database._evaluate_condition(condition, item, values, names, slot="KeyConditionExpression"))

    if not items:
        return []
    by_the_emulator(items[0])  # its grammar is checked here
    clauses = [test_of(clause, values, names) for clause in database._key_condition_clauses(_tokens(condition))]
    tests = [clause for clause in clauses if clause is not None]
    if len(tests) < len(clauses):
        return [item for item in items if by_the_emulator(item)]
    return [item for item in items if all(test(item.get(key, {}).get("S")) for key, test in tests)]


def _tokens(condition: str) -> list[Token]:
    found: list[Token] = module(_DATABASE)._tokenize(condition)
    return found


def test_of(clause: Sequence[Token], values: Mapping[str, Any], names: Mapping[str, str]) -> tuple[str, Test] | None:
    """Return the key that a clause is about and what its value must fulfil; None for what is not read here."""
    match clause:
        case [("IDENT" | "NAME_REF", key), (_, order), ("VALUE_REF", value)] if order in _ORDERS:
            limits = _strings(values, value)
            test = None if limits is None else _compared(_ORDERS[order], *limits)
        case [("IDENT" | "NAME_REF", key), ("IDENT", between), ("VALUE_REF", low), ("IDENT", _), ("VALUE_REF", high)]:
            limits = _strings(values, low, high)
            test = None if limits is None or between.upper() != "BETWEEN" else _between(*limits)
        case [("IDENT", name), ("LPAREN", _), (_, key), ("COMMA", _), ("VALUE_REF", value), ("RPAREN", _)]:
            limits = _strings(values, value)
            test = None if limits is None or name.lower() != "begins_with" else _begun(*limits)
        case _:
            return None
    return None if test is None else (names.get(key, key), test)


def _strings(values: Mapping[str, Any], *references: str) -> list[str] | None:
    found = [values.get(reference, {}).get("S") for reference in references]
    return found if all(isinstance(each, str) for each in found) else None


def _compared(order: Callable[[str, str], bool], limit: str) -> Test:
    return lambda value: value is not None and order(value, limit)


def _between(low: str, high: str) -> Test:
    return lambda value: value is not None and low <= value <= high


def _begun(prefix: str) -> Test:
    return lambda value: value is not None and value.startswith(prefix)

"""A weighted alias sends each invocation to one of its two versions, as its weights say.

The emulator stores `RoutingConfig` and always uses the primary version. It resolves aliases in two places: one for the
Invoke API, one for everything else (API Gateway, SQS and stream mappings, EventBridge, Step Functions). As on AWS, a
batch from a queue goes to one version as a whole, and looking a function up by its alias shows the primary version.
"""

from __future__ import annotations

import contextvars
import random
from collections.abc import Callable
from typing import Any

from localstack.shims.neighbourhood import Neighbourhood
from localstack.shims.patching import Target, edit, wrap

_LAMBDA = "services.lambda_svc"
_INVOKE = Target(_LAMBDA, "_invoke", "ab193779e5c2ea94")
_RESOLVE = Target(_LAMBDA, "_effective_func_record_for_qualifier", "9347cb8fd2dc4d9c")
_LOOKUPS = (
    Target(_LAMBDA, "_get_function", "4d089b87a93984a2"),
    Target(_LAMBDA, "_get_function_config", "846856e3230f485c"),
)
_PRIMARY_VERSION = 'func["aliases"][qualifier].get("FunctionVersion", "$LATEST")'
_CHOSEN_VERSION = '_antipode_choose_version(func, func["aliases"][qualifier])'

_only_looking: contextvars.ContextVar[bool] = contextvars.ContextVar("only_looking", default=False)


def install(_: Neighbourhood) -> None:
    for target in (_INVOKE, _RESOLVE):
        edit(target, (_PRIMARY_VERSION, _CHOSEN_VERSION), names={"_antipode_choose_version": choose_version})
    for target in _LOOKUPS:
        wrap(target, _without_choosing)


def choose_version(function: dict[str, Any], alias: dict[str, Any]) -> str:
    """The version that this one invocation goes to."""
    primary: str = alias.get("FunctionVersion", "$LATEST")
    weights: dict[str, float] = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    if not weights or _only_looking.get():
        return primary
    point = random.random()
    for version, weight in weights.items():
        point -= weight
        if point < 0 and version in function["versions"]:
            return version
    return primary


def _without_choosing(look_up: Callable[..., Any]) -> Callable[..., Any]:
    def looking(*arguments: Any, **options: Any) -> Any:
        token = _only_looking.set(True)
        try:
            return look_up(*arguments, **options)
        finally:
            _only_looking.reset(token)

    return looking

"""What AWS has and the emulator lacks, or has otherwise: one file per shim, all installed here.

Each shim names the functions it changes together with the hash of their source (patching.py) and has one test that
the stock emulator fails, so that a shim which upstream made needless fails its test and goes. What still differs from
AWS is in docs/local-cloud.md.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from localstack.shims import (
    alias_weights,
    bedrock_models,
    border,
    cloudformation_types,
    copies_between_regions,
    fair_queues,
    fair_requests,
    function_addresses,
    function_clock,
    function_processes,
    function_results,
    gateway_api_keys,
    gateway_errors,
    gateway_validators,
    global_identity,
    global_route53,
    global_table,
    impaired_control_planes,
    key_conditions,
    mapping_growth,
    peering,
    permitted_actions,
    prompt_stacks,
    scheduled_rules,
    secure_transport,
    stream_bell,
    stream_mappings,
    unreliable_queues,
)
from localstack.shims.neighbourhood import Neighbourhood
from localstack.shims.patching import EmulatorChanged, module

__all__ = ["SHIMS", "EmulatorChanged", "install"]

SHIMS: dict[str, Callable[[Neighbourhood], None]] = {
    "secure_transport": secure_transport.install,
    "global_identity": global_identity.install,
    "global_route53": global_route53.install,
    "global_table": global_table.install,
    "scheduled_rules": scheduled_rules.install,
    "alias_weights": alias_weights.install,
    "function_processes": function_processes.install,
    "function_results": function_results.install,
    "gateway_errors": gateway_errors.install,
    "gateway_api_keys": gateway_api_keys.install,
    "gateway_validators": gateway_validators.install,
    "bedrock_models": bedrock_models.install,
    "permitted_actions": permitted_actions.install,
    "prompt_stacks": prompt_stacks.install,
    "cloudformation_types": cloudformation_types.install,
    "key_conditions": key_conditions.install,
    "fair_queues": fair_queues.install,
    "fair_requests": fair_requests.install,
    "copies_between_regions": copies_between_regions.install,
    "stream_mappings": stream_mappings.install,
    "stream_bell": stream_bell.install,
    "mapping_growth": mapping_growth.install,
    "function_clock": function_clock.install,
    "function_addresses": function_addresses.install,
    "unreliable_queues": unreliable_queues.install,
    "border": border.install,
    "impaired_control_planes": impaired_control_planes.install,
}

Application = Callable[[peering.Message, peering.Receive, peering.Send], Any]


def install(neighbourhood: Neighbourhood, without: frozenset[str] = frozenset()) -> Application:
    """Change the emulator and return the ASGI application to serve."""
    unknown = without - SHIMS.keys()
    if unknown:
        raise EmulatorChanged(f"no shim is called {sorted(unknown)}")
    for name, install_shim in SHIMS.items():
        if name not in without:
            try:
                install_shim(neighbourhood)
            except EmulatorChanged as changed:
                raise EmulatorChanged(f"shim {name}: {changed}") from None
    return _application(
        knows_foreign_identities="global_identity" not in without,
        knows_foreign_objects="copies_between_regions" not in without,
        has_a_border="border" not in without,
        is_fair="fair_requests" not in without,
    )


def _application(
    *, knows_foreign_identities: bool, knows_foreign_objects: bool, has_a_border: bool, is_fair: bool
) -> Application:
    """The emulator's application, behind what the processes ask each other."""
    emulator = module("app").app

    async def serve(scope: peering.Message, receive: peering.Receive, send: peering.Send) -> None:
        if scope["type"] == "http":
            if scope["path"].startswith(peering.PREFIX):
                await peering.serve(scope["path"], receive, send)
                return
            if has_a_border and await border.stops(scope, receive, send):
                return
            if knows_foreign_identities:
                await global_identity.learn_caller(scope)
            if knows_foreign_objects:
                await copies_between_regions.fetch_source(scope)
            if is_fair:
                await fair_requests.taken_up(scope)
            if has_a_border and border.loses_answer(scope):
                await border.keep_silent(emulator, scope, receive)
                return
        await emulator(scope, receive, send)

    return serve

"""Switches: each Region's own, the last one put, and never an older one over a newer."""

import asyncio
from dataclasses import replace

import pytest

from functions.application.ports import StateUnavailable
from functions.domain.switches import WHOLE_TENANT, Switch, scope_of
from tests.contract.jobs import NOON
from tests.contract.worlds import EAST, WEST, State

SWITCH = Switch(tenant="acme", scope=WHOLE_TENANT, region=EAST, paused=True, at=NOON, by="ann", reason="bad release")
LATER = replace(SWITCH, at="2026-11-21T12:00:00.001Z", paused=False, reason=None)


def switches(state: State, *put: Switch) -> list[Switch]:
    """Put these and return what there is then."""
    for switch in put:
        asyncio.run(state.switches.put(switch))
    return sorted(asyncio.run(state.switches.read("acme")), key=lambda switch: (switch.scope, switch.region))


class TestSwitches:
    def test_nobody_is_paused_at_first(self, state: State) -> None:
        assert switches(state) == []

    @pytest.mark.parametrize("scope", [WHOLE_TENANT, scope_of("probe"), scope_of("a#b")])
    @pytest.mark.parametrize("reason", [None, "bad release"])
    def test_a_switch_is_read_as_it_was_put(self, state: State, scope: str, reason: str | None) -> None:
        switch = replace(SWITCH, scope=scope, reason=reason)
        assert switches(state, switch) == [switch]

    def test_each_region_and_each_scope_has_its_own(self, state: State) -> None:
        put = [
            replace(SWITCH, scope=scope, region=region) for scope in ("agent/a", "tenant") for region in (EAST, WEST)
        ]
        assert switches(state, *put) == put

    def test_another_tenants_switches_are_not_there(self, state: State) -> None:
        assert switches(state, replace(SWITCH, tenant="acme2")) == []

    def test_a_later_switch_takes_the_place_of_an_earlier_one(self, state: State) -> None:
        assert switches(state, SWITCH, LATER) == [LATER]

    def test_an_earlier_switch_that_arrives_late_changes_nothing(self, state: State) -> None:
        assert switches(state, LATER, SWITCH) == [LATER]
        assert switches(state, replace(LATER, by="bob")) == [LATER]

    def test_a_table_that_refuses_is_unavailable(self, state: State) -> None:
        state.refuse()
        for call in (state.switches.put(SWITCH), state.switches.read("acme")):
            with pytest.raises(StateUnavailable):
                asyncio.run(call)

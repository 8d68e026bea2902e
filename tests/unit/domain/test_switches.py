"""Of the switches of both Regions the one set last is in force, and the tenant's goes before an agent's."""

from dataclasses import replace

from functions.domain.switches import WHOLE_TENANT, Switch, in_force, pausing, scope_of

NOON = "2026-11-21T12:00:00.000Z"
LATER = "2026-11-21T12:00:00.001Z"
EAST = Switch(tenant="acme", scope=WHOLE_TENANT, region="us-east-1", paused=True, at=NOON, by="ann")
WEST = replace(EAST, region="us-west-2", paused=False)


def test_the_switch_that_was_set_last_is_in_force_whichever_region_set_it() -> None:
    later = replace(WEST, at=LATER)
    assert in_force([EAST, later]) == in_force([later, EAST]) == {WHOLE_TENANT: later}
    assert pausing([EAST, later], "probe") is None


def test_of_two_set_at_one_moment_both_regions_take_the_same() -> None:
    assert in_force([EAST, WEST]) == in_force([WEST, EAST]) == {WHOLE_TENANT: WEST}


def test_an_agents_switch_is_about_its_own_jobs_only() -> None:
    probe = replace(EAST, scope=scope_of("probe"))
    assert (probe.agent, EAST.agent) == ("probe", None)
    assert pausing([probe], "probe") == probe
    assert pausing([probe], "prober") is None


def test_an_agent_that_may_run_does_not_while_its_tenant_is_paused() -> None:
    assert pausing([EAST, replace(WEST, scope=scope_of("probe"), at=LATER)], "probe") == EAST


def test_an_agent_may_be_named_like_the_tenants_scope() -> None:
    named = replace(EAST, scope=scope_of(WHOLE_TENANT))
    assert pausing([named], "probe") is None
    assert pausing([named], WHOLE_TENANT) == named

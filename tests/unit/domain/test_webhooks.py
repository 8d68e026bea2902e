"""Webhooks: what each wants, which of two Regions' counts, and which secrets sign."""

from dataclasses import replace
from typing import Any

import pytest

from functions.domain.moments import add_seconds
from functions.domain.webhooks import (
    OVERLAP_SECONDS,
    SigningSecret,
    Webhook,
    in_force,
    rotated,
    unknown_events,
    view,
)

NOON = "2026-11-21T12:00:00.000Z"
HOOK = Webhook(
    tenant="acme",
    name="a",
    region="us-east-1",
    url="https://example.com/h",
    events=("job.succeeded",),
    active=True,
    at=NOON,
    by="ann",
    secrets=(SigningSecret("whsec_secret"),),
)
EVENT = {"event": "job.succeeded", "agent": "probe", "tags": {"team": "x", "env": "prod"}}


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({}, True),
        ({"events": ("*",)}, True),
        ({"events": ("job.failed",)}, False),
        ({"agents": ("probe", "other")}, True),
        ({"agents": ("other",)}, False),
        ({"tags": {"team": "x"}}, True),
        ({"tags": {"team": "y"}}, False),
        ({"tags": {"team": "x", "none": "x"}}, False),
        ({"active": False}, False),
        ({"deleted": True}, False),
        ({"url": ""}, False),
    ],
)
def test_a_webhook_wants_what_fits_all_that_it_names(changes: dict[str, Any], wanted: bool) -> None:
    assert replace(HOOK, **changes).wants(EVENT) is wanted


def test_of_two_regions_the_one_set_last_counts_and_a_deleted_one_stays_deleted() -> None:
    west = replace(HOOK, region="us-west-2", deleted=True, at=add_seconds(NOON, 1))
    assert in_force([west, HOOK]) == {"a": west}
    assert in_force([HOOK, replace(HOOK, region="us-west-2")])["a"].region == "us-west-2"


def test_the_secret_before_the_last_signs_for_another_day() -> None:
    once = rotated(HOOK.secrets, "whsec_new", NOON)
    hook = replace(HOOK, secrets=rotated(once, "whsec_newest", NOON))
    assert hook.signing(NOON) == ("whsec_newest", "whsec_new")
    assert hook.signing(add_seconds(NOON, OVERLAP_SECONDS)) == ("whsec_newest",)
    assert rotated((), "whsec_first", NOON) == (SigningSecret("whsec_first"),)


def test_a_secret_is_neither_shown_nor_logged() -> None:
    assert "whsec" not in str(view(HOOK))
    assert "whsec" not in repr(HOOK)


def test_names_that_no_event_has_are_told() -> None:
    assert unknown_events(["*", "job.failed", "job.fails"]) == ["job.fails"]

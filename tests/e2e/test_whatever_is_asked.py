"""Whatever is asked of the deployed API, the answer is one that its OpenAPI document says it gives, and never a 500.

schemathesis makes the requests from the document: some as they should be, some with something wrong. They are the same
in each run; `ANTIPODE_EXAMPLES=200` tries more. A tenant of its own asks: it cancels, pauses and limits what it can.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from functions.adapters.api_description.document import ROUTES, openapi_document
from tests.e2e.deployed import PROBE, Deployed

EXAMPLES = int(os.environ.get("ANTIPODE_EXAMPLES", "3"))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]
SCHEMA = schemathesis.openapi.from_dict(openapi_document())
OPERATIONS: dict[str, Any] = {
    found.ok().label: found.ok() for found in SCHEMA.get_all_operations() if isinstance(found, Ok)
}
#: An address at which nobody listens, for what is to be called.
NOBODY = "http://127.0.0.1:9/"
#: Every request is one of these: as it should be, or with something wrong.
MODES = tuple(schemathesis.GenerationMode)


class Guest:
    """Asks for a tenant of its own: about a job that is there, and about ones that are not."""

    def __init__(self, deployed: Deployed) -> None:
        self.address = deployed.cloud.region_api_url(deployed.first).removesuffix("/v1")
        token = deployed.grant("guest", "jobs:read", "jobs:write", "approvals:decide")
        self.headers = {"Authorization": f"Bearer {token}"}
        self.job = str(deployed.call(deployed.first, "POST", "/jobs", json=PROBE, token=token).json()["id"])
        self.session = requests.Session()
        self.session.trust_env = False
        self.asked = 0

    def ask(self, case: Any) -> None:
        """Send a request and hold its answer to the document."""
        self.asked += 1
        if self.asked % 2 and "id" in (case.path_parameters or {}):
            case.path_parameters["id"] = self.job
        _in_no_time(case)
        answer = case.call(base_url=self.address, headers=self.headers, session=self.session, timeout=30)
        case.validate_response(answer, checks=CHECKS)


@pytest.fixture(scope="module")
def guest(deployed: Deployed) -> Iterator[Guest]:
    """The tenant that asks."""
    guest = Guest(deployed)
    yield guest
    guest.session.close()


def test_whatever_is_described_is_asked() -> None:
    assert len(OPERATIONS) == len(ROUTES)


@pytest.mark.parametrize("mode", MODES, ids=[mode.value for mode in MODES])
@pytest.mark.parametrize("label", OPERATIONS)
def test_every_answer_is_one_that_is_described(guest: Guest, label: str, mode: schemathesis.GenerationMode) -> None:
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(OPERATIONS[label].as_strategy(generation_mode=mode))
    def asked(case: Any) -> None:
        guest.ask(case)

    try:
        asked()
    except Unsatisfiable:
        assert not OPERATIONS[label].definition.raw.get("parameters"), "only what takes nothing cannot be asked wrongly"


def _in_no_time(case: Any) -> None:
    """Nobody waits here, and nobody is sent to a stranger's address."""
    for given_in, name in ((case.headers, "Prefer"), (case.query, "wait")):
        if name in (given_in or {}):
            given_in.pop(name)
    if isinstance(case.body, dict):
        case.body.pop("callback_url", None)
        if isinstance(case.body.get("url"), str):
            case.body["url"] = NOBODY

"""What a worker loads before its first job: nothing that only the API and its clients need (decisions 6 and 31)."""

import json
import subprocess
import sys

import pytest

from tests.benchmarks.cold_start import LOADED
from tests.benchmarks.surroundings import CREDENTIALS, worker_environment

#: The API's models and the client. boto3 is not on the list: it comes with the first client.
NOT_FOR_WORKERS = (
    "pydantic",
    "httpx",
    "functions.sdk.answers",
    "functions.sdk.client",
    "functions.adapters.api_description",
)


def loaded_by(code: str) -> set[str]:
    """Return the modules that a fresh interpreter has loaded after `code`."""
    program = f"{code}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    environment = {**worker_environment(), **CREDENTIALS}
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, env=environment)
    return set(json.loads(done.stdout))


def test_a_worker_loads_neither_pydantic_nor_httpx_nor_the_apis_models() -> None:
    found = loaded_by(LOADED)
    assert "functions.application.advance_job" in found
    assert found.isdisjoint(NOT_FOR_WORKERS)


@pytest.mark.parametrize("handler", ["get_job", "list_job_events", "list_jobs", "check_health", "get_openapi"])
def test_a_handler_that_only_reads_loads_no_pydantic_before_it_is_called(handler: str) -> None:
    assert loaded_by(f"import functions.handlers.{handler}").isdisjoint(NOT_FOR_WORKERS)


def test_what_needs_the_models_is_seen_to_load_them() -> None:
    assert {"pydantic", "functions.sdk.answers"} <= loaded_by("import functions.adapters.api_description.document")

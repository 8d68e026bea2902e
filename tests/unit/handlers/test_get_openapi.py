"""GET /v1/openapi.json."""

from functions.adapters.api_description.document import openapi_document
from functions.handlers.get_openapi import handle
from tests.event_files import request_event
from tests.unit.handlers.conftest import Process, body_of


def test_the_document_is_served(process: Process) -> None:
    response = handle(request_event("GET", "/v1/openapi.json"), None)
    assert response["statusCode"] == 200
    assert response["headers"]["Cache-Control"] == "public, max-age=300"
    assert body_of(response) == openapi_document()
    assert body_of(response)["openapi"] == "3.1.0"

"""The OpenAPI document says what the API does: the catalogue's routes, their checks, their errors, nothing else."""

import json
from typing import Any

import pytest
from pydantic import BaseModel

from functions.adapters.api_description.document import ROUTES, openapi_document
from functions.adapters.api_description.row import WITH_BODY, RouteDescription
from functions.adapters.submit_body import SubmitBody
from functions.domain.errors import CATALOGUE
from functions.sdk.answers import Answer
from stacks.catalog import FUNCTIONS
from stacks.constructs.gateway_responses import PROBLEMS
from stacks.constructs.request_model import BODIES, OPTIONAL_PARAMETERS
from tests.described import complaint_of, template_of, undescribed

BY_ROUTE = {(each.method, each.path): each for each in ROUTES}
NAMES = [each.name for each in ROUTES]


def test_each_route_of_the_catalogue_is_described_with_its_scope_and_the_other_way_round() -> None:
    catalogue = {(each.method, each.path, each.scope) for row in FUNCTIONS for each in row.routes}
    described = {(each.method, each.path, each.scope) for each in ROUTES}
    assert described == catalogue, "describe it in functions/adapters/api_description (docs/api.md)"
    assert len(NAMES) == len(set(NAMES)) == len(ROUTES)


def test_each_parameter_that_the_gateway_knows_is_described_and_the_other_way_round() -> None:
    place = {"query": "querystring", "header": "header"}
    for key, route in BY_ROUTE.items():
        described = {f"{place[each.place]}.{each.name}" for each in route.parameters if each.place != "path"}
        assert described == set(OPTIONAL_PARAMETERS.get(key, ())), key
        in_path = {part.strip("{}") for part in route.path.split("/") if part.startswith("{")}
        assert {each.name for each in route.parameters if each.place == "path"} == in_path, key


def test_each_body_that_the_gateway_checks_is_described_with_the_same_required_fields() -> None:
    for key, schema in BODIES.items():
        described = openapi_document()["components"]["schemas"][_model_of(BY_ROUTE[key]).__name__]
        assert set(described.get("required", [])) == set(schema.required or []), key


def test_what_the_gateway_itself_may_answer_is_described_for_every_route() -> None:
    for route in ROUTES:
        responses = openapi_document()["paths"][route.path][route.method.lower()]["responses"]
        for problem in PROBLEMS:
            unrelated = (
                (problem.status == 404 and "{" not in route.path)
                or (problem.status in (401, 403) and route.scope is None)
                or (problem.code in WITH_BODY and route.request is None)
                or (problem.code == "invalid_parameter" and not route.parameters)
            )
            if not unrelated:
                codes = _codes_of(responses.get(str(problem.status), {}))
                assert problem.code in codes, f"{route.name}: {problem.status} {problem.code}"


@pytest.mark.parametrize("route", ROUTES, ids=NAMES)
def test_the_examples_fit_the_schemas(route: RouteDescription) -> None:
    operation = openapi_document()["paths"][route.path][route.method.lower()]
    answered = operation["responses"][str(route.status)]["content"]["application/json"]
    if route.answer is not None:
        assert complaint_of(answered["schema"], answered["example"]) is None
    if route.request is not None:
        sent = operation["requestBody"]["content"]["application/json"]
        assert complaint_of(sent["schema"], sent["example"]) is None


def test_patterns_are_in_the_words_of_json_schema() -> None:
    text = json.dumps(openapi_document())
    assert r"\\A" not in text
    assert r"\\z" not in text
    assert '"pattern": "^' in text


def test_every_code_is_one_of_the_catalogue() -> None:
    unknown = {code for route in ROUTES for code in route.all_codes} - set(CATALOGUE)
    assert not unknown


def test_every_reference_leads_to_a_schema() -> None:
    document = openapi_document()
    schemas = document["components"]["schemas"]
    lost = {ref for ref in _references(document) if ref.removeprefix("#/components/schemas/") not in schemas}
    assert not lost


def test_every_field_of_a_request_is_described_and_may_not_be_null() -> None:
    described = openapi_document()["components"]["schemas"]["SubmitBody"]
    assert set(described["properties"]) == set(SubmitBody.model_fields)
    assert complaint_of(described, {"agent": "probe", "input": None}) is None
    assert complaint_of(described, {"agent": "probe", "input": None, "lane": None}) is not None
    assert complaint_of(described, {"agent": "probe", "input": None, "colour": "red"}) is not None
    for session in ("talk:7", {"name": "talk:7", "on_busy": "merge"}):
        assert complaint_of(described, {"agent": "probe", "input": 1, "session": session}) is None
    for wrong in ({"session": "a b"}, {"tags": {"": "x"}}, {"tags": {"a": "x" * 257}}):
        assert complaint_of(described, {"agent": "probe", "input": 1, **wrong}) is not None


def test_no_answer_may_have_a_field_that_no_model_names() -> None:
    health: dict[str, Any] = {"status": "ok", "region": "r", "heartbeat_at": None, "lanes": [], "lanes_move": True}
    assert undescribed("GET", "/v1/health", 200, "application/json", health) is None
    complaint = undescribed("GET", "/v1/health", 200, "application/json", {**health, "secret": 1})
    assert complaint is not None
    assert "secret" in complaint
    assert all(each.model_json_schema()["additionalProperties"] is False for each in _all_answers())


def test_what_is_not_described_is_named() -> None:
    assert undescribed("GET", "/v1/nothing", 200, "application/json", {}) is not None
    assert undescribed("GET", "/v1/health", 418, "application/json", {}) is not None
    assert undescribed("GET", "/v1/health", 200, "text/html", {}) is not None
    problem = {"type": "t", "title": "t", "status": 404, "detail": "d", "code": "job_not_found", "request_id": "r"}
    assert undescribed("GET", "/v1/jobs/{id}", 404, "application/problem+json", problem) is None
    other = {**problem, "code": "session_not_found"}
    assert undescribed("GET", "/v1/jobs/{id}", 404, "application/problem+json", other) is not None


def test_a_path_leads_to_its_route() -> None:
    assert template_of("/v1/jobs/cancel", "POST") == "/v1/jobs/cancel"
    assert template_of("/v1/jobs/job_1", "GET") == "/v1/jobs/{id}"
    assert template_of("/v1/jobs/job_1/cancel", "POST") == "/v1/jobs/{id}/cancel"
    assert template_of("/v1/nowhere", "GET") is None


def _model_of(route: RouteDescription) -> type[BaseModel]:
    assert isinstance(route.request, type)
    return route.request


def _codes_of(response: dict[str, Any]) -> set[str]:
    content = response.get("content", {}).get("application/problem+json", {})
    return {code for part in content.get("schema", {}).get("allOf", []) for code in _enum(part)}


def _enum(part: dict[str, Any]) -> list[str]:
    return list(part.get("properties", {}).get("code", {}).get("enum", []))


def _references(value: object) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*(_references(each) for each in value.values()))
    return set().union(*(_references(each) for each in value)) if isinstance(value, list) else set()


def _all_answers() -> list[type[Answer]]:
    found = list(Answer.__subclasses__())
    return found + [deeper for each in found for deeper in each.__subclasses__()]

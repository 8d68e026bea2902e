"""The API: which routes there are, who may call them, what is checked first, and what it answers by itself."""

import json
from typing import Any

import pytest

from functions.adapters.submit_body import LARGEST_BODY_BYTES
from functions.domain.errors import CATALOGUE
from stacks.catalog import FUNCTIONS, function_named
from stacks.constructs.gateway_responses import PROBLEMS
from tests.stacks.templates import Environment, Template, resolve

ROUTES = {
    ("POST", "/v1/jobs"): "submit_job",
    ("POST", "/v1/payloads"): "open_upload",
    ("GET", "/v1/jobs"): "list_jobs",
    ("GET", "/v1/jobs/{id}"): "get_job",
    ("GET", "/v1/jobs/{id}/events"): "list_job_events",
    ("POST", "/v1/jobs/{id}/signals/{name}"): "signal_job",
    ("POST", "/v1/jobs/{id}/cancel"): "change_job",
    ("POST", "/v1/jobs/{id}/pause"): "change_job",
    ("POST", "/v1/jobs/{id}/resume"): "change_job",
    ("POST", "/v1/jobs/cancel"): "cancel_jobs",
    ("GET", "/v1/dead-letters"): "list_dead_letters",
    ("POST", "/v1/dead-letters/redrive"): "redrive_dead_letters",
    ("POST", "/v1/dead-letters/dismiss"): "dismiss_dead_letters",
    ("GET", "/v1/approvals"): "list_approvals",
    ("POST", "/v1/approvals/{id}"): "decide_approval",
    ("PUT", "/v1/switches/tenant"): "set_switch",
    ("PUT", "/v1/switches/agents/{name}"): "set_switch",
    ("GET", "/v1/switches"): "list_switches",
    **{
        (method, f"/v1/limits/{what}"): "set_limit"
        for method in ("PUT", "DELETE")
        for what in ("tenant", "agents/{name}", "keys/{key}")
    },
    ("GET", "/v1/limits"): "list_limits",
    ("PUT", "/v1/schedules/{name}"): "change_schedule",
    ("DELETE", "/v1/schedules/{name}"): "change_schedule",
    ("GET", "/v1/schedules"): "show_schedules",
    ("GET", "/v1/schedules/{name}"): "show_schedules",
    ("PUT", "/v1/webhooks/{name}"): "serve_webhooks",
    ("DELETE", "/v1/webhooks/{name}"): "serve_webhooks",
    ("POST", "/v1/webhooks/{name}/rotate"): "serve_webhooks",
    ("POST", "/v1/webhooks/{name}/test"): "serve_webhooks",
    ("GET", "/v1/webhooks"): "serve_webhooks",
    ("GET", "/v1/webhooks/{name}"): "serve_webhooks",
    ("GET", "/v1/sessions/{name}"): "get_session",
    ("GET", "/v1/agents"): "list_agents",
    ("GET", "/v1/regions"): "list_regions",
    ("POST", "/v1/regions/{region}/evacuate"): "move_region",
    ("POST", "/v1/regions/{region}/return"): "move_region",
    ("GET", "/v1/health"): "check_health",
    ("GET", "/v1/openapi.json"): "get_openapi",
}
REQUIRED_FIELDS = {
    ("POST", "/v1/jobs"): ("JobRequest", ["agent", "input"]),
    ("POST", "/v1/payloads"): ("UploadRequest", ["bytes", "sha256"]),
    ("POST", "/v1/approvals/{id}"): ("DecisionRequest", ["approved"]),
    ("PUT", "/v1/switches/tenant"): ("SwitchRequest", ["paused"]),
    ("PUT", "/v1/switches/agents/{name}"): ("SwitchRequest", ["paused"]),
    ("PUT", "/v1/schedules/{name}"): ("ScheduleRequest", ["cron", "agent", "input"]),
    ("PUT", "/v1/webhooks/{name}"): ("WebhookRequest", ["url", "events"]),
}
PUBLIC = {("GET", "/v1/health"), ("GET", "/v1/openapi.json")}
#: The response types of API Gateway that no request of ours can bring about, so that the defaults may answer for them.
LEFT_TO_DEFAULTS = {"API_CONFIGURATION_ERROR"}
ALL_RESPONSE_TYPES = {
    "ACCESS_DENIED",
    "API_CONFIGURATION_ERROR",
    "AUTHORIZER_CONFIGURATION_ERROR",
    "AUTHORIZER_FAILURE",
    "BAD_REQUEST_BODY",
    "BAD_REQUEST_PARAMETERS",
    "DEFAULT_4XX",
    "DEFAULT_5XX",
    "EXPIRED_TOKEN",
    "INTEGRATION_FAILURE",
    "INTEGRATION_TIMEOUT",
    "INVALID_API_KEY",
    "INVALID_SIGNATURE",
    "MISSING_AUTHENTICATION_TOKEN",
    "QUOTA_EXCEEDED",
    "REQUEST_TOO_LARGE",
    "RESOURCE_NOT_FOUND",
    "THROTTLED",
    "UNAUTHORIZED",
    "UNSUPPORTED_MEDIA_TYPE",
    "WAF_FILTERED",
}


def path_of(template: Template, resource: Any) -> str:
    """Return the path of a resource of the API."""
    match resource:
        case {"Fn::GetAtt": [_, "RootResourceId"]}:
            return ""
        case {"Ref": name}:
            properties = template.resources[name]["Properties"]
            return f"{path_of(template, properties['ParentId'])}/{properties['PathPart']}"
        case _:
            raise AssertionError(resource)


def methods(template: Template) -> dict[tuple[str, str], Any]:
    """Return every method's properties by method and path."""
    return {
        (method["HttpMethod"], path_of(template, method["ResourceId"])): method
        for method in template.properties("ApiGateway::Method")
    }


def test_the_routes_are_those_of_the_catalogue(prod: Environment) -> None:
    catalogue = {(route.method, route.path): row.name for row in FUNCTIONS for route in row.routes}
    assert catalogue == ROUTES
    assert set(methods(prod.first)) == set(ROUTES)


@pytest.mark.parametrize("route", ROUTES)
def test_a_route_calls_its_function_behind_live(route: tuple[str, str], prod: Environment) -> None:
    integration = methods(prod.first)[route]["Integration"]
    live = prod.first.live_arn(function_named(ROUTES[route]))
    assert integration["Type"] == "AWS_PROXY"
    assert resolve(integration["Uri"]).endswith(f"/functions/{live}/invocations")


@pytest.mark.parametrize("route", ROUTES)
def test_a_route_asks_for_a_token_and_counts_for_its_tenant_unless_it_is_public(
    route: tuple[str, str], prod: Environment
) -> None:
    method = methods(prod.first)[route]
    if route in PUBLIC:
        assert (method["AuthorizationType"], method["ApiKeyRequired"]) == ("NONE", False)
        return
    authorizer, _ = prod.first.only("ApiGateway::Authorizer")
    assert (method["AuthorizationType"], method["ApiKeyRequired"]) == ("CUSTOM", True)
    assert method["AuthorizerId"] == {"Ref": authorizer}


def test_the_authorizer_reads_the_authorization_header_and_names_the_usage_plan(prod: Environment) -> None:
    _, authorizer = prod.first.only("ApiGateway::Authorizer")
    assert (authorizer["Type"], authorizer["AuthorizerResultTtlInSeconds"]) == ("REQUEST", 300)
    assert authorizer["IdentitySource"] == "method.request.header.Authorization"
    live = prod.first.live_arn(function_named("authorize_request"))
    assert f"functions/{live}/invocations" in str(resolve(authorizer["AuthorizerUri"]))
    _, api = prod.first.only("ApiGateway::RestApi")
    assert api["ApiKeySourceType"] == "AUTHORIZER"


@pytest.mark.parametrize("route", ROUTES)
def test_parameters_are_checked_on_every_route_and_the_body_where_there_is_one(
    route: tuple[str, str], prod: Environment
) -> None:
    method = methods(prod.first)[route]
    validator = prod.first.resources[method["RequestValidatorId"]["Ref"]]["Properties"]
    assert validator["ValidateRequestParameters"] is True
    assert validator["ValidateRequestBody"] is (route[0] in ("POST", "PUT"))
    assert method["RequestParameters"].get("method.request.path.id", False) is ("{id}" in route[1])
    if route in REQUIRED_FIELDS:
        title, _ = REQUIRED_FIELDS[route]
        model, _ = prod.first.only("ApiGateway::Model", Name=title)
        assert method["RequestModels"] == {"application/json": {"Ref": model}}
    else:
        assert method["RequestModels"] == {}


@pytest.mark.parametrize(("title", "required"), REQUIRED_FIELDS.values())
def test_a_model_refuses_only_what_api_gateway_can_name_the_field_of(
    title: str, required: list[str], prod: Environment
) -> None:
    _, model = prod.first.only("ApiGateway::Model", Name=title)
    assert model["Schema"] == {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "title": title,
        "type": "object",
        "required": required,
    }


def test_every_answer_of_api_gateway_itself_is_ours(prod: Environment) -> None:
    given = {response["ResponseType"] for response in prod.first.properties("ApiGateway::GatewayResponse")}
    assert given == ALL_RESPONSE_TYPES - LEFT_TO_DEFAULTS


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.response.response_type)
def test_an_answer_of_api_gateway_reads_like_one_of_the_functions(problem: Any, prod: Environment) -> None:
    _, response = prod.first.only("ApiGateway::GatewayResponse", ResponseType=problem.response.response_type)
    body = json.loads(response["ResponseTemplates"]["application/json"])
    row = CATALOGUE[body["code"]]
    assert body["type"] == f"urn:antipode:error:{row.code}"
    assert body["title"] == row.title
    assert body["detail"]
    # The one status that the catalogue cannot know: API Gateway waited for a function in vain.
    in_vain = problem.response.response_type.startswith("INTEGRATION_")
    assert str(body["status"]) == response["StatusCode"] == ("504" if in_vain else str(row.status))
    headers = response["ResponseParameters"]
    assert headers["gatewayresponse.header.Content-Type"] == "'application/problem+json'"
    assert ("gatewayresponse.header.Retry-After" in headers) is row.retryable


@pytest.mark.parametrize("kind", ["BAD_REQUEST_BODY", "BAD_REQUEST_PARAMETERS"])
def test_what_the_check_found_is_passed_on(kind: str, prod: Environment) -> None:
    _, response = prod.first.only("ApiGateway::GatewayResponse", ResponseType=kind)
    body = json.loads(response["ResponseTemplates"]["application/json"])
    assert body["detail"] == "$context.error.validationErrorString"


@pytest.mark.parametrize("kind", ["MISSING_AUTHENTICATION_TOKEN", "DEFAULT_4XX", "INVALID_SIGNATURE", "EXPIRED_TOKEN"])
def test_an_address_without_a_route_is_not_found_with_or_without_a_token(kind: str, prod: Environment) -> None:
    _, response = prod.first.only("ApiGateway::GatewayResponse", ResponseType=kind)
    assert response["StatusCode"] == "404"


def test_a_token_that_cannot_be_checked_is_an_outage_and_no_fault_of_the_client(prod: Environment) -> None:
    for kind in ("AUTHORIZER_FAILURE", "AUTHORIZER_CONFIGURATION_ERROR"):
        _, response = prod.first.only("ApiGateway::GatewayResponse", ResponseType=kind)
        assert response["StatusCode"] == "503"


def test_the_largest_body_is_told_as_the_functions_tell_it(prod: Environment) -> None:
    _, response = prod.first.only("ApiGateway::GatewayResponse", ResponseType="REQUEST_TOO_LARGE")
    assert f" {LARGEST_BODY_BYTES} bytes" in response["ResponseTemplates"]["application/json"]


def test_each_tenant_has_a_usage_plan_that_its_key_leads_to(prod: Environment) -> None:
    _, key = prod.first.only("ApiGateway::ApiKey")
    key_id, _ = prod.first.only("ApiGateway::ApiKey")
    plan_id, plan = prod.first.only("ApiGateway::UsagePlan")
    _, link = prod.first.only("ApiGateway::UsagePlanKey")
    assert (link["KeyId"], link["KeyType"], link["UsagePlanId"]) == ({"Ref": key_id}, "API_KEY", {"Ref": plan_id})
    assert plan["Throttle"] == {"BurstLimit": 100, "RateLimit": 50}
    assert plan["Quota"] == {"Limit": 1_000_000, "Period": "DAY"}
    stage, _ = prod.first.only("ApiGateway::Stage")
    assert [applied["Stage"] for applied in plan["ApiStages"]] == [{"Ref": stage}]
    _, function = prod.first.function(function_named("authorize_request"))
    prefix = function["Environment"]["Variables"]["ANTIPODE_TENANT_KEY_PREFIX"]
    assert key["Value"] == f"{prefix}default"
    assert len(key["Value"]) >= 20, "API Gateway refuses a shorter key"


def test_the_stage_writes_a_line_for_each_request_and_counts_them(prod: Environment) -> None:
    _, stage = prod.first.only("ApiGateway::Stage")
    line = json.loads(stage["AccessLogSetting"]["Format"])
    assert {"request_id", "tenant", "status", "route", "milliseconds"} <= set(line)
    assert "header" not in stage["AccessLogSetting"]["Format"], "a header may hold a token"
    (settings,) = stage["MethodSettings"]
    assert (settings["LoggingLevel"], settings["MetricsEnabled"]) == ("ERROR", True)
    assert settings["DataTraceEnabled"] is False, "a trace holds tokens and the tenants' data"
    assert (settings["ThrottlingRateLimit"], settings["ThrottlingBurstLimit"]) == (1000, 2000)
    assert stage["StageName"] == "live"


def test_both_names_lead_to_the_root_of_the_stage_over_modern_tls(prod: Environment) -> None:
    stage, _ = prod.first.only("ApiGateway::Stage")
    certificate, _ = prod.first.only("CertificateManager::Certificate")
    for name, domain in prod.first.each("ApiGateway::DomainName"):
        assert domain["SecurityPolicy"] == "TLS_1_2"
        assert domain["EndpointConfiguration"] == {"Types": ["REGIONAL"]}
        assert domain["RegionalCertificateArn"] == {"Ref": certificate}
        _, mapping = prod.first.only("ApiGateway::BasePathMapping", DomainName={"Ref": name})
        assert mapping["Stage"] == {"Ref": stage}
        assert "BasePath" not in mapping


def test_a_firewall_stands_before_the_stage_and_lets_free_text_through(prod: Environment) -> None:
    acl, properties = prod.first.only("WAFv2::WebACL")
    _, association = prod.first.only("WAFv2::WebACLAssociation")
    stage, _ = prod.first.only("ApiGateway::Stage")
    assert association["WebACLArn"] == {"Fn::GetAtt": [acl, "Arn"]}
    assert f"/stages/<{stage}>" in resolve(association["ResourceArn"])
    floods, attacks = (rule["Statement"] for rule in properties["Rules"])
    assert floods["RateBasedStatement"] == {"AggregateKeyType": "IP", "Limit": 10_000}
    overrides = attacks["ManagedRuleGroupStatement"]["RuleActionOverrides"]
    assert all(override["Name"].endswith("_BODY") for override in overrides)
    assert all(override["ActionToUse"] == {"Count": {}} for override in overrides)


def test_the_local_cloud_has_no_firewall(local: Environment) -> None:
    assert not any("WAF" in resource["Type"] for resource in local.first.resources.values())


def test_tools_find_what_they_need_in_the_outputs(local: Environment) -> None:
    expected = {"ApiId", "ApiUrl", "RegionalDomainName", "HealthCheckId", "TableName", "AlarmTopicArn", "PayloadBucket"}
    expected |= {f"{kind}{lane}" for kind in ("QueueUrl", "DeadQueueUrl") for lane in ("Critical", "Standard", "Batch")}
    expected |= {"Function" + "".join(word.title() for word in row.name.split("_")) for row in FUNCTIONS}
    assert expected <= set(local.first.body["Outputs"])

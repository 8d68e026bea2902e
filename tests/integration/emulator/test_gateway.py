"""What API Gateway itself answers (shims/gateway_errors.py, gateway_validators.py and gateway_api_keys.py)."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

import pytest

from tests.integration.emulator.processes import ACCOUNT, FIRST, Emulators
from tests.integration.emulator.shim_proof import needs_its_shim

ANSWERS_AS_ASKED = """
    import json

    class Secret(Exception):
        pass

    def handler(event, context):
        wish = json.loads(event["body"] or "{}")
        if wish.get("agent") == "raise":
            raise Secret("the password is 1234")
        if wish.get("agent") == "malformed":
            return wish["answer"]
        return {"statusCode": 202, "headers": {"Content-Type": "application/json"}, "body": json.dumps(wish)}
"""
NAMES_A_KEY = """
    def handler(event, context):
        token = event["headers"].get("authorization", "")
        return {
            "principalId": token,
            "policyDocument": {"Version": "2012-10-17", "Statement": [
                {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": event["methodArn"]}]},
            "context": {"tenant": token},
            "usageIdentifierKey": "key-of-the-tenant-" + token,
        }
"""
PROBLEM = '{"title": $context.error.messageString, "detail": "$context.error.validationErrorString"}'
BODY = {
    "type": "object",
    "required": ["agent", "input"],
    "properties": {"agent": {"type": "string"}, "lane": {"enum": ["critical", "batch"]}, "steps": {"type": "integer"}},
}


def ref(name: str) -> dict[str, str]:
    return {"Ref": name}


def lambda_uri(function: str) -> str:
    arn = f"arn:aws:lambda:{FIRST}:{ACCOUNT}:function:{function}"
    return f"arn:aws:apigateway:{FIRST}:lambda:path/2015-03-31/functions/{arn}/invocations"


def api(name: str, *, validated: bool = False, source: str | None = None) -> dict[str, Any]:
    """A REST API with POST /jobs, as templates declare it."""
    method = {
        "RestApiId": ref("Api"),
        "ResourceId": ref("Jobs"),
        "HttpMethod": "POST",
        "AuthorizationType": "NONE",
        "RequestParameters": {"method.request.header.Idempotency-Key": validated},
        "Integration": {"Type": "AWS_PROXY", "IntegrationHttpMethod": "POST", "Uri": lambda_uri(name)},
    }
    resources: dict[str, Any] = {
        "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": name}},
        "Jobs": {
            "Type": "AWS::ApiGateway::Resource",
            "Properties": {
                "RestApiId": ref("Api"),
                "ParentId": {"Fn::GetAtt": ["Api", "RootResourceId"]},
                "PathPart": "jobs",
            },
        },
        "Post": {"Type": "AWS::ApiGateway::Method", "Properties": method},
        "Deployment": {
            "Type": "AWS::ApiGateway::Deployment",
            "Properties": {"RestApiId": ref("Api")},
            "DependsOn": ["Post"],
        },
        "Stage": {
            "Type": "AWS::ApiGateway::Stage",
            "Properties": {"RestApiId": ref("Api"), "DeploymentId": ref("Deployment"), "StageName": "live"},
        },
    }
    if validated:
        resources |= validation(method)
    if source:
        resources["Api"]["Properties"]["ApiKeySourceType"] = source
        resources |= metering(name, method)
    resources["Deployment"]["DependsOn"] += [key for key in resources if key.startswith("Bad")]
    return resources


def validation(method: dict[str, Any]) -> dict[str, Any]:
    method |= {"RequestModels": {"application/json": ref("Model")}, "RequestValidatorId": ref("Validator")}
    problems = {
        kind: {
            "Type": "AWS::ApiGateway::GatewayResponse",
            "Properties": {
                "RestApiId": ref("Api"),
                "ResponseType": kind,
                "StatusCode": "422",
                "ResponseParameters": {"gatewayresponse.header.Content-Type": "'application/problem+json'"},
                "ResponseTemplates": {"application/json": PROBLEM},
            },
        }
        for kind in ("BAD_REQUEST_BODY", "BAD_REQUEST_PARAMETERS")
    }
    return {
        "Model": {
            "Type": "AWS::ApiGateway::Model",
            "Properties": {"RestApiId": ref("Api"), "ContentType": "application/json", "Name": "Job", "Schema": BODY},
        },
        "Validator": {
            "Type": "AWS::ApiGateway::RequestValidator",
            "Properties": {
                "RestApiId": ref("Api"),
                "ValidateRequestBody": True,
                "ValidateRequestParameters": True,
            },
        },
        "BadBody": problems["BAD_REQUEST_BODY"],
        "BadParameters": problems["BAD_REQUEST_PARAMETERS"],
    }


def metering(name: str, method: dict[str, Any]) -> dict[str, Any]:
    method |= {"ApiKeyRequired": True, "AuthorizationType": "CUSTOM", "AuthorizerId": ref("Authorizer")}
    return {
        "Authorizer": {
            "Type": "AWS::ApiGateway::Authorizer",
            "Properties": {
                "RestApiId": ref("Api"),
                "Name": name,
                "Type": "REQUEST",
                "IdentitySource": "method.request.header.Authorization",
                "AuthorizerResultTtlInSeconds": 300,
                "AuthorizerUri": lambda_uri(f"{name}-authorizer"),
            },
        },
        "Key": {
            "Type": "AWS::ApiGateway::ApiKey",
            "Properties": {"Enabled": True, "Name": f"{name}-one", "Value": "key-of-the-tenant-one"},
        },
        "Plan": {
            "Type": "AWS::ApiGateway::UsagePlan",
            "Properties": {
                "ApiStages": [{"ApiId": ref("Api"), "Stage": ref("Stage")}],
                "Quota": {"Limit": 3, "Period": "DAY"},
            },
        },
        "PlanKey": {
            "Type": "AWS::ApiGateway::UsagePlanKey",
            "Properties": {"KeyId": ref("Key"), "KeyType": "API_KEY", "UsagePlanId": ref("Plan")},
        },
    }


@dataclass(frozen=True)
class Answer:
    status: int
    content_type: str
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


def post(emulators: Emulators, api_id: str, body: Any, **headers: str) -> Answer:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    url = f"{emulators.layout.emulator(FIRST).url}/restapis/{api_id}/live/_user_request_/jobs"
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"} | named)
    try:
        reply = urllib.request.urlopen(request, timeout=10)
    except urllib.error.HTTPError as error:
        reply = error
    with reply:
        return Answer(reply.status, reply.headers["Content-Type"], reply.read().decode())


def attach_validator(emulators: Emulators, deployed: dict[str, str]) -> None:
    """Through the API, which needs no shim."""
    gateway, api_id = emulators.client("apigateway"), deployed["Api"]
    flags = {"validateRequestBody": True, "validateRequestParameters": True}
    validator = gateway.create_request_validator(restApiId=api_id, name="api", **flags)["id"]
    gateway.update_method(
        restApiId=api_id,
        resourceId=deployed["Jobs"],
        httpMethod="POST",
        patchOperations=[{"op": "replace", "path": "/requestValidatorId", "value": validator}],
    )


@needs_its_shim
def test_a_bad_body_is_answered_as_a_problem_that_says_what_is_wrong(either: Emulators) -> None:
    either.function("validated", ANSWERS_AS_ASKED)
    deployed = either.deploy("validated", api("validated", validated=True))
    attach_validator(either, deployed)
    api_id = deployed["Api"]

    def detail(body: Any) -> str:
        answer = post(either, api_id, body, Idempotency_Key="1")
        assert (answer.status, answer.content_type) == (422, "application/problem+json")
        assert answer.json["title"] == "Invalid request body"
        return str(answer.json["detail"])

    assert detail({"agent": "probe"}) == '[object has missing required properties (["input"])]'
    assert detail({"agent": 1, "input": {}}) == (
        '[instance type (integer) does not match any allowed primitive type (allowed: ["string"])]'
    )
    assert detail({"agent": "probe", "input": {}, "lane": "fast", "steps": "x"}) == (
        '[instance value ("fast") not found in enum (possible values: ["critical","batch"]), '
        'instance type (string) does not match any allowed primitive type (allowed: ["integer"])]'
    )
    assert detail(b"no json") == "Invalid request body"
    missing = post(either, api_id, {"agent": "probe", "input": {}})
    assert (missing.status, missing.content_type) == (422, "application/problem+json")
    assert missing.json["detail"] == "Missing required request parameters: [Idempotency-Key]"


def test_a_good_body_reaches_the_function(cloud: Emulators) -> None:
    cloud.function("reached", ANSWERS_AS_ASKED)
    api_id = cloud.deploy("reached", api("reached", validated=True))["Api"]
    body = {"agent": "probe", "input": {}, "lane": "batch", "steps": 3}

    answer = post(cloud, api_id, body, Idempotency_Key="1")

    assert (answer.status, answer.json) == (202, body)


@needs_its_shim
def test_a_validator_of_a_template_is_made_changed_and_removed_with_it(either: Emulators) -> None:
    either.function("revalidated", ANSWERS_AS_ASKED)
    resources = api("revalidated", validated=True)
    deployed = either.deploy("revalidated", resources)
    assert post(either, deployed["Api"], {}, Idempotency_Key="1").status == 422

    resources["Validator"]["Properties"]["ValidateRequestBody"] = False
    changed = either.deploy("revalidated", resources)
    assert changed["Validator"] == deployed["Validator"]
    assert post(either, deployed["Api"], {}, Idempotency_Key="1").status == 202
    assert post(either, deployed["Api"], {}).status == 422

    del resources["Validator"], resources["Post"]["Properties"]["RequestValidatorId"]
    either.deploy("revalidated", resources)
    assert post(either, deployed["Api"], {}).status == 202
    assert not either.client("apigateway").get_request_validators(restApiId=deployed["Api"])["items"]


@needs_its_shim
def test_a_functions_error_is_not_shown_to_the_caller(either: Emulators) -> None:
    either.function("leaky", ANSWERS_AS_ASKED)
    api_id = either.deploy("leaky", api("leaky"))["Api"]

    answer = post(either, api_id, {"agent": "raise"})

    assert (answer.status, answer.json) == (502, {"message": "Internal server error"})


@pytest.mark.parametrize(
    "returned",
    [
        None,
        "text",
        '{"statusCode": 200, "body": "a text, not an object"}',
        ["list"],
        {"body": "no status"},
        {"statusCode": "soon", "body": ""},
        {"statusCode": 200, "body": {"not": "text"}},
        {"statusCode": 200, "headers": {"X-List": ["a"]}, "body": ""},
    ],
    ids=json.dumps,
)
def test_an_answer_without_the_proxy_format_is_a_bad_gateway(cloud: Emulators, returned: Any) -> None:
    name = "malformed"
    known = {each["name"]: each["id"] for each in cloud.client("apigateway").get_rest_apis(limit=500)["items"]}
    if name not in known:
        cloud.function(name, ANSWERS_AS_ASKED)
        known[name] = cloud.deploy(name, api(name))["Api"]

    answer = post(cloud, known[name], {"agent": "malformed", "answer": returned})

    assert (answer.status, answer.json) == (502, {"message": "Internal server error"})


@needs_its_shim
def test_the_key_that_the_authorizer_names_is_metered_by_its_usage_plan(either: Emulators) -> None:
    either.function("metered", ANSWERS_AS_ASKED)
    either.function("metered-authorizer", NAMES_A_KEY)
    api_id = either.deploy("metered", api("metered", source="AUTHORIZER"))["Api"]

    def submit(tenant: str, **headers: str) -> int:
        return post(either, api_id, {"agent": "probe"}, Authorization=tenant, **headers).status

    assert [submit("one") for _ in range(4)] == [202, 202, 202, 429]
    # A tenant whose key is in no plan is refused, also when it sends the key of another.
    assert submit("two") == 403
    assert submit("two", x_api_key="key-of-the-tenant-one") == 403


def test_with_the_header_as_source_only_the_header_counts(cloud: Emulators) -> None:
    cloud.function("by-header", ANSWERS_AS_ASKED)
    cloud.function("by-header-authorizer", NAMES_A_KEY)
    resources = api("by-header", source="HEADER")
    resources["Key"]["Properties"]["Value"] = "key-in-the-header-of-this-test"
    api_id = cloud.deploy("by-header", resources)["Api"]

    assert post(cloud, api_id, {}, Authorization="one").status == 403
    assert post(cloud, api_id, {}, Authorization="one", x_api_key="key-in-the-header-of-this-test").status == 202

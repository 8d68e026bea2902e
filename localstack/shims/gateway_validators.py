"""A template's request validators validate.

The emulator validates requests as its API asks, but its CloudFormation handlers make no validator and forget which one
a method has, so that every request would pass to the function.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from localstack.shims.neighbourhood import Neighbourhood
from localstack.shims.patching import Target, module, wrap

Properties = dict[str, Any]

_GATEWAY = "services.apigateway_v1"
_PROVISIONERS = "services.cloudformation.provisioners"
_CREATE = Target(_PROVISIONERS, "_apigw_request_validator_create", "f9fe42d289fd7d29")
_UPDATE = Target(_PROVISIONERS, "_apigw_request_validator_update", "4d174a8320ff9279")
_DELETE = Target(_PROVISIONERS, "_apigw_request_validator_delete", "a9201af7d25e2a6d")
_CREATE_METHOD = Target(_PROVISIONERS, "_apigw_method_create", "9460bc3fd7ff0cb6")


def install(_: Neighbourhood) -> None:
    for target in (_CREATE, _UPDATE, _DELETE):
        target.checked()
    provisioners = module(_PROVISIONERS)
    handlers = provisioners._RESOURCE_HANDLERS
    handlers["AWS::ApiGateway::RequestValidator"] = {"create": _create, "update": _update, "delete": _delete}
    wrap(_CREATE_METHOD, _with_validator)  # the update handler calls it too
    handlers["AWS::ApiGateway::Method"]["create"] = provisioners._apigw_method_create


def _create(_logical_id: str, props: Properties, _stack_name: str) -> tuple[str, Properties]:
    status, _, body = module(_GATEWAY)._create_request_validator(props["RestApiId"], _request(props))
    if status >= 400:
        raise ValueError(f"AWS::ApiGateway::RequestValidator: {body.decode()}")
    validator_id: str = json.loads(body)["id"]
    return validator_id, {"RequestValidatorId": validator_id}


def _update(validator_id: str, old: Properties, new: Properties, stack_name: str) -> tuple[str, Properties]:
    if any(old.get(name) != new.get(name) for name in ("RestApiId", "Name")):
        created = _create("", new, stack_name)
        module(_PROVISIONERS)._delete_predecessor(_delete, validator_id, old)
        return created
    module(_GATEWAY)._request_validators[new["RestApiId"]][validator_id].update(_request(new))
    return validator_id, {"RequestValidatorId": validator_id}


def _delete(validator_id: str, props: Properties) -> None:
    module(_GATEWAY)._delete_request_validator(props["RestApiId"], validator_id)


def _request(props: Properties) -> Properties:
    return {
        "name": props.get("Name", ""),
        "validateRequestBody": str(props.get("ValidateRequestBody")).lower() == "true",
        "validateRequestParameters": str(props.get("ValidateRequestParameters")).lower() == "true",
    }


def _with_validator(create: Callable[..., Any]) -> Callable[..., Any]:
    def create_method(logical_id: str, props: Properties, stack_name: str) -> Any:
        created = create(logical_id, props, stack_name)
        resource = module(_GATEWAY)._resources[props["RestApiId"]][props["ResourceId"]]
        resource["resourceMethods"][props.get("HttpMethod", "ANY")]["requestValidatorId"] = props.get(
            "RequestValidatorId"
        )
        return created

    return create_method

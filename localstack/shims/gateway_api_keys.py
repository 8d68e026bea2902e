"""The API key that an authorizer names counts against that key's usage plan.

The emulator drops a template's `ApiKeySourceType` and always reads the `X-API-Key` header. With the source AUTHORIZER,
AWS takes the key from `usageIdentifierKey` in what the authorizer returned, and ignores the header.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from localstack.shims.neighbourhood import Neighbourhood
from localstack.shims.patching import Target, edit, module

_GATEWAY = "services.apigateway_v1"
_AUTHORIZE = Target(_GATEWAY, "_authorize_request_v1", "46b3fe37fe98f765")
_EXECUTE = Target(_GATEWAY, "_execute_in_scope", "2ae72b7d5eb64690")
_PROVISIONERS = "services.cloudformation.provisioners"
_CREATE = Target(_PROVISIONERS, "_apigw_rest_api_create", "7c984880e4471290")
_KEY_HEADERS = "_antipode_key_headers(api, headers, authorizer_context)"


class _AuthorizerContext(dict[str, str]):
    """What an authorizer passes on to the function, and beside it the key it named."""

    usage_key = ""


def install(_: Neighbourhood) -> None:
    handlers = module(_PROVISIONERS)._RESOURCE_HANDLERS["AWS::ApiGateway::RestApi"]
    handlers["create"] = _keep_key_source(_CREATE.checked())
    principal = '            auth_ctx["principalId"] = str(principal_id)\n'
    edit(
        _AUTHORIZE,
        (principal, principal + "        auth_ctx = _antipode_keep_usage_key(auth_ctx, policy)\n"),
        names={"_antipode_keep_usage_key": _keep_usage_key},
    )
    edit(
        _EXECUTE,
        (
            "_check_api_key(method_obj, api_id, stage_name, headers)",
            f"_check_api_key(method_obj, api_id, stage_name, {_KEY_HEADERS})",
        ),
        ("_api_key_from_request(headers)", f"_api_key_from_request({_KEY_HEADERS})"),
        names={"_antipode_key_headers": _key_headers},
    )


def _keep_key_source(create: Callable[..., tuple[str, Any]]) -> Callable[..., tuple[str, Any]]:
    def create_rest_api(logical_id: str, props: dict[str, Any], stack_name: str) -> tuple[str, Any]:
        api_id, attributes = create(logical_id, props, stack_name)
        if "ApiKeySourceType" in props:
            module(_GATEWAY)._rest_apis[api_id]["apiKeySource"] = props["ApiKeySourceType"]
        return api_id, attributes

    return create_rest_api


def _keep_usage_key(context: dict[str, str], result: dict[str, Any]) -> _AuthorizerContext:
    kept = _AuthorizerContext(context)
    kept.usage_key = str(result.get("usageIdentifierKey") or "")
    return kept


def _key_headers(api: dict[str, Any], headers: dict[str, Any], context: Any) -> dict[str, Any]:
    if api.get("apiKeySource") != "AUTHORIZER":
        return headers
    return {"x-api-key": getattr(context, "usage_key", "")}

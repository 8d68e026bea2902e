"""The tenants' usage plans: how fast and how much each may call one Region's API.

A usage plan is found by an API key, which is a throttle label here and no credential: the authorizer names the key
after it has checked the bearer token, and no client ever sends one. So its value may stand in a template.
"""

from aws_cdk.aws_apigateway import (
    ApiKey,
    Period,
    QuotaSettings,
    RestApi,
    ThrottleSettings,
    UsagePlan,
    UsagePlanPerApiStage,
)
from constructs import Construct

from stacks.config import Configuration
from stacks.sections import TenantSettings


class Tenants(Construct):
    """One usage plan and one key per tenant."""

    def __init__(self, scope: Construct, name: str, *, configuration: Configuration, api: RestApi) -> None:
        super().__init__(scope, name)
        for tenant in configuration.tenants:
            self._add(tenant, configuration, api)

    def _add(self, tenant: TenantSettings, configuration: Configuration, api: RestApi) -> None:
        place = Construct(self, tenant.name)
        label = f"{configuration.tenant_key_prefix}{tenant.name}"
        plan = UsagePlan(
            place,
            "Plan",
            name=f"{configuration.prefix}-{tenant.name}",
            throttle=ThrottleSettings(rate_limit=tenant.rate_per_second, burst_limit=tenant.burst),
            quota=QuotaSettings(limit=tenant.daily_quota, period=Period.DAY) if tenant.daily_quota else None,
            api_stages=[UsagePlanPerApiStage(api=api, stage=api.deployment_stage)],
        )
        plan.add_api_key(ApiKey(place, "Key", api_key_name=label, value=label))

"""The web firewall in front of one Region's API: floods from one address and well-known attacks stop here."""

from aws_cdk.aws_apigateway import Stage
from aws_cdk.aws_wafv2 import CfnWebACL, CfnWebACLAssociation
from constructs import Construct

from stacks.sections import FirewallSettings

#: The rules of AWS's common set that look into the body. A job's input is free text for an agent to read, and may well
#: hold a script tag, a file path or a long document; nothing of ours runs or renders it. They count, and do not block.
_RULES_ON_BODIES = (
    "SizeRestrictions_BODY",
    "CrossSiteScripting_BODY",
    "GenericLFI_BODY",
    "GenericRFI_BODY",
    "EC2MetaDataSSRF_BODY",
)


class Firewall(Construct):
    """A web ACL with two rules, tied to the API's stage."""

    def __init__(self, scope: Construct, name: str, *, prefix: str, settings: FirewallSettings, stage: Stage) -> None:
        super().__init__(scope, name)
        acl = CfnWebACL(
            self,
            "Acl",
            name=f"{prefix}-api",
            scope="REGIONAL",
            default_action=CfnWebACL.DefaultActionProperty(allow={}),
            visibility_config=_visible(f"{prefix}-api"),
            rules=[
                CfnWebACL.RuleProperty(
                    name="floods",
                    priority=0,
                    action=CfnWebACL.RuleActionProperty(block={}),
                    statement=CfnWebACL.StatementProperty(
                        rate_based_statement=CfnWebACL.RateBasedStatementProperty(
                            aggregate_key_type="IP", limit=settings.requests_per_address_in_5_minutes
                        )
                    ),
                    visibility_config=_visible("floods"),
                ),
                CfnWebACL.RuleProperty(
                    name="known-attacks",
                    priority=1,
                    override_action=CfnWebACL.OverrideActionProperty(none={}),
                    statement=CfnWebACL.StatementProperty(
                        managed_rule_group_statement=CfnWebACL.ManagedRuleGroupStatementProperty(
                            vendor_name="AWS",
                            name="AWSManagedRulesCommonRuleSet",
                            rule_action_overrides=[
                                CfnWebACL.RuleActionOverrideProperty(
                                    name=rule, action_to_use=CfnWebACL.RuleActionProperty(count={})
                                )
                                for rule in _RULES_ON_BODIES
                            ],
                        )
                    ),
                    visibility_config=_visible("known-attacks"),
                ),
            ],
        )
        CfnWebACLAssociation(self, "OnStage", resource_arn=stage.stage_arn, web_acl_arn=acl.attr_arn)


def _visible(metric: str) -> CfnWebACL.VisibilityConfigProperty:
    return CfnWebACL.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True, metric_name=metric, sampled_requests_enabled=True
    )

"""The CDN's guard: AWS's managed rules, and a limit on what one address may ask for."""

from typing import Any

from infra.delivery.parameters import DeliveryParameters

# What everybody is exposed to, and requests that only attackers send.
_MANAGED = ("AWSManagedRulesCommonRuleSet", "AWSManagedRulesKnownBadInputsRuleSet")


def web_acl_resources(parameters: DeliveryParameters) -> dict[str, Any]:
    """The web ACL where the stage asks for one of its own."""
    if parameters.web_acl != "create":
        return {}
    rules = [_managed(name, priority) for priority, name in enumerate(_MANAGED, 1)]
    return {
        "WebAcl": {
            "Type": "AWS::WAFv2::WebACL",
            "Properties": {
                "Name": parameters.prefix,
                "Scope": "CLOUDFRONT",
                "DefaultAction": {"Allow": {}},
                # The limit first: what exceeds it costs no further rule.
                "Rules": [_limit(parameters.web_acl_rate), *rules],
                "VisibilityConfig": _seen_as(parameters.prefix),
            },
        }
    }


def _limit(rate: int) -> dict[str, Any]:
    return {
        "Name": "rate",
        "Priority": 0,
        "Action": {"Block": {}},
        "Statement": {
            "RateBasedStatement": {
                "AggregateKeyType": "IP",
                "EvaluationWindowSec": 300,
                "Limit": rate,
            }
        },
        "VisibilityConfig": _seen_as("rate"),
    }


def _managed(name: str, priority: int) -> dict[str, Any]:
    return {
        "Name": name,
        "Priority": priority,
        "OverrideAction": {"None": {}},
        "Statement": {"ManagedRuleGroupStatement": {"VendorName": "AWS", "Name": name}},
        "VisibilityConfig": _seen_as(name),
    }


def _seen_as(name: str) -> dict[str, Any]:
    return {"MetricName": name, "CloudWatchMetricsEnabled": True, "SampledRequestsEnabled": True}

"""The CDN's guard: AWS's managed rules, and a limit on what one address may ask for."""

from typing import Any

from infra.delivery.parameters import DeliveryParameters

# What everybody is exposed to, and requests that only attackers send.
_MANAGED = ("AWSManagedRulesCommonRuleSet", "AWSManagedRulesKnownBadInputsRuleSet")


def web_acl_resources(parameters: DeliveryParameters) -> dict[str, Any]:
    """The web ACL where the stage asks for one of its own."""
    if parameters.web_acl != "create":
        return {}
    acl = web_acl(parameters.prefix, parameters.web_acl_rate)
    return {"WebAcl": {"Type": "AWS::WAFv2::WebACL", "Properties": acl}}


def web_acl(name: str, rate: int) -> dict[str, Any]:
    """A web ACL for CloudFront; `rate` is what one address may ask for in five minutes."""
    rules = [_managed(each, priority) for priority, each in enumerate(_MANAGED, 1)]
    return {
        "Name": name,
        "Scope": "CLOUDFRONT",
        "DefaultAction": {"Allow": {}},
        # The limit first: what exceeds it is not counted by the others.
        "Rules": [_limit(rate), *rules],
        "VisibilityConfig": _seen_as(name),
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

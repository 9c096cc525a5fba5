"""The CDN's web ACL: AWS's managed rules, and a rate limit for each address."""

from typing import Any

from infra.delivery.parameters import DeliveryParameters

# Common attacks, and requests that only attackers send.
_MANAGED = ("AWSManagedRulesCommonRuleSet", "AWSManagedRulesKnownBadInputsRuleSet")


def web_acl_resources(parameters: DeliveryParameters) -> dict[str, Any]:
    """Builds the web ACL, if the stage has one of its own."""
    if parameters.web_acl != "create":
        return {}
    acl = web_acl(parameters.prefix, parameters.web_acl_rate)
    return {"WebAcl": {"Type": "AWS::WAFv2::WebACL", "Properties": acl}}


def web_acl(name: str, rate: int) -> dict[str, Any]:
    """Builds a web ACL for CloudFront; `rate` is the requests of one address in five minutes."""
    rules = [_managed(name, priority) for priority, name in enumerate(_MANAGED, 1)]
    return {
        "Name": name,
        "Scope": "CLOUDFRONT",
        "DefaultAction": {"Allow": {}},
        # The limit first: the other rules do not evaluate a request that it blocks.
        "Rules": [_limit(rate), *rules],
        "VisibilityConfig": _visibility(name),
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
        "VisibilityConfig": _visibility("rate"),
    }


def _managed(name: str, priority: int) -> dict[str, Any]:
    return {
        "Name": name,
        "Priority": priority,
        "OverrideAction": {"None": {}},
        "Statement": {"ManagedRuleGroupStatement": {"VendorName": "AWS", "Name": name}},
        "VisibilityConfig": _visibility(name),
    }


def _visibility(name: str) -> dict[str, Any]:
    return {"MetricName": name, "CloudWatchMetricsEnabled": True, "SampledRequestsEnabled": True}

"""Keeps a filter policy on subscriptions that have had one.

CloudFormation cannot take the scope of a filter policy away from a subscription ("Invalid value
[null]"): the deploy would fail and roll back. So a size that is of every photo again keeps a policy
that lets all of S3's events through.
https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/1840
"""

from typing import TYPE_CHECKING, Any

from lib.aws.stacks import find_outputs, get_template
from lib.sizes.filters import PASS_ALL

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

_SCOPE = "FilterPolicyScope"


def keep(cloudformation: "CloudFormationClient", stack: str, template: dict[str, Any]) -> None:
    """Adds a policy to the template's subscriptions that lack one and are deployed with one."""
    if find_outputs(cloudformation, stack) is None:
        return
    deployed = get_template(cloudformation, stack).get("Resources", {})
    for logical, resource in template["Resources"].items():
        was_filtered = _SCOPE in deployed.get(logical, {}).get("Properties", {})
        if resource["Type"] == "AWS::SNS::Subscription" and was_filtered:
            resource["Properties"] = PASS_ALL | resource["Properties"]

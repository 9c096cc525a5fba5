"""Keeps a filter policy on subscriptions that have had one.

CloudFormation cannot take the scope of a filter policy away from a subscription ("Invalid value
[null]"): the deploy would fail and roll back. So a size that is of every photo again keeps a policy
that lets all of S3's events through.
https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/1840
"""

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from lib.aws.error_mapping import map_errors
from lib.sizes.filters import PASS_ALL

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

_SCOPE = "FilterPolicyScope"


def find_kept_filters(
    cloudformation: "CloudFormationClient", stack: str, template: dict[str, Any]
) -> dict[str, dict[str, Any]]:
    """Returns properties to add to the template's subscriptions, by their logical id."""
    unfiltered = [
        logical
        for logical, resource in template["Resources"].items()
        if resource["Type"] == "AWS::SNS::Subscription" and _SCOPE not in resource["Properties"]
    ]
    deployed = _read_deployed(cloudformation, stack)
    return {
        logical: PASS_ALL
        for logical in unfiltered
        if _SCOPE in deployed.get(logical, {}).get("Properties", {})
    }


def _read_deployed(cloudformation: "CloudFormationClient", stack: str) -> dict[str, Any]:
    """Returns the resources of the deployed template; {} if there is no stack yet."""
    with map_errors(f"reading the template of {stack}"):
        try:
            body = cloudformation.get_template(StackName=stack)["TemplateBody"]
        except ClientError as error:
            if "does not exist" in str(error):
                return {}
            raise
    # botocore parses the JSON that Serverless uploads; a template of another tool is a text.
    resources = body.get("Resources", {}) if isinstance(body, dict) else {}
    return dict(resources)

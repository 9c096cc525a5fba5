"""Builds the policy documents of a deploying identity from a compiled template."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

from lib.auth.viewer_keys import TEMPLATE_METADATA
from lib.errors import ConfigError
from lib.operations.deploy_policy import grants
from lib.operations.deploy_policy.grants import Scope

# IAM's limit on a managed policy, white space not counted.
POLICY_LIMIT = 6144
# CloudFormation generates names as <stack>-<logical id>-<random>, and cuts the first two parts to
# this length if the name would be too long.
_PART_OF_MADE_NAME = 24
# A deploy adds public keys to the template of a stage with a key group.
_KEY_GROUP, _PUBLIC_KEY = "AWS::CloudFront::KeyGroup", "AWS::CloudFront::PublicKey"
_DEPLOYMENT_BUCKET = "ServerlessDeploymentBucket"
_FIELD = re.compile(r"\{(\w+)\}")
# CloudFormation's pseudo parameters that names of buckets are made of.
_PSEUDO = {"${AWS::AccountId}": "account", "${AWS::Region}": "region"}

Statement = dict[str, Any]
# Values of a scope's fields.
Values = dict[str, list[str]]


@dataclass(frozen=True, kw_only=True)
class Target:
    """Stage and where it is deployed; `account` is "*" if unknown."""

    service: str
    stage: str
    region: str
    account: str
    partition: str

    @property
    def stack(self) -> str:
        """Name of the stack, and prefix of its resources' names."""
        return f"{self.service}-{self.stage}"

    @property
    def made(self) -> str:
        """Pattern for the start of a name that CloudFormation generates."""
        cut = self.stack[:_PART_OF_MADE_NAME]
        return cut if cut == self.stack else f"{cut}*"


def make_documents(
    template: dict[str, Any], target: Target, limit: int = POLICY_LIMIT
) -> list[dict[str, Any]]:
    """Builds the policy, split into documents of at most `limit` characters.

    Raises ConfigError if the template has a resource type without grants, or if its roles have
    different permissions boundaries.
    """
    resources = template["Resources"]
    values: Values = {
        **{name: [value] for name, value in vars(target).items()},
        "stack": [target.stack],
        "made": [target.made],
        "deployment_bucket": [_match_generated_bucket(_DEPLOYMENT_BUCKET, target)],
        "bucket": _bucket_names(resources, target),
        "existing_bucket": _existing_buckets(template),
        "boundary": _boundaries(resources),
        "web_acl": _foreign_web_acls(resources),
        "key": _keys_of_secrets(template),
    }
    actions: dict[Scope, set[str]] = {}
    for scope, names in _list_grants(resources, values):
        wanted = {f"{scope.service}:{name}" for name in names.split()}
        actions.setdefault(scope, set()).update(wanted)
    statements = [_statement(scope, names, values) for scope, names in actions.items()]
    return [_document(part) for part in _split(statements, limit)]


def count_characters(document: dict[str, Any]) -> int:
    """Returns a document's characters as IAM counts them: without white space."""
    return len(re.sub(r"\s", "", json.dumps(document)))


def _list_grants(resources: dict[str, Any], values: Values) -> Iterator[tuple[Scope, str]]:
    """Yields scopes and actions on them, separated by spaces."""
    yield from grants.DEPLOY.items()
    kinds = {resource["Type"] for resource in resources.values()}
    if _KEY_GROUP in kinds:
        yield from grants.VIEWER_KEYS.items()
        kinds.add(_PUBLIC_KEY)
    for kind in sorted(kinds):
        if kind not in grants.GRANTS:
            raise ConfigError(
                f"{kind}: the actions that deploy it are not listed: add them to "
                "lib/operations/deploy_policy/grants.py"
            )
        for scope, names in grants.GRANTS[kind].items():
            is_bounded = scope is grants.ROLES_THAT_GRANT and values["boundary"]
            yield (grants.ROLES_WITHIN_BOUNDARY if is_bounded else scope), names
    if values["boundary"]:
        # Roles that are there already get it by the next deploy.
        yield grants.ROLES_WITHIN_BOUNDARY, "PutRolePermissionsBoundary"
    if values["existing_bucket"]:
        yield (
            grants.EXISTING_BUCKET,
            "GetBucketLocation GetBucketNotification GetBucketOwnershipControls GetBucketPolicy "
            "GetBucketPublicAccessBlock GetBucketRequestPayment GetBucketVersioning "
            "GetEncryptionConfiguration ListBucket PutBucketNotification",
        )
    if values["web_acl"]:
        yield grants.FOREIGN_WEB_ACL, "GetWebACL"
    if values["key"]:
        yield grants.KEY, "Decrypt DescribeKey GenerateDataKey"


def _statement(scope: Scope, actions: set[str], values: Values) -> Statement:
    resources = [each for resource in scope.resources for each in _fill(resource, values)]
    statement: Statement = {
        "Sid": scope.sid,
        "Effect": "Allow",
        "Action": sorted(actions),
        "Resource": resources[0] if len(resources) == 1 else resources,
    }
    if scope.condition:
        operator, key, text = scope.condition
        (value,) = _fill(text, values)
        statement["Condition"] = {operator: {key: value}}
    return statement


def _fill(text: str, values: Values) -> Iterator[str]:
    """Yields the text for each combination of its fields' values."""
    fields = _FIELD.findall(text)
    for chosen in product(*(values[field] for field in fields)):
        yield text.format(**dict(zip(fields, chosen, strict=True)))


def _document(statements: Iterable[Statement]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _split(statements: list[Statement], limit: int) -> list[list[Statement]]:
    parts: list[list[Statement]] = [[]]
    for statement in statements:
        if parts[-1] and count_characters(_document([*parts[-1], statement])) > limit:
            parts.append([])
        parts[-1].append(statement)
    return parts


def _bucket_names(resources: dict[str, Any], target: Target) -> list[str]:
    """Returns the buckets' names, or patterns for names that CloudFormation generates."""
    return [
        _fill_name(resource["Properties"]["BucketName"], target)
        if "BucketName" in resource.get("Properties", {})
        else _match_generated_bucket(logical, target)
        for logical, resource in resources.items()
        if resource["Type"] == "AWS::S3::Bucket"
    ]


def _fill_name(name: str | dict[str, str], target: Target) -> str:
    text = name if isinstance(name, str) else name["Fn::Sub"]
    for pseudo, attribute in _PSEUDO.items():
        text = text.replace(pseudo, getattr(target, attribute))
    return text


def _match_generated_bucket(logical: str, target: Target) -> str:
    return f"{target.made}-{logical.lower()[:_PART_OF_MADE_NAME]}*"


def _boundaries(resources: dict[str, Any]) -> list[str]:
    """Returns the permissions boundary of the roles, if any."""
    found = {
        resource["Properties"].get("PermissionsBoundary")
        for resource in resources.values()
        if resource["Type"] == "AWS::IAM::Role"
    }
    if len(found) > 1:
        raise ConfigError(
            f"Roles with different permissions boundaries ({', '.join(map(str, found))}): one "
            "condition cannot hold for all"
        )
    return [each for each in found if each]


def _existing_buckets(template: dict[str, Any]) -> list[str]:
    """Returns the bucket of the originals if the template does not create it."""
    name = template.get("Outputs", {}).get("OriginalsBucketName", {}).get("Value")
    return [name] if isinstance(name, str) else []


def _foreign_web_acls(resources: dict[str, Any]) -> list[str]:
    """Returns the ARN of the CDN's web ACL if another stack made it."""
    configs = (
        resource["Properties"]["DistributionConfig"]
        for resource in resources.values()
        if resource["Type"] == "AWS::CloudFront::Distribution"
    )
    return [acl for acl in (config.get("WebACLId") for config in configs) if isinstance(acl, str)]


def _keys_of_secrets(template: dict[str, Any]) -> list[str]:
    secrets = [
        *(
            resource["Properties"]
            for resource in template["Resources"].values()
            if resource["Type"] == "AWS::SecretsManager::Secret"
        ),
        template.get("Metadata", {}).get(TEMPLATE_METADATA, {}),
    ]
    return sorted({each["KmsKeyId"] for each in secrets if each.get("KmsKeyId")})

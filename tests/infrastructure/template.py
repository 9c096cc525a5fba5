"""A compiled template as tests look at it: references resolved, policies asked."""

import re
from fnmatch import fnmatchcase
from typing import Any

_PSEUDO = {
    "AWS::Partition": "aws",
    "AWS::Region": "eu-west-1",
    "AWS::AccountId": "123456789012",
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::StackId": "arn:aws:cloudformation:eu-west-1:123456789012:stack/s/1f2e3d4c-5b6a-11f1",
}


class Template:
    """Resources by logical id; `resolved` replaces CloudFormation's functions by plain text."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.resources: dict[str, Any] = document["Resources"]

    def of_type(self, kind: str) -> dict[str, Any]:
        """Properties of all resources of a type, resolved, by logical id."""
        return {
            logical: self.resolved(resource["Properties"])
            for logical, resource in self.resources.items()
            if resource["Type"] == kind
        }

    def properties(self, logical: str) -> Any:
        """Properties of one resource, resolved."""
        return self.resolved(self.resources[logical]["Properties"])

    def resolved(self, value: Any) -> Any:
        """The value with Ref, Fn::GetAtt, Fn::Sub and Fn::Join replaced by what they stand for."""
        if isinstance(value, list):
            return [self.resolved(item) for item in value]
        if not isinstance(value, dict):
            return value
        match list(value.items()):
            case [("Ref", logical)]:
                result: Any = self._ref(logical)
            case [("Fn::GetAtt", [logical, attribute])]:
                result = self._attribute(logical, attribute)
            case [("Fn::Sub", text)]:
                result = re.sub(r"\$\{([^}]+)\}", self._substituted, text)
            case [("Fn::Join", [glue, parts])]:
                result = glue.join(self.resolved(parts))
            case items:
                result = {key: self.resolved(item) for key, item in items}
        return result

    def _substituted(self, match: "re.Match[str]") -> str:
        name, _, attribute = match[1].partition(".")
        return str(self._attribute(name, attribute) if attribute else self._ref(name))

    def _ref(self, logical: str) -> str:
        if logical in _PSEUDO:
            return _PSEUDO[logical]
        resource = self.resources[logical]
        if resource["Type"] == "AWS::S3::Bucket":
            return str(self.resolved(resource["Properties"].get("BucketName", logical)))
        if resource["Type"] == "AWS::SNS::Topic":
            return self._arn("sns", self.resolved(resource["Properties"]["TopicName"]))
        return logical

    def _attribute(self, logical: str, attribute: str) -> str:
        resource = self.resources[logical]
        if attribute == "Arn" and resource["Type"] == "AWS::S3::Bucket":
            return f"arn:aws:s3:::{self._ref(logical)}"
        if attribute == "WebsiteURL":
            return f"http://{self._ref(logical)}.s3-website-{_PSEUDO['AWS::Region']}.amazonaws.com"
        if attribute == "Arn" and resource["Type"] == "AWS::SQS::Queue":
            return self._arn("sqs", resource["Properties"]["QueueName"])
        return f"{logical}.{attribute}"

    @staticmethod
    def _arn(service: str, name: str) -> str:
        return f"arn:aws:{service}:{_PSEUDO['AWS::Region']}:{_PSEUDO['AWS::AccountId']}:{name}"

    def role_allows(self, role: str, action: str, resource: str, **context: str) -> bool:
        """Whether one of the role's statements allows this (there are no denials in roles)."""
        return any(
            _matches(statement["Action"], action)
            and _matches(statement["Resource"], resource)
            and _fulfilled(statement.get("Condition", {}), context)
            for policy in self.properties(role)["Policies"]
            for statement in policy["PolicyDocument"]["Statement"]
        )

    def statements(self) -> list[tuple[str, dict[str, Any]]]:
        """Every policy statement of the template, with the logical id it stands at."""
        return [
            (logical, statement)
            for logical, resource in self.resources.items()
            for statement in _statements_in(self.resolved(resource))
        ]


def _statements_in(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, dict):
        own = value.get("Statement", []) if "Version" in value else []
        return own + [found for item in value.values() for found in _statements_in(item)]
    if isinstance(value, list):
        return [found for item in value for found in _statements_in(item)]
    return []


def _matches(patterns: str | list[str], value: str) -> bool:
    patterns = [patterns] if isinstance(patterns, str) else patterns
    return any(fnmatchcase(value, pattern) for pattern in patterns)


def _fulfilled(conditions: dict[str, dict[str, Any]], context: dict[str, str]) -> bool:
    return all(
        _matches(pattern, context.get(key.replace(":", "_").replace("s3_", ""), ""))
        for tests in conditions.values()
        for key, pattern in tests.items()
    )

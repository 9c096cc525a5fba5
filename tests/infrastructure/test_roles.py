"""Who may do what: both what each role allows and what it does not."""

import pytest

from tests.infrastructure.template import Template

ORIGINALS = "arn:aws:s3:::image-fanout-dev-originals-123456789012-eu-west-1"
IMAGES = "arn:aws:s3:::image-fanout-dev-images-123456789012-eu-west-1"
SQS = "arn:aws:sqs:eu-west-1:123456789012:image-fanout-dev"
LOGS = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/image-fanout-dev"
FAILURES = "arn:aws:s3:::image-fanout-dev-failures-123456789012-eu-west-1"
DISTRIBUTION = "arn:aws:cloudfront::123456789012:distribution"
WORKER = "RoleOfResize400x300"
UPLOADS = "RoleOfUploads"
PURGE = "RoleOfPurge"
STATUS, DELETION, FETCH = "RoleOfStatus", "RoleOfDeletion", "RoleOfFetch"
AUTHORIZER, OPENAPI = "RoleOfAuthorizer", "RoleOfOpenapi"


@pytest.mark.parametrize(
    ("role", "action", "resource"),
    [
        (WORKER, "s3:GetObject", f"{ORIGINALS}/originals/2026/a.jpg"),
        (WORKER, "s3:GetObject", f"{IMAGES}/400x300/2026/a.jpg"),
        (WORKER, "s3:PutObject", f"{IMAGES}/400x300/2026/a.jpg"),
        (WORKER, "s3:DeleteObject", f"{IMAGES}/400x300/2026/a.jpg"),
        (WORKER, "sqs:ReceiveMessage", f"{SQS}-400x300"),
        (WORKER, "sqs:DeleteMessage", f"{SQS}-400x300"),
        (WORKER, "sqs:ChangeMessageVisibility", f"{SQS}-400x300"),
        (WORKER, "sqs:SendMessage", f"{SQS}-400x300-dlq"),
        (WORKER, "sqs:SendMessage", f"{SQS}-purge"),
        (WORKER, "s3:PutObject", f"{FAILURES}/400x300/2026/a.jpg"),
        (WORKER, "s3:DeleteObject", f"{FAILURES}/400x300/2026/a.jpg"),
        (WORKER, "logs:PutLogEvents", f"{LOGS}-resize-400x300:log-stream:x"),
        (PURGE, "sqs:ReceiveMessage", f"{SQS}-purge"),
        (PURGE, "cloudfront:CreateInvalidation", f"{DISTRIBUTION}/Distribution"),
        (PURGE, "logs:PutLogEvents", f"{LOGS}-purge:log-stream:x"),
        (UPLOADS, "s3:PutObject", f"{ORIGINALS}/originals/a.jpg"),
        (UPLOADS, "s3:GetObject", f"{ORIGINALS}/originals/a.jpg"),
        (UPLOADS, "s3:PutObject", f"{FAILURES}/_fetch/a.jpg"),
        (UPLOADS, "sqs:SendMessage", f"{SQS}-fetch"),
        (UPLOADS, "logs:PutLogEvents", f"{LOGS}-uploads:log-stream:x"),
        (STATUS, "s3:GetObject", f"{ORIGINALS}/originals/a.jpg"),
        (STATUS, "s3:GetObject", f"{IMAGES}/400x300/a.jpg"),
        (STATUS, "s3:GetObject", f"{FAILURES}/400x300/a.jpg"),
        (STATUS, "s3:GetObject", f"{FAILURES}/_fetch/a.jpg"),
        (DELETION, "s3:DeleteObject", f"{ORIGINALS}/originals/a.jpg"),
        (DELETION, "s3:PutObject", f"{FAILURES}/_fetch/a.jpg"),
        (FETCH, "s3:PutObject", f"{ORIGINALS}/originals/a.jpg"),
        (FETCH, "s3:DeleteObject", f"{ORIGINALS}/originals/a.jpg"),
        (FETCH, "s3:PutObject", f"{FAILURES}/_fetch/a.jpg"),
        (FETCH, "sqs:ReceiveMessage", f"{SQS}-fetch"),
        (FETCH, "sqs:SendMessage", f"{SQS}-fetch-dlq"),
        (OPENAPI, "logs:PutLogEvents", f"{LOGS}-openapi:log-stream:x"),
    ],
)
def test_a_role_allows_what_its_function_does(
    dev: Template, role: str, action: str, resource: str
) -> None:
    assert dev.role_allows(role, action, resource)


@pytest.mark.parametrize(
    ("role", "action", "resource"),
    [
        (WORKER, "s3:PutObject", f"{ORIGINALS}/originals/a.jpg"),
        (WORKER, "s3:DeleteObject", f"{ORIGINALS}/originals/a.jpg"),
        (WORKER, "s3:GetObject", f"{ORIGINALS}/other/a.jpg"),
        (WORKER, "s3:PutObject", f"{IMAGES}/800x600/a.jpg"),
        (WORKER, "s3:PutObject", f"{IMAGES}/400x300.jpg"),
        (WORKER, "s3:PutObjectAcl", f"{IMAGES}/400x300/a.jpg"),
        (WORKER, "s3:DeleteBucket", IMAGES),
        (WORKER, "sqs:ReceiveMessage", f"{SQS}-800x600"),
        (WORKER, "sqs:ReceiveMessage", f"{SQS}-400x300-dlq"),
        (WORKER, "sqs:SendMessage", f"{SQS}-800x600-dlq"),
        (WORKER, "sqs:SendMessage", f"{SQS}-400x300"),
        (WORKER, "sqs:PurgeQueue", f"{SQS}-400x300"),
        (WORKER, "sqs:ReceiveMessage", f"{SQS}-purge"),
        (WORKER, "s3:PutObject", f"{FAILURES}/800x600/a.jpg"),
        (WORKER, "cloudfront:CreateInvalidation", f"{DISTRIBUTION}/Distribution"),
        (PURGE, "cloudfront:CreateInvalidation", f"{DISTRIBUTION}/Other"),
        (PURGE, "cloudfront:UpdateDistribution", f"{DISTRIBUTION}/Distribution"),
        (PURGE, "sqs:ReceiveMessage", f"{SQS}-400x300"),
        (PURGE, "s3:GetObject", f"{IMAGES}/400x300/a.jpg"),
        (WORKER, "sns:Publish", "arn:aws:sns:eu-west-1:123456789012:image-fanout-dev"),
        (WORKER, "logs:PutLogEvents", f"{LOGS}-resize-800x600:log-stream:x"),
        (UPLOADS, "s3:DeleteObject", f"{ORIGINALS}/originals/a.jpg"),
        (UPLOADS, "s3:PutObject", f"{ORIGINALS}/other/a.jpg"),
        (UPLOADS, "s3:PutObject", f"{IMAGES}/400x300/a.jpg"),
        (UPLOADS, "sqs:SendMessage", f"{SQS}-400x300"),
        (UPLOADS, "s3:DeleteObject", f"{ORIGINALS}/originals/a.jpg"),
        (UPLOADS, "s3:PutObject", f"{FAILURES}/400x300/a.jpg"),
        (STATUS, "s3:PutObject", f"{ORIGINALS}/originals/a.jpg"),
        (STATUS, "s3:PutObject", f"{FAILURES}/_fetch/a.jpg"),
        (STATUS, "sqs:ReceiveMessage", f"{SQS}-400x300-dlq"),
        (DELETION, "s3:GetObject", f"{ORIGINALS}/originals/a.jpg"),
        (DELETION, "s3:DeleteObject", f"{ORIGINALS}/other/a.jpg"),
        (DELETION, "s3:DeleteObject", f"{IMAGES}/400x300/a.jpg"),
        (DELETION, "s3:DeleteObject", f"{FAILURES}/400x300/a.jpg"),
        (FETCH, "s3:PutObject", f"{ORIGINALS}/other/a.jpg"),
        (FETCH, "s3:PutObject", f"{IMAGES}/400x300/a.jpg"),
        (FETCH, "s3:PutObject", f"{FAILURES}/400x300/a.jpg"),
        (FETCH, "sqs:SendMessage", f"{SQS}-400x300"),
        (FETCH, "sqs:ReceiveMessage", f"{SQS}-fetch-dlq"),
        (AUTHORIZER, "s3:GetObject", f"{ORIGINALS}/originals/a.jpg"),
        (OPENAPI, "s3:GetObject", f"{ORIGINALS}/originals/a.jpg"),
    ],
)
def test_a_role_allows_nothing_else(dev: Template, role: str, action: str, resource: str) -> None:
    assert not dev.role_allows(role, action, resource)


@pytest.mark.parametrize(
    ("role", "bucket", "prefix", "allowed"),
    [
        (WORKER, ORIGINALS, "originals/a.jpg", True),
        (WORKER, ORIGINALS, "", False),
        (WORKER, IMAGES, "400x300/a.jpg", True),
        (WORKER, IMAGES, "800x600/a.jpg", False),
        (WORKER, IMAGES, "", False),
        (UPLOADS, ORIGINALS, "originals/a.jpg", True),
        (UPLOADS, IMAGES, "400x300/a.jpg", False),
    ],
)
def test_a_missing_object_is_a_404_below_its_own_prefix_only(
    dev: Template, role: str, bucket: str, prefix: str, allowed: bool
) -> None:
    assert dev.role_allows(role, "s3:ListBucket", bucket, prefix=prefix) is allowed


def test_every_function_has_a_role_of_its_own(dev: Template) -> None:
    roles = [function["Role"] for function in dev.of_type("AWS::Lambda::Function").values()]
    assert len(roles) == len(set(roles)) == 11


def test_no_policy_has_a_wildcard_principal_or_action(each_stage: Template) -> None:
    statements = each_stage.statements()
    assert len(statements) > 20
    for logical, statement in statements:
        if statement["Effect"] == "Deny":
            continue
        principals = statement.get("Principal", {})
        assert principals != "*", logical
        assert "*" not in str(principals), logical
        actions = statement["Action"]
        for action in [actions] if isinstance(actions, str) else actions:
            assert "*" not in action, f"{logical}: {action}"


def test_no_role_reaches_all_resources(each_stage: Template) -> None:
    for logical, statement in each_stage.statements():
        assert statement.get("Resource") != "*", logical

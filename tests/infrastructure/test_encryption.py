"""At rest: the services' own keys, or one key for all; on the way: nothing but TLS."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from infra.buckets.resources import tls_only
from tests.infrastructure.conftest import KMS_KEY, Package
from tests.infrastructure.template import Template
from tests.service import PROJECT

BUCKETS = ("OriginalsBucket", "ImagesBucket", "FailuresBucket")
TOPICS = ("Topic", "VariantsTopic", "AlarmTopic")
PAGE = PROJECT / "docs" / "encryption.md"
COMMANDS = PROJECT / "docs" / "commands.md"


def encryption(template: Template, bucket: str) -> dict[str, Any]:
    (rule,) = template.properties(bucket)["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    return dict(rule)


class TestWithoutKey:
    @pytest.mark.parametrize("bucket", BUCKETS)
    def test_s3_encrypts_by_its_own_keys(self, each_stage: Template, bucket: str) -> None:
        by_default = {"SSEAlgorithm": "AES256"}
        assert encryption(each_stage, bucket) == {"ServerSideEncryptionByDefault": by_default}

    def test_sqs_encrypts_by_its_own_keys(self, each_stage: Template) -> None:
        queues = each_stage.of_type("AWS::SQS::Queue").values()
        assert len(queues) >= 14
        assert all(queue["SqsManagedSseEnabled"] is True for queue in queues)

    def test_kms_is_named_nowhere(self, each_stage: Template) -> None:
        text = json.dumps(each_stage.document).lower()
        assert "kms:" not in text
        assert "kmsmasterkeyid" not in text


class TestWithKey:
    @pytest.mark.parametrize("bucket", BUCKETS)
    def test_buckets_use_it_and_ask_for_it_once_a_bucket(
        self, optioned: Template, bucket: str
    ) -> None:
        by_default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KMS_KEY}
        assert encryption(optioned, bucket) == {
            "ServerSideEncryptionByDefault": by_default,
            "BucketKeyEnabled": True,
        }

    def test_queues_use_it_and_ask_for_it_once_an_hour(self, optioned: Template) -> None:
        queues = optioned.of_type("AWS::SQS::Queue").values()
        assert len(queues) >= 14
        for queue in queues:
            assert (queue["KmsMasterKeyId"], queue["KmsDataKeyReusePeriodSeconds"]) == (
                KMS_KEY,
                3600,
            )
            # SQS refuses both at once.
            assert "SqsManagedSseEnabled" not in queue

    def test_topics_use_it(self, optioned: Template) -> None:
        topics = optioned.of_type("AWS::SNS::Topic")
        assert set(topics) == set(TOPICS)
        assert {topic["KmsMasterKeyId"] for topic in topics.values()} == {KMS_KEY}

    def test_a_role_that_reaches_nothing_encrypted_has_no_use_of_the_key(
        self, optioned: Template
    ) -> None:
        for action in ("kms:Decrypt", "kms:GenerateDataKey"):
            assert not optioned.role_allows("RoleOfOpenapi", action, KMS_KEY)

    def test_each_other_role_may_use_this_key_and_no_other(self, optioned: Template) -> None:
        roles = optioned.of_type("AWS::IAM::Role").keys() - {"RoleOfOpenapi"}
        assert len(roles) >= 5
        other = KMS_KEY[:-1] + "c"
        for role in roles:
            for action in ("kms:Decrypt", "kms:GenerateDataKey"):
                assert optioned.role_allows(role, action, KMS_KEY)
                assert not optioned.role_allows(role, action, other)
            assert not optioned.role_allows(role, "kms:ScheduleKeyDeletion", KMS_KEY)


class TestTls:
    @pytest.mark.parametrize("bucket", ["OriginalsBucket", "FailuresBucket"])
    def test_plain_http_is_refused(self, dev: Template, bucket: str) -> None:
        policy = dev.properties(f"{bucket}Policy")
        assert policy["Bucket"] == dev.resolved({"Ref": bucket})
        assert policy["PolicyDocument"]["Statement"] == [dev.resolved(tls_only(bucket))]

    def test_for_the_bucket_and_everything_in_it(self, dev: Template) -> None:
        arn = dev.resolved({"Fn::GetAtt": ["ImagesBucket", "Arn"]})
        assert dev.resolved(tls_only("ImagesBucket")) == {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [arn, f"{arn}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }

    def test_the_emulator_speaks_plain_http(self, package: Package) -> None:
        local = package("local")
        assert "OriginalsBucketPolicy" not in local.resources
        assert "FailuresBucketPolicy" not in local.resources


class TestDocumentedKeyPolicy:
    @pytest.fixture
    def statements(self) -> dict[str, dict[str, Any]]:
        text, _ = re.findall(r"```json\n(.+?)```", PAGE.read_text(), re.DOTALL)
        return {each["Sid"]: each for each in json.loads(text)["Statement"]}

    @pytest.mark.parametrize(
        ("service", "actions"),
        [
            ("s3", {"kms:Decrypt", "kms:GenerateDataKey"}),
            ("sns", {"kms:Decrypt", "kms:GenerateDataKey"}),
            ("cloudwatch", {"kms:Decrypt", "kms:GenerateDataKey"}),
            ("cloudfront", {"kms:Decrypt"}),
        ],
    )
    def test_lets_each_service_in_for_this_account_only(
        self, statements: dict[str, dict[str, Any]], service: str, actions: set[str]
    ) -> None:
        principal = {"Service": f"{service}.amazonaws.com"}
        (statement,) = (s for s in statements.values() if s["Principal"] == principal)
        assert statement["Effect"] == "Allow"
        assert set(statement["Action"]) == actions
        account = statement["Condition"]["StringEquals"]["aws:SourceAccount"]
        assert account == "123456789012"

    def test_leaves_the_key_to_the_account_and_lets_in_nobody_else(
        self, statements: dict[str, dict[str, Any]]
    ) -> None:
        principals = [statement["Principal"] for statement in statements.values()]
        assert {"AWS": "arn:aws:iam::123456789012:root"} in principals
        assert len(principals) == 5
        assert "*" not in [value for each in principals for value in each.values()]


# What S3, SQS and Secrets Manager ask KMS for in the caller's name.
OF_THE_KEY = {
    "s3:GetObject": {"kms:Decrypt"},
    "secretsmanager:GetSecretValue": {"kms:Decrypt"},
    "sqs:SendMessage": {"kms:Decrypt", "kms:GenerateDataKey"},
    "secretsmanager:PutSecretValue": {"kms:Decrypt", "kms:GenerateDataKey"},
}


def rows(page: Path) -> dict[str, str]:
    """The second cell of a row of a page's tables, by each name in the first one."""
    cells = re.findall(r"^\| (`.+?) \| (.+?) \|$", page.read_text(), re.MULTILINE)
    return {name: needs for names, needs in cells for name in re.findall(r"`(.+?)`", names)}


NEEDING_THE_KEY = [
    (command, action)
    for command, needs in rows(COMMANDS).items()
    for action in OF_THE_KEY
    if f"`{action}`" in needs
]


def test_the_commands_that_need_the_key_are_found() -> None:
    assert {"audit", "audit --repair", "url", "token create"} <= dict(NEEDING_THE_KEY).keys()


@pytest.mark.parametrize(("command", "action"), NEEDING_THE_KEY)
def test_what_operators_need_of_the_key_is_documented(command: str, action: str) -> None:
    documented = set(re.findall(r"kms:\w+", rows(PAGE)[command]))
    assert documented >= OF_THE_KEY[action]

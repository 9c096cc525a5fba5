"""What a stage can ask for beside its work: mail, access logs, traces; and refused values."""

from pathlib import Path
from typing import Any

import pytest

from lib.errors import ConfigError
from tests.infrastructure.conftest import KMS_KEY
from tests.infrastructure.generated import generated
from tests.infrastructure.template import Template

XRAY = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]


def test_alarms_are_mailed(optioned: Template) -> None:
    assert optioned.properties("AlarmEmail") == {
        "TopicArn": optioned.resolved({"Ref": "AlarmTopic"}),
        "Protocol": "email",
        "Endpoint": "ops@example.com",
    }


def test_without_an_address_nothing_is_mailed(each_stage: Template) -> None:
    subscriptions = each_stage.of_type("AWS::SNS::Subscription").values()
    assert {subscription["Protocol"] for subscription in subscriptions} == {"sqs"}


class TestAccessLogs:
    @pytest.mark.parametrize(
        ("bucket", "prefix"), [("OriginalsBucket", "originals/"), ("ImagesBucket", "images/")]
    )
    def test_both_buckets_write_into_a_third(
        self, optioned: Template, bucket: str, prefix: str
    ) -> None:
        logging = optioned.properties(bucket)["LoggingConfiguration"]
        assert logging == {"DestinationBucketName": "LogsBucket", "LogFilePrefix": prefix}

    def test_which_is_private_outlives_the_stack_and_forgets(self, optioned: Template) -> None:
        logs = optioned.properties("LogsBucket")
        assert all(logs["PublicAccessBlockConfiguration"].values())
        assert len(logs["PublicAccessBlockConfiguration"]) == 4
        assert logs["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
        (rule,) = logs["LifecycleConfiguration"]["Rules"]
        assert (rule["Status"], rule["ExpirationInDays"]) == ("Enabled", 90)
        assert optioned.resources["LogsBucket"]["DeletionPolicy"] == "RetainExceptOnCreate"
        # Another stage's, or an earlier stack's, would be in the way of a fixed one.
        assert "BucketName" not in logs

    def test_and_takes_logs_of_these_buckets_only(self, optioned: Template) -> None:
        allowed, refused = optioned.properties("LogsBucketPolicy")["PolicyDocument"]["Statement"]
        assert allowed["Principal"] == {"Service": "logging.s3.amazonaws.com"}
        assert allowed["Action"] == ["s3:PutObject"]
        assert allowed["Condition"] == {
            "StringEquals": {"aws:SourceAccount": "123456789012"},
            "ArnEquals": {
                "aws:SourceArn": [
                    optioned.resolved({"Fn::GetAtt": [bucket, "Arn"]})
                    for bucket in ("OriginalsBucket", "ImagesBucket")
                ]
            },
        }
        assert refused["Effect"] == "Deny"

    def test_no_kms_key_for_logs_because_s3_could_not_deliver_them(
        self, optioned: Template
    ) -> None:
        assert KMS_KEY in str(optioned.properties("OriginalsBucket")["BucketEncryption"])
        encryption = optioned.properties("LogsBucket")["BucketEncryption"]
        assert "AES256" in str(encryption)
        assert KMS_KEY not in str(encryption)

    def test_without_the_option_there_is_no_such_bucket(self, each_stage: Template) -> None:
        assert "LogsBucket" not in each_stage.resources
        assert "LoggingConfiguration" not in each_stage.properties("OriginalsBucket")


class TestXRay:
    def test_traces_every_function(self, optioned: Template) -> None:
        functions = optioned.of_type("AWS::Lambda::Function").values()
        modes = {function["TracingConfig"]["Mode"] for function in functions}
        assert modes == {"Active"}

    def test_each_role_may_write_traces_and_that_is_all_it_may_do_to_everything(
        self, optioned: Template
    ) -> None:
        everywhere = [
            (logical, statement["Action"])
            for logical, statement in optioned.statements()
            if statement.get("Resource") == "*"
        ]
        roles = optioned.of_type("AWS::IAM::Role").keys()
        assert dict(everywhere) == dict.fromkeys(roles, XRAY)

    def test_is_off_unless_asked_for(self, each_stage: Template) -> None:
        functions = each_stage.of_type("AWS::Lambda::Function").values()
        assert {function["TracingConfig"]["Mode"] for function in functions} == {"PassThrough"}
        assert "xray" not in str(each_stage.statements())


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"kms_key": "alias/photos"}, "kms_key: must be the ARN .* alias .*got 'alias/photos'"),
        ({"kms_key": "arn:aws:kms:eu-west-1:1:key/x"}, "kms_key: must be the ARN"),
        ({"alarm_email": "ops"}, "alarm_email: must be one e-mail address .*got 'ops'"),
        ({"alarm_email": "a@x.org, b@x.org"}, "alarm_email: must be one e-mail address"),
        ({"xray": "maybe"}, "xray: .*must be true or false, got 'maybe'"),
        ({"access_logs": ""}, "access_logs: must be true or false"),
        ({"tls_only": "x"}, "tls_only: must be true or false"),
        ({"log_days": "0"}, "log_days: .*1, got '0'"),
    ],
)
def test_wrong_values_are_refused_by_name(
    tmp_path: Path, changes: dict[str, Any], expected: str
) -> None:
    with pytest.raises(ConfigError, match=expected):
        generated(tmp_path, ["1x1"], **changes)


def test_lambda_keeps_no_old_versions(each_stage: Template) -> None:
    """Else every deploy leaves one behind, until the account's 75 GB are full."""
    assert not each_stage.of_type("AWS::Lambda::Version")

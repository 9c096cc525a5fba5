"""What sls does about a bucket that exists: before a deploy, after it, and before a removal."""

import io
import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from infra.api.parameters import ApiParameters
from infra.hooks import after_deploy, before_deploy
from infra.originals import originals_outputs
from lib.aws.notifications import read_notifications
from tests.infrastructure.generated import PARAMETERS
from tests.integration.conftest import REGION
from tests.integration.deployed import answer, refuse

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

STACK = "image-fanout-dev"
ACCOUNT = "123456789012"
CREATED = f"{STACK}-originals-{ACCOUNT}-{REGION}"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
TOPIC: dict[str, Any] = {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": STACK}}


class Stage:
    """The stage's stack on moto, and the hooks that sls runs around its deploys."""

    def __init__(
        self, s3: "S3Client", monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.s3, self._patch, self._capsys = s3, monkeypatch, capsys
        self.parameters: dict[str, Any] = {}

    def template(self) -> dict[str, Any]:
        parameters = ApiParameters.model_validate(PARAMETERS | self.parameters)
        resources = {"Topic": TOPIC}
        if not parameters.originals_bucket:
            properties = {"BucketName": CREATED}
            resources["OriginalsBucket"] = {"Type": "AWS::S3::Bucket", "Properties": properties}
        outputs = originals_outputs(parameters) | {"TopicArn": {"Value": {"Ref": "Topic"}}}
        return {"Resources": resources, "Outputs": outputs}

    def run(self, hook: Any, template: dict[str, Any], **given: Any) -> tuple[int, str, str]:
        asked = {
            "stack": STACK,
            "stage": "dev",
            "region": REGION,
            "template": template,
            "abandon_messages": False,
        }
        self._patch.setattr("sys.stdin", io.StringIO(json.dumps(asked | given)))
        code = hook.main()
        output = self._capsys.readouterr()
        return code, output.out, output.err

    def check(self, **parameters: str) -> tuple[int, str, str]:
        """Before a deploy."""
        self.parameters = parameters
        return self.run(before_deploy, self.template(), abandon_secrets=False, adopt=False)

    def finish(self) -> tuple[int, str, str]:
        """After a deploy."""
        return self.run(after_deploy, self.template(), was_private=False)

    def deploy(self, **parameters: str) -> tuple[int, str, str]:
        code, _, why = self.check(**parameters)
        assert (code, why) == (0, "")
        self.update()
        return self.finish()

    def update(self) -> None:
        cloudformation = boto3.client("cloudformation")
        body = json.dumps(self.template())
        try:
            cloudformation.describe_stacks(StackName=STACK)
        except cloudformation.exceptions.ClientError:
            cloudformation.create_stack(StackName=STACK, TemplateBody=body)
        else:
            cloudformation.update_stack(StackName=STACK, TemplateBody=body)

    def entries(self, bucket: str) -> list[str]:
        found = read_notifications(self.s3, bucket)
        return [each["Id"] for each in found.get("TopicConfigurations", [])]


@pytest.fixture
def stage(
    s3: "S3Client", monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Stage:
    limits = {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 1000}
    answer(monkeypatch, "GetAccountSettings", {"AccountLimit": limits})
    return Stage(s3, monkeypatch, capsys)


SHOP = {"originals_bucket": "other-bucket", "originals_prefix": "photos/"}


def test_the_first_deploy_connects_the_bucket_and_says_what_is_next(stage: Stage) -> None:
    code, said, _ = stage.deploy(**SHOP)
    assert code == 0
    assert said.splitlines() == [
        f"Added the notification {STACK} to s3://other-bucket/photos/",
        "To render the photos that are there already, price first: ./fanout backfill --stage dev "
        f"--region {REGION} --all-sizes",
    ]
    assert stage.entries("other-bucket") == [STACK]
    assert stage.deploy(**SHOP) == (0, "", "")


def test_a_stage_with_its_own_bucket_is_not_asked_about(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    for operation in ("HeadBucket", "GetBucketNotificationConfiguration", "TagResource"):
        refuse(monkeypatch, operation, "AccessDenied")
    stage.parameters = {}
    stage.update()
    assert stage.finish() == (0, "", "")


def test_removing_takes_the_entry_away_and_nothing_else(stage: Stage) -> None:
    stage.deploy(**SHOP)
    stage.s3.put_object(Bucket="other-bucket", Key="photos/a.jpg", Body=b"photo")
    code, said, why = stage.run(before_deploy, {"Resources": {}})
    assert (code, why) == (0, "")
    (line,) = json.loads(said)["now"]
    assert line.startswith(f"Removed the notification {STACK} from the bucket")
    assert stage.entries("other-bucket") == []
    assert stage.s3.list_objects_v2(Bucket="other-bucket")["KeyCount"] == 1


def test_another_bucket_after_a_crash_takes_the_first_ones_entry_away(stage: Stage) -> None:
    """sls dies after CloudFormation is done, and the next deploy changes nothing any more."""
    stage.deploy(**SHOP)
    stage.check(originals_bucket="images-bucket")
    stage.update()
    assert stage.entries("other-bucket") == [STACK]
    assert stage.deploy(originals_bucket="images-bucket")[0] == 0
    assert (stage.entries("other-bucket"), stage.entries("images-bucket")) == ([], [STACK])


def test_from_the_created_bucket_to_one_that_exists(stage: Stage) -> None:
    stage.parameters = {}
    stage.update()
    topic = boto3.client("sns").create_topic(Name=STACK)["TopicArn"]
    made = [{"Id": "made", "TopicArn": topic, "Events": ["s3:ObjectCreated:*"]}]
    stage.s3.put_bucket_notification_configuration(
        Bucket=CREATED,
        NotificationConfiguration={"TopicConfigurations": made},  # type: ignore[typeddict-item]
        SkipDestinationValidation=True,
    )
    # CloudFormation retains the bucket, which moto does not: it is never updated here.
    code, _, why = stage.check(**SHOP)
    assert (code, why) == (0, "")
    assert stage.finish()[0] == 0
    assert (stage.entries(CREATED), stage.entries("other-bucket")) == ([], [STACK])


def test_a_failed_deploy_to_another_bucket_costs_the_created_one_nothing(stage: Stage) -> None:
    """CloudFormation rolls back, and the next deploy is as before."""
    stage.parameters = {}
    stage.update()
    topic = boto3.client("sns").create_topic(Name=STACK)["TopicArn"]
    made: Any = [{"Id": "made", "TopicArn": topic, "Events": ["s3:ObjectCreated:*"]}]
    stage.s3.put_bucket_notification_configuration(
        Bucket=CREATED,
        NotificationConfiguration={"TopicConfigurations": made},
        SkipDestinationValidation=True,
    )
    assert stage.check(**SHOP)[0] == 0
    assert stage.deploy() == (0, "", "")
    assert (stage.entries(CREATED), stage.entries("other-bucket")) == (["made"], [])
    assert stage.deploy() == (0, "", "")
    assert stage.entries(CREATED) == ["made"]


def test_back_to_the_created_bucket_is_refused_while_the_old_one_is_there(stage: Stage) -> None:
    stage.deploy(**SHOP)
    location: Any = {"LocationConstraint": REGION}
    stage.s3.create_bucket(Bucket=CREATED, CreateBucketConfiguration=location)
    code, _, why = stage.check()
    assert code == 1
    assert f"set originals_bucket: {CREATED}" in why
    stage.s3.delete_bucket(Bucket=CREATED)
    assert stage.deploy()[0] == 0
    assert stage.entries("other-bucket") == []


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"originals_bucket": "nowhere-at-all"}, "there is no bucket nowhere-at-all"),
        ({"originals_bucket": "far-away"}, "the bucket far-away is in us-west-2, the stage in eu-"),
        ({"originals_bucket": "sealed"}, f"the bucket sealed is encrypted with the KMS key {KEY}"),
        ({"originals_bucket": "busy"}, "'theirs' (s3:ObjectCreated:* to arn:aws:sqs:"),
    ],
)
def test_a_bucket_that_cannot_be_used_stops_the_deploy_before_it(
    stage: Stage, parameters: dict[str, str], said: str
) -> None:
    here: Any = {"LocationConstraint": REGION}
    boto3.client("s3", region_name="us-west-2").create_bucket(
        Bucket="far-away", CreateBucketConfiguration={"LocationConstraint": "us-west-2"}
    )
    for bucket in ("sealed", "busy"):
        stage.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=here)
    default: Any = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY}
    rule: Any = {"ApplyServerSideEncryptionByDefault": default}
    stage.s3.put_bucket_encryption(
        Bucket="sealed", ServerSideEncryptionConfiguration={"Rules": [rule]}
    )
    queue = f"arn:aws:sqs:{REGION}:{ACCOUNT}:theirs"
    entry: Any = {"Id": "theirs", "QueueArn": queue, "Events": ["s3:ObjectCreated:*"]}
    stage.s3.put_bucket_notification_configuration(
        Bucket="busy",
        NotificationConfiguration={"QueueConfigurations": [entry]},
        SkipDestinationValidation=True,
    )
    code, _, why = stage.check(**parameters)
    assert code == 1
    assert why.startswith("The bucket of originals_bucket cannot be used:\n")
    assert said in why
    assert "Traceback" not in why


@pytest.mark.parametrize("operation", ["HeadBucket", "GetBucketNotificationConfiguration"])
def test_without_the_rights_the_deploy_stops_before_it(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    refuse(monkeypatch, operation, "AccessDenied")
    code, _, why = stage.check(**SHOP)
    assert code == 1
    assert "the bucket other-bucket of account 123456789012: These credentials may not" in why


def test_what_is_no_obstacle_is_a_warning(stage: Stage) -> None:
    code, said, _ = stage.check(**SHOP)
    assert code == 0
    warnings = "\n".join(json.loads(said)["now"])
    for part in (
        "Block Public Access is not fully on",
        "Object Ownership is not set",
        "keeps no old versions",
    ):
        assert (
            f"Warning: the bucket other-bucket{'' if 'keeps' in part else ':'} {part}" in warnings
        )


def test_what_may_not_be_looked_at_is_a_warning(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(monkeypatch, "GetBucketVersioning", "AccessDenied")
    code, said, _ = stage.check(**SHOP)
    assert code == 0
    assert (
        "Warning: the bucket other-bucket: not checked: These credentials may not read the ver"
        in "\n".join(json.loads(said)["now"])
    )


@pytest.mark.parametrize(
    ("named", "parameters", "warned"),
    [
        (KEY, {"originals_kms_key": KEY}, False),
        (KEY.rpartition("/")[2], {"originals_kms_key": KEY}, False),
        (KEY, {"kms_key": KEY}, False),
        ("alias/aws/s3", {}, False),
        ("alias/photos", {"originals_kms_key": KEY}, True),
    ],
)
def test_a_key_that_the_functions_may_use_is_no_obstacle(
    stage: Stage, named: str, parameters: dict[str, str], warned: bool
) -> None:
    default: Any = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": named}
    rule: Any = {"ApplyServerSideEncryptionByDefault": default}
    stage.s3.put_bucket_encryption(
        Bucket="other-bucket", ServerSideEncryptionConfiguration={"Rules": [rule]}
    )
    code, said, why = stage.check(**SHOP, **parameters)
    assert (code, why) == (0, "")
    assert ("names its KMS key by an alias" in said) == warned


def test_a_deploy_that_cannot_add_the_entry_says_that_it_is_not_finished(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.check(**SHOP)
    stage.update()
    with pytest.MonkeyPatch.context() as denied:
        refuse(denied, "PutBucketNotificationConfiguration", "AccessDenied")
        code, said, why = stage.finish()
    assert (code, said) == (1, "")
    assert "These credentials may not change the notifications of the bucket other-" in why
    assert why.startswith("The deploy is done, but not its last step: ")
    assert why.endswith("Deploy again to finish.\n")
    assert stage.finish()[0] == 0
    assert stage.entries("other-bucket") == [STACK]

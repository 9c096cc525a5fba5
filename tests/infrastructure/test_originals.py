"""Where the originals are: the folder, in events, roles and settings."""

import json
from pathlib import Path
from typing import Any

import pytest

from lib.errors import ConfigError
from tests.infrastructure.conftest import ORIGINALS_KEY, Package
from tests.infrastructure.generated import generated, generated_template
from tests.infrastructure.template import Template

BUCKET = "arn:aws:s3:::originalsbucket"
OF_ORIGINALS = {
    "RoleOfResize400x300": "s3:GetObject",
    "RoleOfUploads": "s3:PutObject",
    "RoleOfStatus": "s3:GetObject",
    "RoleOfDeletion": "s3:DeleteObject",
    "RoleOfFetch": "s3:PutObject",
    "RoleOfRender": "s3:PutObject",
    "RoleOfOnDemand": "s3:GetObject",
}
EVERYTHING = {"render": True, "on_demand": "declared,signed", "moderation": True}


def filters(made: dict[str, Any]) -> list[Any]:
    bucket = made["resources"]["Resources"]["OriginalsBucket"]["Properties"]
    entries = bucket["NotificationConfiguration"]["TopicConfigurations"]
    return [entry.get("Filter") for entry in entries]


@pytest.mark.parametrize("prefix", ["photos/", "shop/2026/", "..a/b_c-d.e/"])
def test_events_and_permissions_are_of_the_folder_alone(tmp_path: Path, prefix: str) -> None:
    options: dict[str, Any] = {"originals_prefix": prefix, **EVERYTHING}
    made = generated(tmp_path, ["400x300"], **options)
    rules = [{"Name": "prefix", "Value": prefix}]
    assert filters(made) == [{"S3Key": {"Rules": rules}}] * 4
    template = generated_template(tmp_path, ["400x300"], **options)
    for role, action in OF_ORIGINALS.items():
        assert template.role_allows(role, action, f"{BUCKET}/{prefix}a/b.jpg"), role
        assert not template.role_allows(role, action, f"{BUCKET}/originals/a.jpg"), role
        if role != "RoleOfDeletion":
            assert template.role_allows(role, "s3:ListBucket", BUCKET, prefix=f"{prefix}a"), role
        assert not template.role_allows(role, "s3:ListBucket", BUCKET, prefix="originals/a"), role
    tags = "s3:PutObjectTagging"
    assert template.role_allows("RoleOfResize400x300", tags, f"{BUCKET}/{prefix}a.jpg")
    assert not template.role_allows("RoleOfResize400x300", tags, f"{BUCKET}/a.jpg")


@pytest.mark.parametrize("given", ["", "/"])
def test_the_whole_bucket_is_a_folder_too(tmp_path: Path, given: str) -> None:
    options: dict[str, Any] = {"originals_prefix": given, **EVERYTHING}
    made = generated(tmp_path, ["400x300"], **options)
    assert filters(made) == [None] * 4
    outputs = generated_template(tmp_path, ["400x300"], **options).resolved(
        made["resources"]["Outputs"]["OriginalsUri"]["Value"]
    )
    assert outputs.endswith("/"), "CloudFormation takes no empty output"
    template = generated_template(tmp_path, ["400x300"], **options)
    for role, action in OF_ORIGINALS.items():
        assert template.role_allows(role, action, f"{BUCKET}/a.jpg"), role
        assert not template.role_allows(role, action, "arn:aws:s3:::other/a.jpg"), role


def test_each_function_that_reads_originals_knows_the_folder(tmp_path: Path) -> None:
    made = generated(tmp_path, ["400x300"], originals_prefix="photos/", **EVERYTHING)
    environments = [function["environment"] for function in made["functions"].values()]
    reading = [each for each in environments if "ORIGINALS_BUCKET" in each]
    assert len(reading) == 7
    assert {each["ORIGINALS_PREFIX"] for each in reading} == {"photos/"}


@pytest.mark.parametrize(
    "given",
    [
        *("photos", "/photos/", "a//b/", "../a/", "a/./b/", "a b/", "a+b/", "é/", "a*/", "${x}/"),
        *("a\n/", "x" * 512 + "/"),
    ],
)
def test_what_is_no_folder_is_refused(tmp_path: Path, given: str) -> None:
    with pytest.raises(ConfigError) as caught:
        generated(tmp_path, ["400x300"], originals_prefix=given)
    assert str(caught.value) == (
        "serverless.yml: params: originals_prefix: must be a folder such as photos/ or "
        "shop/photos/, of at most 512 letters, digits and ._- with a slash at its end, or / for "
        f"the whole bucket, got {given!r}"
    )


def test_a_role_stays_within_iams_limit_with_the_longest_folder(tmp_path: Path) -> None:
    longest = "x" * 511 + "/"
    options: dict[str, Any] = {"originals_prefix": longest, **EVERYTHING}
    template = generated_template(tmp_path, ["400x300"], **options)
    for role in OF_ORIGINALS:
        assert len(json.dumps(template.properties(role)["Policies"])) < 10_240


class TestABucketThatExists:
    @pytest.fixture
    def template(self, package_way: Package) -> Template:
        return package_way("existing-bucket")

    def test_is_no_resource_and_nothing_refers_to_one(self, template: Template) -> None:
        assert [each for each in template.resources if "Originals" in each] == []
        assert "OriginalsBucket" not in json.dumps(template.document).replace(
            "OriginalsBucketName", ""
        )
        buckets = template.of_type("AWS::S3::Bucket")
        assert "shop-photos" not in json.dumps(buckets)
        policies = template.of_type("AWS::S3::BucketPolicy").values()
        assert "shop-photos" not in json.dumps([*policies])

    def test_alone_may_publish_to_the_topic(self, template: Template) -> None:
        (statement,) = template.properties("TopicPolicy")["PolicyDocument"]["Statement"]
        assert statement["Principal"] == {"Service": "s3.amazonaws.com"}
        assert statement["Condition"] == {
            "StringEquals": {"aws:SourceAccount": "123456789012"},
            "ArnEquals": {"aws:SourceArn": "arn:aws:s3:::shop-photos"},
        }

    def test_is_what_functions_and_outputs_name(self, template: Template) -> None:
        outputs = template.document["Outputs"]
        assert outputs["OriginalsBucketName"]["Value"] == "shop-photos"
        assert template.resolved(outputs["OriginalsUri"]["Value"]) == "s3://shop-photos/"
        assert outputs["OriginalsKmsKeys"]["Value"] == ORIGINALS_KEY
        functions = template.of_type("AWS::Lambda::Function").values()
        named = {
            each["Environment"]["Variables"].get("ORIGINALS_BUCKET")
            for each in functions
            if "Environment" in each
        }
        assert named == {"shop-photos", None}

    def test_is_reached_by_the_roles_that_need_it(self, template: Template) -> None:
        photo, bucket = "arn:aws:s3:::shop-photos/a/b.jpg", "arn:aws:s3:::shop-photos"
        for role, action in {
            "RoleOfResize400x300": "s3:GetObject",
            "RoleOfUploads": "s3:PutObject",
            "RoleOfStatus": "s3:GetObject",
            "RoleOfDeletion": "s3:DeleteObject",
            "RoleOfFetch": "s3:PutObject",
        }.items():
            assert template.role_allows(role, action, photo), role
        assert template.role_allows("RoleOfResize400x300", "s3:ListBucket", bucket, prefix="a")
        for action in ("s3:PutObject", "s3:DeleteObject", "s3:PutBucketNotification"):
            assert not template.role_allows("RoleOfResize400x300", action, photo)
            assert not template.role_allows("RoleOfResize400x300", action, bucket)

    @pytest.mark.parametrize(
        ("role", "actions"),
        [
            ("RoleOfResize400x300", {"kms:Decrypt"}),
            ("RoleOfStatus", {"kms:Decrypt"}),
            ("RoleOfUploads", {"kms:Decrypt", "kms:GenerateDataKey"}),
            ("RoleOfFetch", {"kms:Decrypt", "kms:GenerateDataKey"}),
            ("RoleOfDeletion", set()),
            ("RoleOfOpenapi", set()),
        ],
    )
    def test_gives_its_key_to_those_who_read_or_write_photos(
        self, template: Template, role: str, actions: set[str]
    ) -> None:
        statements = template.properties(role)["Policies"][0]["PolicyDocument"]["Statement"]
        of_key = [each for each in statements if each["Resource"] == ORIGINALS_KEY]
        assert {action for each in of_key for action in each["Action"]} == actions

    def test_writes_no_access_logs(self, template: Template) -> None:
        allowed = template.properties("LogsBucketPolicy")["PolicyDocument"]["Statement"][0]
        assert len(allowed["Resource"]) == len(allowed["Condition"]["ArnEquals"]["aws:SourceArn"])
        assert len(allowed["Resource"]) == 1

    def test_is_in_the_dashboard(self, template: Template) -> None:
        assert '"shop-photos"' in template.properties("Dashboard")["DashboardBody"]


def test_a_key_of_both_is_allowed_once(tmp_path: Path) -> None:
    options = {"originals_bucket": "shop", "kms_key": ORIGINALS_KEY}
    template = generated_template(tmp_path, ["400x300"], **options, originals_kms_key=ORIGINALS_KEY)
    statements = template.properties("RoleOfUploads")["Policies"][0]["PolicyDocument"]["Statement"]
    assert len([each for each in statements if each["Resource"] == ORIGINALS_KEY]) == 1


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        (
            {"originals_bucket": "image-fanout-prod-images-123456789012-eu-west-1"},
            "originals_bucket: is a bucket of variants or failure records, and each variant in it "
            "would start another rendering: name the bucket with the originals, got 'image-fanout",
        ),
        (
            {"originals_bucket": "x-dev-failures-123456789012-eu-west-1"},
            "is a bucket of variants",
        ),
        ({"originals_bucket": "s3://shop"}, "must be the name of a bucket of this account"),
        ({"originals_bucket": "shop/photos"}, "must be the name of a bucket of this account"),
        ({"originals_bucket": "Shop"}, "must be the name of a bucket of this account"),
        ({"originals_bucket": "${x}"}, "must be the name of a bucket of this account"),
        ({"originals_kms_key": ORIGINALS_KEY}, "without an originals_bucket"),
        (
            {"originals_bucket": "shop", "originals_kms_key": "alias/photos"},
            "originals_kms_key: must be the ARN of a customer managed key",
        ),
    ],
)
def test_a_wrong_bucket_or_key_is_refused(
    tmp_path: Path, parameters: dict[str, str], said: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        generated(tmp_path, ["400x300"], **parameters)
    assert said in str(caught.value)

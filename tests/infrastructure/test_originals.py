"""Where the originals are: the folder, in events, roles and settings."""

import json
from pathlib import Path
from typing import Any

import pytest

from lib.errors import ConfigError
from tests.infrastructure.generated import generated, generated_template

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

"""Forms to upload with: what is signed, and that nothing else ever leaves."""

import json
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config

from lib.aws.s3 import UploadForm, sign_upload
from lib.errors import FanoutError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

KEY = "originals/2026/sea.jpg"


def client(session_token: str | None = None) -> "S3Client":
    return boto3.client(
        "s3",
        region_name="eu-west-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106
        aws_session_token=session_token,
        config=Config(signature_version="s3v4"),
    )


def signed(s3: "S3Client", key: str = KEY, content_type: str = "image/jpeg") -> UploadForm:
    return sign_upload(s3, "bucket", key, content_type=content_type, max_bytes=10, seconds=60)


@pytest.mark.parametrize("session_token", [None, "of a role"])
def test_a_policy_holds_the_key_the_type_and_the_length_and_nothing_else(
    session_token: str | None,
) -> None:
    form = signed(client(session_token))
    conditions = json.loads(b64decode(form.fields["policy"]))["conditions"]
    assert [c for c in conditions if not str(next(iter(c))).startswith("x-amz-")] == [
        {"Content-Type": "image/jpeg"},
        ["content-length-range", 1, 10],
        {"bucket": "bucket"},
        {"key": KEY},
    ]
    assert ("x-amz-security-token" in form.fields) is bool(session_token)


def test_a_policy_with_a_checksum_holds_it_too() -> None:
    form = sign_upload(
        client(),
        "bucket",
        KEY,
        content_type="image/jpeg",
        max_bytes=10,
        seconds=60,
        sha256="00ff" * 16,
    )
    checksum = b64encode(bytes.fromhex("00ff" * 16)).decode()
    assert form.fields["x-amz-checksum-sha256"] == checksum
    conditions = json.loads(b64decode(form.fields["policy"]))["conditions"]
    assert {"x-amz-checksum-sha256": checksum} in conditions
    assert ["content-length-range", 1, 10] in conditions


@pytest.mark.parametrize(
    ("key", "content_type"),
    [
        ("originals/${filename}", "image/jpeg"),
        ("originals/a/${filename}", "image/jpeg"),
        ("originals/${filename}/a.jpg", "image/jpeg"),
        ("originals/${", "image/jpeg"),
        (KEY, "image/${filename}"),
    ],
)
def test_a_variable_of_s3_is_signed_for_nobody(key: str, content_type: str) -> None:
    with pytest.raises(FanoutError):
        signed(client(), key, content_type)


@pytest.mark.parametrize(
    "conditions",
    [
        [["starts-with", "$key", "originals/"]],
        [{"key": KEY}],
        [{"key": KEY}, {"bucket": "bucket"}, {"Content-Type": "image/jpeg"}],
        [
            {"key": KEY},
            {"bucket": "bucket"},
            {"Content-Type": "image/jpeg"},
            ["content-length-range", 1, 11],
        ],
        [
            {"key": KEY},
            {"bucket": "bucket"},
            {"Content-Type": "image/jpeg"},
            ["content-length-range", 1, 10],
            ["starts-with", "$acl", ""],
        ],
    ],
    ids=["a prefix", "the key alone", "no length", "another length", "more than was meant"],
)
def test_a_policy_that_says_anything_else_is_given_to_nobody(
    conditions: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever another version of the SDK may sign."""
    s3 = client()

    def sign(*_: Any, **__: Any) -> dict[str, Any]:
        policy = b64encode(json.dumps({"conditions": conditions}).encode()).decode()
        return {"url": "https://bucket.example", "fields": {"key": KEY, "policy": policy}}

    monkeypatch.setattr(s3, "generate_presigned_post", sign)
    with pytest.raises(FanoutError, match="no ticket is issued"):
        signed(s3)

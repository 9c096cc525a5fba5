"""The model of S3 that the proof runs on answers as the emulator does."""

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from local.stack import DeployedStack
from tests.model_s3 import ModelS3

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Call = tuple[str, dict[str, Any]]
# ETags are those of b"one" and b"two": MD5, on AWS as well for a plain PUT.
ONE, TWO = '"f97c5d29941bfb1b2fdab0874906ab82"', '"b8a9f715dbb64fd5c56e7783c6820a61"'


def put(body: bytes, **condition: str) -> Call:
    return "put_object", {"Body": body, "Metadata": {"recipe": "r"}, **condition}


def get(**condition: str) -> Call:
    return "get_object", condition


def delete(**condition: str) -> Call:
    return "delete_object", condition


HEAD: Call = ("head_object", {})

SEQUENCES: dict[str, list[Call]] = {
    "nothing-there": [HEAD, get(), get(IfNoneMatch=ONE), delete(), delete(IfMatch=ONE)],
    "create-once": [put(b"one", IfNoneMatch="*"), put(b"two", IfNoneMatch="*"), HEAD, get()],
    "replace-what-was-read": [
        put(b"one"),
        put(b"two", IfMatch=ONE),
        put(b"one", IfMatch=ONE),
        HEAD,
    ],
    "replace-nothing": [put(b"one", IfMatch=ONE), HEAD],
    "read-unless-same": [put(b"one"), get(IfNoneMatch=ONE), get(IfNoneMatch=TWO)],
    "delete-what-was-read": [put(b"one"), delete(IfMatch=TWO), HEAD, delete(IfMatch=ONE), HEAD],
    "create-after-delete": [put(b"one"), delete(), put(b"two", IfNoneMatch="*"), get()],
    "same-bytes-same-etag": [put(b"one"), put(b"two"), put(b"one"), put(b"two", IfMatch=ONE)],
}


def answers(client: Any, bucket: str, key: str, calls: list[Call]) -> list[Any]:
    found: list[Any] = []
    for method, arguments in calls:
        try:
            answer = getattr(client, method)(Bucket=bucket, Key=key, **arguments)
        except ClientError as error:
            metadata = error.response["ResponseMetadata"]
            status = metadata["HTTPStatusCode"]
            dated = "last-modified" in metadata["HTTPHeaders"]
            found.append((status, dated) if status == 304 else status)
        else:
            told = {name: answer.get(name) for name in ("ETag", "ContentLength", "Metadata")}
            body = answer["Body"].read() if "Body" in answer else None
            found.append({**told, "body": body} if method != "delete_object" else "deleted")
    return found


@pytest.mark.parametrize("name", SEQUENCES)
def test_the_model_answers_as_the_emulator_does(
    stack: DeployedStack, s3: "S3Client", name: str
) -> None:
    calls, bucket = SEQUENCES[name], stack.images_bucket
    emulated = answers(s3, bucket, f"model/{name}", calls)
    modelled = answers(ModelS3(), bucket, f"model/{name}", calls)
    assert modelled == emulated

"""A 404 says that an object is gone only where S3 names the object, and never for its bucket."""

from typing import TYPE_CHECKING, Any

import boto3
import pytest

from handlers import fetch, resize
from lib.aws import s3 as objects
from lib.aws import tags
from lib.errors import ConflictError, TransientError
from tests.integration.conftest import Queues, WorkerCall
from tests.integration.fetch_stage import Fetching, fetching, web
from tests.integration.pipeline.test_resize import Failing, put, refusal, variant

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

__all__ = ["fetching", "web"]

NO_BUCKET = refusal("NoSuchBucket", 404)
# What botocore makes of an answer without a body.
BARE = refusal("404", 404)
NO_KEY = refusal("NoSuchKey", 404)


def hook(operation: str, error: Exception, bucket: str, times: int = 99) -> None:
    """Have the worker's S3 answer for one bucket with an error."""
    failing = Failing(operation, error, times)

    def answer(model: Any, params: dict[str, Any], **_: Any) -> None:
        if f"/{bucket}/" in params["url"] or f"//{bucket}." in params["url"]:
            failing(model)

    resize._worker().reconciler.s3.meta.events.register(f"before-call.s3.{operation}", answer)


@pytest.mark.parametrize("error", [NO_BUCKET, BARE, refusal("NoSuchVersion", 404)])
def test_a_variant_outlives_its_originals_bucket(
    s3: "S3Client", deliver: WorkerCall, queues: Queues, error: Exception
) -> None:
    message = put(s3, "a.jpg")
    deliver(message)
    hook("GetObject", error, "originals-bucket")
    assert deliver(message) == ["message-0"]
    assert variant(s3, "a.jpg") is not None
    assert queues.dead_letters() == []


def test_a_variant_goes_with_its_original_whose_key_is_in_no_xml(
    s3: "S3Client", deliver: WorkerCall, queues: Queues
) -> None:
    """S3 repeats the key in its NoSuchKey, which nobody can read then."""
    message = put(s3, "a\x1b.jpg")
    deliver(message)
    assert variant(s3, "a\x1b.jpg") is not None
    s3.delete_object(Bucket="originals-bucket", Key="originals/a\x1b.jpg")
    assert deliver(message) == []
    assert objects.head_confirmed(s3, "images-bucket", "40x30/a\x1b.jpg") is None


def test_a_deletion_is_checked_against_the_object_and_not_its_bucket(
    s3: "S3Client", deliver: WorkerCall
) -> None:
    message = put(s3, "a.jpg")
    deliver(message)
    s3.delete_object(Bucket="originals-bucket", Key="originals/a.jpg")

    def lose_the_bucket(**_: Any) -> None:
        hook("HeadObject", BARE, "originals-bucket")
        hook("GetObject", NO_BUCKET, "originals-bucket")

    events = resize._worker().reconciler.s3.meta.events
    events.register("after-call.s3.DeleteObject", lose_the_bucket)
    assert deliver(message) == ["message-0"]


def test_a_variant_that_a_missing_bucket_hides_is_no_variant_that_is_gone(
    s3: "S3Client", deliver: WorkerCall
) -> None:
    message = put(s3, "a.jpg")
    deliver(message)
    s3.delete_object(Bucket="originals-bucket", Key="originals/a.jpg")
    hook("HeadObject", BARE, "images-bucket")
    hook("GetObject", NO_BUCKET, "images-bucket")
    assert deliver(message) == ["message-0"]


def test_a_variant_that_head_did_not_see_is_removed_with_its_original(
    s3: "S3Client", deliver: WorkerCall
) -> None:
    message = put(s3, "a.jpg")
    deliver(message)
    s3.delete_object(Bucket="originals-bucket", Key="originals/a.jpg")
    hook("HeadObject", BARE, "images-bucket", times=1)
    assert deliver(message) == []
    assert variant(s3, "a.jpg") is None


@pytest.mark.parametrize("operation", ["PutObject", "DeleteObject"])
def test_a_write_into_a_missing_bucket_goes_back(
    s3: "S3Client", deliver: WorkerCall, caplog: pytest.LogCaptureFixture, operation: str
) -> None:
    message = put(s3, "a.jpg")
    if operation == "DeleteObject":
        deliver(message)
        s3.delete_object(Bucket="originals-bucket", Key="originals/a.jpg")
        caplog.clear()
    hook(operation, NO_BUCKET, "images-bucket")
    assert deliver(message) == ["message-0"]
    assert caplog.records[0].__dict__["reason"] == "NoSuchBucket"


def test_a_variant_that_goes_before_it_is_replaced_is_written_anew(
    s3: "S3Client", deliver: WorkerCall
) -> None:
    deliver(put(s3, "a.jpg"))
    message = put(s3, "a.jpg")
    s3.copy_object(
        Bucket="images-bucket",
        Key="40x30/a.jpg",
        CopySource="images-bucket/40x30/a.jpg",
        MetadataDirective="REPLACE",
    )
    gone = [True]

    def remove(params: dict[str, Any], **_: Any) -> None:
        if gone and "If-Match" in params["headers"]:
            gone.clear()
            s3.delete_object(Bucket="images-bucket", Key="40x30/a.jpg")
            raise NO_KEY

    resize._worker().reconciler.s3.meta.events.register("before-call.s3.PutObject", remove)
    assert deliver(message) == []
    assert not gone
    assert variant(s3, "a.jpg")["Metadata"]["original-pixels"] == "320x240"


@pytest.mark.parametrize("error", [NO_KEY, refusal("OperationAborted", 409)])
def test_only_a_conditional_write_can_conflict(s3: "S3Client", error: Exception) -> None:
    s3.meta.events.register("before-call.s3.PutObject", Failing("PutObject", error, 2))
    with pytest.raises(ConflictError):
        objects.put_if_match(
            s3,
            "images-bucket",
            "a",
            b"",
            content_type="image/png",
            etag="etag",
        )
    with pytest.raises(TransientError):
        objects.put_object(s3, "images-bucket", "a", b"", "image/png")


def test_tags_are_not_taken_for_gone_with_their_bucket(s3: "S3Client") -> None:
    assert tags.read(s3, "originals-bucket", "nothing") == {}
    with pytest.raises(TransientError):
        tags.read(s3, "no-such-bucket", "nothing")
    with pytest.raises(TransientError):
        tags.add(s3, "no-such-bucket", "nothing", {"a": "b"})


@pytest.mark.parametrize("read", [objects.head_confirmed, objects.get])
def test_a_read_of_an_object_distinguishes_a_missing_bucket(s3: "S3Client", read: Any) -> None:
    assert read(s3, "originals-bucket", "nothing") is None
    with pytest.raises(TransientError):
        read(s3, "no-such-bucket", "nothing")


def test_what_head_did_not_see_is_found(s3: "S3Client") -> None:
    s3.put_object(Bucket="originals-bucket", Key="a", Body=b"abc", ContentType="image/png")
    seen = objects.head(s3, "originals-bucket", "a")
    client = boto3.client("s3")
    client.meta.events.register("before-call.s3.HeadObject", Failing("HeadObject", BARE))
    assert seen is not None
    assert objects.head_confirmed(client, "originals-bucket", "a") == seen


def test_an_order_whose_mark_a_missing_bucket_hides_is_not_called_off(fetching: Fetching) -> None:
    order = fetching.submit()
    fetch._worker().fetcher.s3.meta.events.register(
        "before-call.s3.GetObject", Failing("GetObject", NO_BUCKET, 99)
    )
    assert fetching.deliver(order)

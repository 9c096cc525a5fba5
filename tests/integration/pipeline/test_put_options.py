"""Variants that were stored for another delivery: found by the audit, stored anew by a worker."""

from typing import TYPE_CHECKING, Any

import pytest

from handlers import resize
from lib.aws import s3 as objects
from lib.operations.audit import Auditor
from lib.pipeline.put_options import PutOptions
from tests.integration.conftest import SIZE, Queues, WorkerCall
from tests.integration.pipeline.test_resize import put, variant
from tests.payloads import ORIGINALS
from tests.pictures import encoded, quarters

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

EVERYBODY = "http://acs.amazonaws.com/groups/global/AllUsers"


def readers(s3: "S3Client", path: str) -> list[str]:
    grants = s3.get_object_acl(Bucket="images-bucket", Key=f"{SIZE.name}/{path}")["Grants"]
    return [grant["Grantee"].get("URI", "") for grant in grants if grant["Permission"] == "READ"]


def deep_states(s3: "S3Client", delivery: PutOptions) -> dict[str, str]:
    auditor = Auditor(s3, SIZE, delivery, ORIGINALS, "images-bucket", "failures-bucket")
    return dict(auditor.compare(deep=True))


def deploy(monkeypatch: pytest.MonkeyPatch, **settings: str) -> None:
    """New workers with other settings."""
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    resize._worker.cache_clear()


def test_a_private_stage_writes_no_acl(s3: "S3Client", deliver: WorkerCall) -> None:
    deliver(put(s3, "a.jpg"))
    assert readers(s3, "a.jpg") == []
    assert "acl" not in variant(s3, "a.jpg")["Metadata"]


def test_going_public_makes_every_variant_readable_once_it_is_looked_at(
    s3: "S3Client", deliver: WorkerCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = put(s3, "a.jpg")
    deliver(message)
    public = PutOptions("public, max-age=60", "public-read")
    deploy(monkeypatch, ACL="public-read")
    assert deep_states(s3, public) == {"a.jpg": "stale"}
    deliver(message)
    assert readers(s3, "a.jpg") == [EVERYBODY]
    assert deep_states(s3, public) == {"a.jpg": "current"}


def test_going_private_again_leaves_variants_alone(
    s3: "S3Client", deliver: WorkerCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bucket ignores ACLs then, and a variant that keeps its ACL is public again at once."""
    message = put(s3, "a.jpg")
    deploy(monkeypatch, ACL="public-read")
    deliver(message)
    written = variant(s3, "a.jpg")["LastModified"]
    monkeypatch.delenv("ACL")
    deploy(monkeypatch)
    deliver(message)
    assert variant(s3, "a.jpg")["LastModified"] == written
    assert deep_states(s3, PutOptions("public, max-age=60")) == {"a.jpg": "current"}


@pytest.mark.parametrize("by_kms", [False, True])
def test_another_cache_control_reaches_what_is_there_and_purges_nothing(
    s3: "S3Client",
    deliver: WorkerCall,
    queues: Queues,
    monkeypatch: pytest.MonkeyPatch,
    by_kms: bool,
) -> None:
    """The CDN's copy shows the same picture, and each purge costs, of signed images too."""
    message = put(s3, "a.jpg")
    deliver(message)
    if by_kms:  # then no ETag tells the bytes
        monkeypatch.setattr(objects, "has_md5", lambda *_: False)
    deploy(monkeypatch, CACHE_CONTROL="public, max-age=31536000, immutable", SERVE_SIGNED="true")
    immutable = PutOptions("public, max-age=31536000, immutable")
    assert deep_states(s3, immutable) == {"a.jpg": "stale"}
    deliver(message)
    assert variant(s3, "a.jpg")["CacheControl"] == immutable.cache_control
    assert deep_states(s3, immutable) == {"a.jpg": "current"}
    assert "Messages" not in queues.sqs.receive_message(QueueUrl=queues.purge_url)


def test_another_photo_is_purged_also_where_the_cache_control_changes(
    s3: "S3Client", deliver: WorkerCall, queues: Queues, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(put(s3, "a.jpg"))
    deploy(monkeypatch, CACHE_CONTROL="public, max-age=31536000, immutable")
    deliver(put(s3, "a.jpg", encoded(quarters(100, 100))))
    purges = queues.sqs.receive_message(QueueUrl=queues.purge_url)["Messages"]
    assert [message["Body"] for message in purges] == ['{"paths": ["/40x30/a.jpg"]}']


def test_the_sizes_own_format_is_written_last(
    s3: "S3Client", deliver: WorkerCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The CDN would show it, and keep it, in place of another that is not there yet."""
    size = SIZE.model_copy(update={"formats": ("avif", "webp")})
    monkeypatch.setenv("SIZE", size.model_dump_json())
    written: list[str] = []

    def note(params: dict[str, Any], **_: Any) -> None:
        written.append(params["Key"])

    events = resize._worker().reconciler.s3.meta.events
    events.register("provide-client-params.s3.PutObject", note)
    deliver(put(s3, "a.jpg"))
    variants = [key for key in written if not key.startswith("originals/")]
    assert sorted(variants) == ["40x30.avif/a.jpg", "40x30.webp/a.jpg", "40x30/a.jpg"]
    assert variants[-1] == "40x30/a.jpg"

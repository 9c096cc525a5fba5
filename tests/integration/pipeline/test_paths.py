"""A size of some photos: what its worker does about the others."""

import json
from typing import TYPE_CHECKING, Any

import pytest

from handlers import resize
from lib.pipeline.events import build_event
from lib.sizes import Size
from tests.integration.conftest import Queues, WorkerCall
from tests.integration.pipeline.test_resize import logged, put
from tests.payloads import payload, s3_event

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LIMITED = Size.model_validate(
    {
        "name": "40x30",
        "width": 40,
        "height": 30,
        "formats": ["webp"],
        "paths": ["avatars/", "**/icons/"],
        "except": ["avatars/old/"],
    }
)
OTHERS = ["a.jpg", "avatars/old/a (1)+é.jpg", "icons", f"{'x' * 1000}.jpg"]
REMOVAL = {"eventName": "ObjectRemoved:Delete"}


@pytest.fixture(autouse=True)
def limited(deliver: WorkerCall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIZE", LIMITED.model_dump_json())


def calls_of(client: Any) -> list[str]:
    """The operations that the client is asked from now on."""
    calls: list[str] = []
    client.meta.events.register("before-call", lambda model, **_: calls.append(model.name))
    return calls


def put_variants(s3: "S3Client", path: str) -> None:
    for folder in LIMITED.folders:
        s3.put_object(Bucket="images-bucket", Key=f"{folder}/{path}", Body=b"variant")


def stored(s3: "S3Client") -> list[str]:
    listed = s3.list_objects_v2(Bucket="images-bucket").get("Contents", [])
    return [entry["Key"] for entry in listed]


def purged(queues: Queues) -> list[dict[str, Any]]:
    answer = queues.sqs.receive_message(QueueUrl=queues.purge_url, MaxNumberOfMessages=10)
    return [json.loads(message["Body"]) for message in answer.get("Messages", [])]


@pytest.mark.parametrize("path", ["avatars/a b+c.jpg", "x/y/icons/é.jpg"])
def test_a_photo_at_one_of_its_paths_is_rendered(
    s3: "S3Client", deliver: WorkerCall, path: str
) -> None:
    assert deliver(put(s3, path)) == []
    assert sorted(stored(s3)) == [f"40x30.webp/{path}", f"40x30/{path}"]


@pytest.mark.parametrize("path", OTHERS)
def test_the_upload_of_another_photo_costs_no_request(
    s3: "S3Client",
    queues: Queues,
    deliver: WorkerCall,
    capsys: pytest.CaptureFixture[str],
    path: str,
) -> None:
    message = put(s3, path)
    reconciler = resize._worker().reconciler
    calls = calls_of(reconciler.s3)
    assert deliver(message) == []
    assert deliver(message, attempts=10, seconds=1) == []
    assert calls == []
    assert stored(s3) == []
    assert queues.dead_letters() == []
    assert [line["milliseconds"] for line in logged(capsys, "skipped")] == [0, 0]


@pytest.mark.parametrize("path", ["avatars/old/a (1)+é.jpg", "b.jpg"])
@pytest.mark.parametrize("has_original", [True, False])
@pytest.mark.parametrize("kind", ["recheck", "removal", "expiration"])
def test_a_recheck_or_removal_deletes_variants_from_before(
    s3: "S3Client",
    queues: Queues,
    deliver: WorkerCall,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    has_original: bool,
    kind: str,
) -> None:
    monkeypatch.setenv("PURGE_QUEUE_URL", queues.purge_url)
    put_variants(s3, path)
    s3.put_object(Bucket="failures-bucket", Key=f"40x30/{path}", Body=b"{}")
    if has_original:
        put(s3, path)
    expiration = payload("lifecycle_expiration")["Records"][0]["eventName"]
    message = {
        "recheck": build_event("originals-bucket", f"originals/{path}"),
        "removal": json.dumps(s3_event(f"originals/{path}", **REMOVAL)),
        "expiration": json.dumps(s3_event(f"originals/{path}", eventName=expiration)),
    }[kind]
    assert deliver(message) == []
    assert stored(s3) == []
    assert "Contents" not in s3.list_objects_v2(Bucket="failures-bucket")
    (purge,) = purged(queues)
    assert len(purge["paths"]) == 2
    assert deliver(message) == []
    assert purged(queues) == []


def test_the_removal_of_another_photo_that_is_too_long_for_the_size_is_no_dead_letter(
    s3: "S3Client", queues: Queues, deliver: WorkerCall, capsys: pytest.CaptureFixture[str]
) -> None:
    key = f"originals/{'x' * 1014}"
    assert deliver(json.dumps(s3_event(key, **REMOVAL))) == []
    assert queues.dead_letters() == []
    assert len(logged(capsys, "absent")) == 1


def test_signed_images_of_another_photo_are_purged_when_it_is_replaced(
    s3: "S3Client", queues: Queues, deliver: WorkerCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be a photo of no size at all: then no other worker does it."""
    monkeypatch.setenv("PURGE_QUEUE_URL", queues.purge_url)
    monkeypatch.setenv("SERVE_SIGNED", "true")
    assert deliver(put(s3, "a.jpg")) == []
    assert [each["signed_only"] for each in purged(queues)] == [True]
    assert deliver(json.dumps(s3_event("originals/../a.jpg"))) == []
    assert purged(queues) == []

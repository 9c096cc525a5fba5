"""Purges: intended before a variant changes, and turned into exact invalidations."""

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from handlers import purge, resize
from lib.errors import TransientError
from tests.integration.conftest import Context, Queues, WorkerDoor
from tests.integration.test_resize import Failing, put, refusal, variant
from tests.payloads import sqs_batch
from tests.pictures import encoded, quarters

if TYPE_CHECKING:
    from mypy_boto3_cloudfront import CloudFrontClient
    from mypy_boto3_s3 import S3Client

OTHER = encoded(quarters(50, 50))


def intentions(queues: Queues) -> list[list[str]]:
    """The paths of each waiting intention."""
    received = queues.sqs.receive_message(QueueUrl=queues.purge_url, MaxNumberOfMessages=10)
    return [json.loads(message["Body"])["paths"] for message in received.get("Messages", [])]


class TestAWorker:
    def test_intends_nothing_for_a_variant_that_was_never_there(
        self, s3: "S3Client", deliver: WorkerDoor, queues: Queues
    ) -> None:
        deliver(put(s3, "a.jpg"))
        assert intentions(queues) == []

    def test_intends_to_purge_what_it_replaces(
        self, s3: "S3Client", deliver: WorkerDoor, queues: Queues
    ) -> None:
        deliver(put(s3, "ä *?.jpg"))
        deliver(put(s3, "ä *?.jpg", OTHER))
        assert intentions(queues) == [["/40x30/%C3%A4%20%2A%3F.jpg"]]

    def test_intends_to_purge_what_it_deletes(
        self, s3: "S3Client", deliver: WorkerDoor, queues: Queues
    ) -> None:
        message = put(s3, "a.jpg")
        deliver(message)
        s3.delete_object(Bucket="originals-bucket", Key="originals/a.jpg")
        deliver(message)
        assert intentions(queues) == [["/40x30/a.jpg"]]

    def test_intends_to_purge_what_was_signed_of_a_photo_that_was_deleted_before_its_turn(
        self,
        s3: "S3Client",
        deliver: WorkerDoor,
        queues: Queues,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """A signed picture may be older than any variant, and outlive the photo at the CDN."""
        monkeypatch.setenv("SERVE_SIGNED", "true")
        message = put(s3, "a.jpg")
        s3.delete_object(Bucket="originals-bucket", Key="originals/a.jpg")
        assert deliver(message) == []
        assert intentions(queues) == [["/40x30/a.jpg"]]

    def test_intends_nothing_for_such_a_photo_where_there_are_no_signed_pictures(
        self, s3: "S3Client", deliver: WorkerDoor, queues: Queues
    ) -> None:
        message = put(s3, "a.jpg")
        s3.delete_object(Bucket="originals-bucket", Key="originals/a.jpg")
        deliver(message)
        assert intentions(queues) == []

    def test_intends_to_purge_an_older_originals_variant(
        self, s3: "S3Client", deliver: WorkerDoor, queues: Queues
    ) -> None:
        deliver(put(s3, "a.jpg"))
        deliver(put(s3, "a.jpg", b"no picture"))
        assert intentions(queues) == [["/40x30/a.jpg"]]

    def test_intends_nothing_for_what_is_current(
        self, s3: "S3Client", deliver: WorkerDoor, queues: Queues
    ) -> None:
        message = put(s3, "a.jpg")
        deliver(message)
        deliver(message, message)
        assert intentions(queues) == []

    def test_changes_nothing_if_the_intention_cannot_be_queued(
        self, s3: "S3Client", deliver: WorkerDoor
    ) -> None:
        deliver(put(s3, "a.jpg"))
        before = variant(s3, "a.jpg")
        assert before
        message = put(s3, "a.jpg", OTHER)
        resize._worker().sqs.meta.events.register(
            "before-call.sqs", Failing("SendMessage", refusal("ServiceUnavailable", 503))
        )
        assert deliver(message) == ["message-0"]
        after = variant(s3, "a.jpg")
        assert after
        assert after["ETag"] == before["ETag"]

    def test_works_without_a_cdn(
        self,
        s3: "S3Client",
        deliver: WorkerDoor,
        queues: Queues,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.delenv("PURGE_QUEUE_URL")
        deliver(put(s3, "a.jpg"))
        assert deliver(put(s3, "a.jpg", OTHER)) == []
        assert intentions(queues) == []


@pytest.fixture
def cloudfront(monkeypatch: pytest.MonkeyPatch) -> "CloudFrontClient":
    client = boto3.client("cloudfront")
    origin: Any = {
        "Id": "images",
        "DomainName": "images.s3.amazonaws.com",
        "S3OriginConfig": {"OriginAccessIdentity": ""},
    }
    config: Any = {
        "CallerReference": "test",
        "Comment": "",
        "Enabled": True,
        "Origins": {"Quantity": 1, "Items": [origin]},
        "DefaultCacheBehavior": {"TargetOriginId": "images", "ViewerProtocolPolicy": "allow-all"},
    }
    distribution = client.create_distribution(DistributionConfig=config)
    monkeypatch.setenv("DISTRIBUTION_ID", distribution["Distribution"]["Id"])
    monkeypatch.setenv("SERVE_FORMATS", "false")
    monkeypatch.setenv("SERVE_SIGNED", "false")
    purge._purger.cache_clear()
    return client


def drained(*bodies: str) -> dict[str, Any]:
    """What the function answers for messages with these bodies."""
    return purge.handler(sqs_batch(*bodies), Context())  # type: ignore[arg-type]


def intention(*paths: str) -> str:
    return json.dumps({"paths": paths})


class TestThePurgeFunction:
    def invalidations(self, cloudfront: "CloudFrontClient") -> list[Any]:
        distribution = purge._purger().distribution_id
        listed = cloudfront.list_invalidations(DistributionId=distribution)
        return [
            cloudfront.get_invalidation(DistributionId=distribution, Id=item["Id"])["Invalidation"][
                "InvalidationBatch"
            ]
            for item in listed["InvalidationList"].get("Items", [])
        ]

    def test_makes_one_invalidation_of_a_batch_and_names_each_path_once(
        self, cloudfront: "CloudFrontClient"
    ) -> None:
        answer = drained(intention("/b/1.jpg", "/a/1.jpg"), intention("/a/1.jpg"))
        assert answer == {"batchItemFailures": []}
        (batch,) = self.invalidations(cloudfront)
        assert batch["Paths"] == {"Quantity": 2, "Items": ["/a/1.jpg", "/b/1.jpg"]}

    def test_names_what_the_cdn_keeps_without_its_folder_where_it_chooses_formats(
        self, cloudfront: "CloudFrontClient", monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Once for all sizes and formats of a photo."""
        monkeypatch.setenv("SERVE_FORMATS", "true")
        drained(intention("/a/2026/1.jpg", "/a.avif/2026/1.jpg"), intention("/b/2026/1.jpg"))
        (batch,) = self.invalidations(cloudfront)
        folders = ["/2026/1.jpg", "/a.avif/2026/1.jpg", "/a/2026/1.jpg", "/b/2026/1.jpg"]
        assert batch["Paths"]["Items"] == folders

    def test_names_all_signed_pictures_of_a_photo_where_there_are_any(
        self, cloudfront: "CloudFrontClient", monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SERVE_SIGNED", "true")
        drained(intention("/a/2026/%2A.jpg", "/a.avif/2026/%2A.jpg"), intention("/b/2026/%2A.jpg"))
        (batch,) = self.invalidations(cloudfront)
        assert batch["Paths"]["Items"] == [
            "/_signed/2026/%2A.jpg/*",
            "/a.avif/2026/%2A.jpg",
            "/a/2026/%2A.jpg",
            "/b/2026/%2A.jpg",
        ]

    @pytest.mark.parametrize(
        ("photos", "wildcards"),
        [
            ([f"2026/{n}.jpg" for n in range(7)], [f"2026/{n}.jpg/" for n in range(7)]),
            ([f"2026/{n}.jpg" for n in range(8)], ["2026/"]),
            ([f"2026/sea-{n}/a.jpg" for n in range(500)], ["2026/"]),
            ([f"%C{n}/a.jpg" for n in range(8)], [""]),
        ],
    )
    def test_names_the_folder_of_many_photos_because_cloudfront_takes_few_wildcards(
        self,
        cloudfront: "CloudFrontClient",
        monkeypatch: pytest.MonkeyPatch,
        photos: list[str],
        wildcards: list[str],
    ) -> None:
        monkeypatch.setenv("SERVE_SIGNED", "true")
        drained(*(intention(f"/a/{photo}") for photo in photos))
        (batch,) = self.invalidations(cloudfront)
        named = [path for path in batch["Paths"]["Items"] if "*" in path]
        assert named == [f"/_signed/{folder}*" for folder in wildcards]
        assert len(batch["Paths"]["Items"]) == len(photos) + len(wildcards)

    def test_names_a_repeated_batch_alike_and_a_later_one_otherwise(
        self, cloudfront: "CloudFrontClient"
    ) -> None:
        drained(intention("/a/1.jpg"))
        drained(intention("/a/1.jpg"))
        drained("null", intention("/a/1.jpg"))
        references = [batch["CallerReference"] for batch in self.invalidations(cloudfront)]
        assert len(references) == 3
        assert len(set(references)) == 2

    @pytest.mark.parametrize(
        "body",
        [
            "null",
            "{",
            "{}",
            '{"paths": "/a"}',
            intention("/*"),
            intention("/_signed/a.jpg/*"),
            intention("/a/1.jpg", "/a/1.jp*"),
            intention("a.jpg"),
            intention("/ä.jpg"),
            intention(),
        ],
    )
    def test_returns_what_is_no_intention_and_does_the_rest(
        self, cloudfront: "CloudFrontClient", body: str
    ) -> None:
        answer = drained(body, intention("/a/1.jpg"))
        assert answer == {"batchItemFailures": [{"itemIdentifier": "message-0"}]}
        (batch,) = self.invalidations(cloudfront)
        assert batch["Paths"]["Items"] == ["/a/1.jpg"]

    def test_asks_nothing_of_cloudfront_for_nothing(self, cloudfront: "CloudFrontClient") -> None:
        drained("null")
        assert self.invalidations(cloudfront) == []

    @pytest.mark.parametrize("code", ["TooManyInvalidationsInProgress", "Throttling"])
    def test_leaves_the_batch_in_the_queue_while_cloudfront_takes_none(
        self, cloudfront: "CloudFrontClient", code: str
    ) -> None:
        refused = ClientError({"Error": {"Code": code}}, "CreateInvalidation")
        purge._purger().cloudfront.meta.events.register(
            "before-call.cloudfront", Failing("CreateInvalidation", refused, times=99)
        )
        with pytest.raises(TransientError) as raised:
            drained(intention("/a/1.jpg"))
        assert raised.value.reason == code

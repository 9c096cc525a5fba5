"""Invalidations: queued before a variant changes, and sent for exact paths."""

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import boto3
import pytest
from botocore.exceptions import ClientError

from handlers import invalidate, resize
from lib.aws import s3 as objects
from lib.errors import TransientError
from tests.integration.conftest import SIZE, Context, Queues, WorkerCall
from tests.integration.pipeline.test_resize import Failing, logged, put, refusal, variant
from tests.payloads import ORIGINALS, sqs_batch
from tests.pictures import encoded, quarters

if TYPE_CHECKING:
    from mypy_boto3_cloudfront import CloudFrontClient
    from mypy_boto3_s3 import S3Client

OTHER = encoded(quarters(50, 50))


def queued_paths(queues: Queues) -> list[list[str]]:
    """The paths of each queued invalidation."""
    received = queues.sqs.receive_message(QueueUrl=queues.purge_url, MaxNumberOfMessages=10)
    return [json.loads(message["Body"])["paths"] for message in received.get("Messages", [])]


def with_size(monkeypatch: pytest.MonkeyPatch, **options: Any) -> None:
    """Deploys the worker anew, with other options of its size."""
    monkeypatch.setenv("SIZE", SIZE.model_copy(update=options).model_dump_json())
    resize._worker.cache_clear()


def asked(queues: Queues) -> list[Any]:
    """Each queued invalidation, which is deleted then."""
    received = queues.sqs.receive_message(QueueUrl=queues.purge_url, MaxNumberOfMessages=10)
    for message in received.get("Messages", []):
        queues.sqs.delete_message(QueueUrl=queues.purge_url, ReceiptHandle=message["ReceiptHandle"])
    return [json.loads(message["Body"]) for message in received.get("Messages", [])]


def written(monkeypatch: pytest.MonkeyPatch, s3: "S3Client", later: timedelta) -> None:
    """The original is younger by this than its variant: S3 returns whole seconds, no test waits."""
    modified = variant(s3, "a.jpg")["LastModified"]
    get = objects.get

    def told(*arguments: Any, **more: Any) -> Any:
        found = get(*arguments, **more)
        assert isinstance(found, objects.NotModified)
        return found._replace(modified=modified + later)

    monkeypatch.setattr(objects, "get", told)


def uploaded_at(monkeypatch: pytest.MonkeyPatch, when: datetime) -> None:
    """Originals are of this time to whoever asks by HEAD, which S3 tells in whole seconds too."""
    head = objects.head

    def told(s3: Any, bucket: str, key: str) -> Any:
        found = head(s3, bucket, key)
        return found._replace(modified=when) if found and bucket == ORIGINALS.bucket else found

    monkeypatch.setattr(objects, "head", told)


class TestAWorker:
    def test_queues_nothing_for_a_variant_that_was_never_there(
        self, s3: "S3Client", deliver: WorkerCall, queues: Queues
    ) -> None:
        deliver(put(s3, "a.jpg"))
        assert queued_paths(queues) == []

    def test_invalidates_what_it_replaces(
        self, s3: "S3Client", deliver: WorkerCall, queues: Queues
    ) -> None:
        deliver(put(s3, "ä *?.jpg"))
        deliver(put(s3, "ä *?.jpg", OTHER))
        assert queued_paths(queues) == [["/40x30/%C3%A4%20%2A%3F.jpg"]]

    def test_invalidates_nothing_if_only_the_metadata_change(
        self,
        s3: "S3Client",
        deliver: WorkerCall,
        queues: Queues,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        deliver(put(s3, "a.jpg"))
        before = variant(s3, "a.jpg")
        with_size(monkeypatch, placeholder=True)
        deliver(put(s3, "a.jpg"))
        after = variant(s3, "a.jpg")
        assert after["ETag"] == before["ETag"]
        assert {"thumbhash", "color"} <= after["Metadata"].keys()
        assert asked(queues) == []
        with_size(monkeypatch, placeholder=False)
        deliver(put(s3, "a.jpg"))
        assert "thumbhash" not in variant(s3, "a.jpg")["Metadata"]
        assert asked(queues) == []

    def test_invalidates_what_it_replaces_by_other_pixels_of_the_same_photo(
        self,
        s3: "S3Client",
        deliver: WorkerCall,
        queues: Queues,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        deliver(put(s3, "a.jpg"))
        with_size(monkeypatch, placeholder=True, quality=20)
        deliver(put(s3, "a.jpg"))
        assert queued_paths(queues) == [["/40x30/a.jpg"]]

    def test_invalidates_what_was_signed_of_another_photo_though_the_variant_stays_the_same(
        self,
        s3: "S3Client",
        deliver: WorkerCall,
        queues: Queues,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Another photo was in its place, and its worker was not in time: metadata tell nothing."""
        monkeypatch.setenv("SERVE_SIGNED", "true")
        deliver(put(s3, "a.jpg"))
        asked(queues)
        with_size(monkeypatch, placeholder=True)
        put(s3, "a.jpg", OTHER)
        deliver(put(s3, "a.jpg"))
        assert asked(queues) == [{"paths": ["/40x30/a.jpg"], "signed_only": True}]

    def test_has_the_purge_wait_until_its_write_is_over(
        self,
        s3: "S3Client",
        deliver: WorkerCall,
        queues: Queues,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("PURGE_DELAY", "90")
        delays: list[int] = []
        deliver(put(s3, "a.jpg"))
        resize._worker().queue.sqs.meta.events.register(
            "provide-client-params.sqs.SendMessage",
            lambda params, **_: delays.append(params["DelaySeconds"]),
        )
        deliver(put(s3, "a.jpg", OTHER))
        assert delays == [90]
        assert queued_paths(queues) == []

    def test_spells_a_path_as_the_cdn_does(
        self, s3: "S3Client", deliver: WorkerCall, queues: Queues
    ) -> None:
        deliver(put(s3, "photo (1)+~@.jpg"))
        deliver(put(s3, "photo (1)+~@.jpg", OTHER))
        assert queued_paths(queues) == [["/40x30/photo%20(1)%2B%7E@.jpg"]]

    def test_invalidates_what_it_deletes(
        self, s3: "S3Client", deliver: WorkerCall, queues: Queues
    ) -> None:
        message = put(s3, "a.jpg")
        deliver(message)
        s3.delete_object(Bucket="originals-bucket", Key="originals/a.jpg")
        deliver(message)
        assert queued_paths(queues) == [["/40x30/a.jpg"]]

    def test_invalidates_what_was_signed_of_a_photo_that_was_deleted_before_it_was_rendered(
        self,
        s3: "S3Client",
        deliver: WorkerCall,
        queues: Queues,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """A signed picture may be older than any variant, and outlive the photo at the CDN."""
        monkeypatch.setenv("SERVE_SIGNED", "true")
        message = put(s3, "a.jpg")
        s3.delete_object(Bucket="originals-bucket", Key="originals/a.jpg")
        assert deliver(message) == []
        assert queued_paths(queues) == [["/40x30/a.jpg"]]

    def test_invalidates_what_was_signed_of_a_photo_before_its_first_variant(
        self,
        s3: "S3Client",
        deliver: WorkerCall,
        queues: Queues,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """It may have been replaced before that, which only its signed pictures tell."""
        monkeypatch.setenv("SERVE_SIGNED", "true")
        assert deliver(put(s3, "a.jpg")) == []
        assert asked(queues) == [{"paths": ["/40x30/a.jpg"], "signed_only": True}]
        assert deliver(put(s3, "a.jpg", OTHER)) == []
        assert asked(queues) == [{"paths": ["/40x30/a.jpg"]}]

    def test_invalidates_what_was_signed_of_a_photo_that_a_broken_one_has_replaced(
        self,
        s3: "S3Client",
        deliver: WorkerCall,
        queues: Queues,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("SERVE_SIGNED", "true")
        deliver(put(s3, "a.jpg", b"no picture"))
        assert asked(queues) == [{"paths": ["/40x30/a.jpg"], "signed_only": True}]

    @pytest.mark.parametrize("later", [0, 5])
    def test_invalidates_what_was_signed_while_another_photo_was_in_its_place(
        self,
        s3: "S3Client",
        deliver: WorkerCall,
        queues: Queues,
        monkeypatch: pytest.MonkeyPatch,
        later: int,
    ) -> None:
        """The variant is current: but the original was written once more since."""
        monkeypatch.setenv("SERVE_SIGNED", "true")
        message = put(s3, "a.jpg")
        deliver(message)
        asked(queues)
        written(monkeypatch, s3, timedelta(seconds=later))
        deliver(message)
        assert asked(queues) == [{"paths": ["/40x30/a.jpg"], "signed_only": True}]

    def test_queues_nothing_for_what_is_younger_than_its_original(
        self,
        s3: "S3Client",
        deliver: WorkerCall,
        queues: Queues,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("SERVE_SIGNED", "true")
        message = put(s3, "a.jpg")
        deliver(message)
        asked(queues)
        written(monkeypatch, s3, -timedelta(seconds=1))
        deliver(message)
        assert asked(queues) == []

    def test_queues_nothing_for_signed_images_without_signed_delivery(
        self, s3: "S3Client", deliver: WorkerCall, queues: Queues
    ) -> None:
        message = put(s3, "a.jpg")
        s3.delete_object(Bucket="originals-bucket", Key="originals/a.jpg")
        deliver(message)
        assert queued_paths(queues) == []

    def test_invalidates_an_older_originals_variant(
        self, s3: "S3Client", deliver: WorkerCall, queues: Queues
    ) -> None:
        deliver(put(s3, "a.jpg"))
        deliver(put(s3, "a.jpg", b"no picture"))
        assert queued_paths(queues) == [["/40x30/a.jpg"]]

    def test_queues_nothing_for_what_is_current(
        self, s3: "S3Client", deliver: WorkerCall, queues: Queues
    ) -> None:
        message = put(s3, "a.jpg")
        deliver(message)
        deliver(message, message)
        assert queued_paths(queues) == []

    def test_changes_nothing_if_the_invalidation_cannot_be_queued(
        self, s3: "S3Client", deliver: WorkerCall
    ) -> None:
        deliver(put(s3, "a.jpg"))
        before = variant(s3, "a.jpg")
        assert before
        message = put(s3, "a.jpg", OTHER)
        resize._worker().queue.sqs.meta.events.register(
            "before-call.sqs", Failing("SendMessage", refusal("ServiceUnavailable", 503))
        )
        assert deliver(message) == ["message-0"]
        after = variant(s3, "a.jpg")
        assert after
        assert after["ETag"] == before["ETag"]

    def test_works_without_a_cdn(
        self,
        s3: "S3Client",
        deliver: WorkerCall,
        queues: Queues,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.delenv("PURGE_QUEUE_URL")
        deliver(put(s3, "a.jpg"))
        assert deliver(put(s3, "a.jpg", OTHER)) == []
        assert queued_paths(queues) == []


@pytest.fixture
def cloudfront(monkeypatch: pytest.MonkeyPatch, queues: Queues) -> "CloudFrontClient":
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
    monkeypatch.setenv("DLQ_URL", queues.dlq_url)
    monkeypatch.setenv("SERVE_FORMATS", "false")
    monkeypatch.setenv("SERVE_SIGNED", "false")
    invalidate._invalidator.cache_clear()
    return client


def drained(*bodies: str, seconds: float = 60) -> dict[str, Any]:
    """What the function answers for messages with these bodies."""
    return invalidate.handler(sqs_batch(*bodies), Context(seconds))  # type: ignore[arg-type]


class Picky:
    """CloudFront, as it refuses a whole invalidation for one path that it does not take.

    `then` is its answer to all others, or to those alone that name what has `busy` in it.
    """

    def __init__(
        self, wrong: str, code: str = "InvalidArgument", then: str = "", busy: str = ""
    ) -> None:
        self.wrong, self.code, self.then, self.busy = wrong, code, then, busy
        self.calls = 0
        invalidate._invalidator().cloudfront.meta.events.register(
            "provide-client-params.cloudfront.CreateInvalidation", self._look
        )

    def _look(self, params: dict[str, Any], **_: Any) -> None:
        self.calls += 1
        paths = params["InvalidationBatch"]["Paths"]["Items"]
        if any(self.wrong in path for path in paths):
            self._refuse(self.code)
        if self.then and any(self.busy in path for path in paths):
            self._refuse(self.then)

    def _refuse(self, code: str) -> None:
        error: Any = {"Code": code, "Message": "invalid invalidation paths"}
        raise ClientError({"Error": error}, "CreateInvalidation")


def ids(answer: dict[str, Any]) -> list[str]:
    return [each["itemIdentifier"] for each in answer["batchItemFailures"]]


def invalidation(*paths: str) -> str:
    return json.dumps({"paths": paths})


class TestThePurgeFunction:
    def invalidations(self, cloudfront: "CloudFrontClient") -> list[Any]:
        distribution = invalidate._invalidator().distribution_id
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
        answer = drained(invalidation("/b/1.jpg", "/a/1.jpg"), invalidation("/a/1.jpg"))
        assert answer == {"batchItemFailures": []}
        (batch,) = self.invalidations(cloudfront)
        assert batch["Paths"] == {"Quantity": 2, "Items": ["/a/1.jpg", "/b/1.jpg"]}

    def test_names_what_the_cdn_keeps_without_its_folder_where_it_chooses_formats(
        self, cloudfront: "CloudFrontClient", monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Once for all sizes and formats of a photo."""
        monkeypatch.setenv("SERVE_FORMATS", "true")
        drained(invalidation("/a/2026/1.jpg", "/a.avif/2026/1.jpg"), invalidation("/b/2026/1.jpg"))
        (batch,) = self.invalidations(cloudfront)
        folders = ["/2026/1.jpg", "/a.avif/2026/1.jpg", "/a/2026/1.jpg", "/b/2026/1.jpg"]
        assert batch["Paths"]["Items"] == folders

    def test_names_all_signed_pictures_of_a_photo_where_there_are_any(
        self, cloudfront: "CloudFrontClient", monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SERVE_SIGNED", "true")
        drained(
            invalidation("/a/2026/%2A.jpg", "/a.avif/2026/%2A.jpg"), invalidation("/b/2026/%2A.jpg")
        )
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
        drained(*(invalidation(f"/a/{photo}") for photo in photos))
        (batch,) = self.invalidations(cloudfront)
        named = [path for path in batch["Paths"]["Items"] if "*" in path]
        assert named == [f"/_signed/{folder}*" for folder in wildcards]
        assert len(batch["Paths"]["Items"]) == len(photos) + len(wildcards)

    def test_names_a_repeated_batch_alike_and_a_later_one_otherwise(
        self, cloudfront: "CloudFrontClient"
    ) -> None:
        drained(invalidation("/a/1.jpg"))
        drained(invalidation("/a/1.jpg"))
        drained("null", invalidation("/a/1.jpg"))
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
            invalidation("/*"),
            invalidation("/_signed/a.jpg/*"),
            invalidation("/a/1.jpg", "/a/1.jp*"),
            invalidation("a.jpg"),
            invalidation("/ä.jpg"),
            invalidation(),
        ],
    )
    def test_returns_what_is_no_invalidation_and_does_the_rest(
        self, cloudfront: "CloudFrontClient", body: str
    ) -> None:
        answer = drained(body, invalidation("/a/1.jpg"))
        assert answer == {"batchItemFailures": [{"itemIdentifier": "message-0"}]}
        (batch,) = self.invalidations(cloudfront)
        assert batch["Paths"]["Items"] == ["/a/1.jpg"]

    def named(self, cloudfront: "CloudFrontClient") -> list[str]:
        """All paths of all invalidations."""
        return sorted(
            path for batch in self.invalidations(cloudfront) for path in batch["Paths"]["Items"]
        )

    def test_spells_what_an_earlier_deploy_has_queued_as_requests_are_now(
        self, cloudfront: "CloudFrontClient"
    ) -> None:
        drained(invalidation("/a/photo%20%281%29~.jpg"), invalidation("/a/photo%20(1)%7E.jpg"))
        assert self.named(cloudfront) == ["/a/photo%20(1)%7E.jpg"]

    @pytest.mark.parametrize("wrong", [0, 1, 250, 499])
    def test_parks_the_one_photo_whose_path_cloudfront_refuses_and_purges_all_others(
        self, cloudfront: "CloudFrontClient", queues: Queues, wrong: int
    ) -> None:
        bodies = [invalidation(f"/a/{n:03}.jpg", f"/a.avif/{n:03}.jpg") for n in range(500)]
        picky = Picky(f"/{wrong:03}.jpg")
        assert ids(drained(*bodies)) == []
        others = {f"/{folder}/{n:03}.jpg" for folder in ("a", "a.avif") for n in range(500)}
        others -= {f"/a/{wrong:03}.jpg", f"/a.avif/{wrong:03}.jpg"}
        assert self.named(cloudfront) == sorted(others)
        # 500 are halved nine times.
        assert picky.calls <= 1 + 2 * 9
        (letter,) = queues.dead_letters()
        assert letter["body"] == bodies[wrong]
        assert letter["reason"] == "path_refused"
        assert letter["path"] == f"a/{wrong:03}.jpg"
        assert "invalid%20invalidation%20paths" in letter["error"]
        assert letter["attempts"] == "1"

    def test_parks_each_size_of_the_photo(
        self, cloudfront: "CloudFrontClient", queues: Queues, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SERVE_FORMATS", "true")
        monkeypatch.setenv("SERVE_SIGNED", "true")
        bodies = [invalidation("/a/x.jpg"), invalidation("/a/bad.jpg"), invalidation("/b/bad.jpg")]
        Picky("bad")
        assert ids(drained(*bodies)) == []
        assert self.named(cloudfront) == ["/_signed/x.jpg/*", "/a/x.jpg", "/x.jpg"]
        assert sorted(each["body"] for each in queues.dead_letters()) == sorted(bodies[1:])

    def test_parks_no_photo_below_a_folder_that_is_called_like_the_refused_one(
        self, cloudfront: "CloudFrontClient", queues: Queues
    ) -> None:
        def look(params: dict[str, Any], **_: Any) -> None:
            if "/a/x.jpg" in params["InvalidationBatch"]["Paths"]["Items"]:
                raise refusal("InvalidArgument", 400)

        event = "provide-client-params.cloudfront.CreateInvalidation"
        invalidate._invalidator().cloudfront.meta.events.register(event, look)
        assert ids(drained(invalidation("/a/x.jpg"), invalidation("/a/x.jpg/y.jpg"))) == []
        assert self.named(cloudfront) == ["/a/x.jpg/y.jpg"]
        assert [each["path"] for each in queues.dead_letters()] == ["a/x.jpg"]

    def test_purges_the_signed_pictures_of_many_photos_though_one_is_refused(
        self, cloudfront: "CloudFrontClient", queues: Queues, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SERVE_SIGNED", "true")
        Picky("/3.jpg")
        assert ids(drained(*(invalidation(f"/a/2026/{n}.jpg") for n in range(20)))) == []
        named = self.named(cloudfront)
        assert len(named) == 1 + 19
        assert named.count("/_signed/2026/*") == 1
        assert len(queues.dead_letters()) == 1

    def test_leaves_in_the_queue_each_photo_whose_signed_pictures_are_still_to_be_purged(
        self, cloudfront: "CloudFrontClient", queues: Queues, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Their one folder is in a part that CloudFront does not take now, most of them are not."""
        monkeypatch.setenv("SERVE_SIGNED", "true")
        Picky("/a/2026/05.jpg", then="Throttling", busy="/_signed/")
        answer = drained(*(invalidation(f"/a/2026/{n:02}.jpg") for n in range(20)))
        assert ids(answer) == [f"message-{n}" for n in range(20)]
        assert queues.dead_letters() == []

    def test_halves_what_is_too_large_for_cloudfront(
        self, cloudfront: "CloudFrontClient", queues: Queues
    ) -> None:
        def look(params: dict[str, Any], **_: Any) -> None:
            if params["InvalidationBatch"]["Paths"]["Quantity"] > 3:
                raise ClientError({"Error": {"Code": "BatchTooLarge"}}, "CreateInvalidation")

        event = "provide-client-params.cloudfront.CreateInvalidation"
        invalidate._invalidator().cloudfront.meta.events.register(event, look)
        assert ids(drained(*(invalidation(f"/a/{n}.jpg") for n in range(10)))) == []
        assert self.named(cloudfront) == [f"/a/{n}.jpg" for n in range(10)]
        assert queues.dead_letters() == []

    def test_names_the_halves_of_a_repeated_batch_alike(
        self, cloudfront: "CloudFrontClient"
    ) -> None:
        Picky("/3.jpg")
        bodies = [invalidation(f"/a/{n}.jpg") for n in range(4)]
        drained(*bodies)
        drained(*bodies)
        references = [each["CallerReference"] for each in self.invalidations(cloudfront)]
        assert len(set(references)) == len(references) / 2 == 2

    def test_leaves_in_the_queue_what_there_was_no_time_for(
        self, cloudfront: "CloudFrontClient", queues: Queues
    ) -> None:
        picky = Picky("/3.jpg")
        answer = drained(*(invalidation(f"/a/{n}.jpg") for n in range(4)), seconds=29)
        assert ids(answer) == [f"message-{n}" for n in range(4)]
        assert picky.calls == 1
        assert queues.dead_letters() == []

    def test_leaves_in_the_queue_only_what_cloudfront_does_not_take_now(
        self,
        cloudfront: "CloudFrontClient",
        queues: Queues,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """It has refused a path before it was busy: what is done by then is done."""
        picky = Picky("/3.jpg", then="Throttling")
        assert len(ids(drained(*(invalidation(f"/a/{n}.jpg") for n in range(4))))) == 4
        (line,) = logged(capsys, "not purged now")
        assert (line["level"], line["reason"]) == ("WARNING", "Throttling")
        assert "invalid invalidation paths" in line["error"]
        picky.then = ""
        assert ids(drained(*(invalidation(f"/a/{n}.jpg") for n in range(4)))) == []
        assert self.named(cloudfront) == ["/a/0.jpg", "/a/1.jpg", "/a/2.jpg"]
        assert len(queues.dead_letters()) == 1

    def test_logs_each_dead_letter(
        self, cloudfront: "CloudFrontClient", queues: Queues, capsys: pytest.CaptureFixture[str]
    ) -> None:
        Picky("/a/%C3%A9.jpg")
        drained(invalidation("/a/0.jpg"), invalidation("/a/%C3%A9.jpg"))
        (line,) = logged(capsys, "parked")
        (letter,) = queues.dead_letters()
        assert (line["level"], line["message_id"]) == ("ERROR", "message-1")
        assert line["path"] == letter["path"] == "a/%C3%A9.jpg"
        assert line["reason"] == letter["reason"] == "path_refused"
        assert line["error"] == unquote(letter["error"])

    def test_leaves_in_the_queue_what_could_not_be_sent_to_the_dlq(
        self, cloudfront: "CloudFrontClient", queues: Queues, capsys: pytest.CaptureFixture[str]
    ) -> None:
        Picky("/1.jpg")
        invalidate._invalidator().sqs.meta.events.register(
            "before-call.sqs", Failing("SendMessage", refusal("ServiceUnavailable", 503), times=9)
        )
        answer = drained(invalidation("/a/0.jpg"), invalidation("/a/1.jpg"))
        assert ids(answer) == ["message-1"]
        assert self.named(cloudfront) == ["/a/0.jpg"]
        (line,) = logged(capsys, "not parked")
        assert (line["level"], line["reason"]) == ("WARNING", "ServiceUnavailable")
        assert "ServiceUnavailable" in line["error"]

    def test_purges_signed_pictures_alone_of_what_had_no_variant(
        self, cloudfront: "CloudFrontClient", monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SERVE_FORMATS", "true")
        monkeypatch.setenv("SERVE_SIGNED", "true")
        first = json.dumps({"paths": ["/a/1.jpg", "/a.avif/1.jpg"], "signed_only": True})
        assert ids(drained(first, invalidation("/a/2.jpg"))) == []
        assert self.named(cloudfront) == [
            "/2.jpg",
            "/_signed/1.jpg/*",
            "/_signed/2.jpg/*",
            "/a/2.jpg",
        ]

    def test_asks_nothing_of_cloudfront_for_signed_pictures_where_there_are_none_any_more(
        self, cloudfront: "CloudFrontClient"
    ) -> None:
        assert ids(drained(json.dumps({"paths": ["/a/1.jpg"], "signed_only": True}))) == []
        assert self.invalidations(cloudfront) == []

    def test_asks_nothing_of_cloudfront_for_nothing(self, cloudfront: "CloudFrontClient") -> None:
        drained("null")
        assert self.invalidations(cloudfront) == []

    @pytest.mark.parametrize("code", ["TooManyInvalidationsInProgress", "Throttling"])
    def test_leaves_the_batch_in_the_queue_while_cloudfront_takes_none(
        self, cloudfront: "CloudFrontClient", code: str
    ) -> None:
        refused = ClientError({"Error": {"Code": code}}, "CreateInvalidation")
        invalidate._invalidator().cloudfront.meta.events.register(
            "before-call.cloudfront", Failing("CreateInvalidation", refused, times=99)
        )
        with pytest.raises(TransientError) as raised:
            drained(invalidation("/a/1.jpg"))
        assert raised.value.reason == code

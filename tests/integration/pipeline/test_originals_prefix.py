"""A stage whose originals are in another folder than the usual one, or in the whole bucket."""

import json
from typing import TYPE_CHECKING

import pytest

from lib.dead_letters import scan
from lib.dead_letters.queue import DeadLetterQueue
from lib.keys import Originals
from lib.operations.audit import Auditor
from lib.pipeline.put_options import PutOptions
from tests.integration.api import Api, api
from tests.integration.conftest import SIZE, Queues, WorkerCall
from tests.payloads import s3_event
from tests.pictures import encoded, quarters

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

__all__ = ["api"]  # a fixture

PHOTO = encoded(quarters())
PREFIXES = ["", "shop/photos/"]
PATHS = ["a.jpg", "2026/a b+c%2F~é 😀.jpg"]


@pytest.fixture(params=PREFIXES)
def originals(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Originals:
    found = Originals("originals-bucket", request.param)
    monkeypatch.setenv("ORIGINALS_PREFIX", found.prefix)
    return found


def put(s3: "S3Client", key: str, data: bytes = PHOTO) -> str:
    s3.put_object(Bucket="originals-bucket", Key=key, Body=data)
    return json.dumps(s3_event(key))


def variants(s3: "S3Client") -> list[str]:
    found = s3.list_objects_v2(Bucket="images-bucket").get("Contents", [])
    return sorted(each["Key"] for each in found)


def states(s3: "S3Client", originals: Originals) -> dict[str, str]:
    options = PutOptions("public, max-age=60")
    auditor = Auditor(s3, SIZE, options, originals, "images-bucket", "failures-bucket")
    return dict(auditor.compare())


@pytest.mark.usefixtures("deliver")
class TestWithThePrefix:
    @pytest.fixture(autouse=True)
    def _prefix(self, deliver: WorkerCall, originals: Originals) -> None:
        self.deliver, self.originals = deliver, originals

    def test_variants_have_the_path_below_it(self, s3: "S3Client") -> None:
        assert self.deliver(*(put(s3, self.originals.key(path)) for path in PATHS)) == []
        assert variants(s3) == sorted(f"40x30/{path}" for path in PATHS)
        assert states(s3, self.originals) == dict.fromkeys(PATHS, "current")

    def test_a_deleted_original_takes_its_variant_along(self, s3: "S3Client") -> None:
        self.deliver(put(s3, self.originals.key("a.jpg")))
        s3.delete_object(Bucket="originals-bucket", Key=self.originals.key("a.jpg"))
        removed = s3_event(self.originals.key("a.jpg"), eventName="ObjectRemoved:Delete")
        assert self.deliver(json.dumps(removed)) == []
        assert variants(s3) == []

    def test_folder_markers_are_no_photos(self, s3: "S3Client", queues: Queues) -> None:
        keys = [key for key in (self.originals.prefix, self.originals.key("new/")) if key]
        for key in keys:
            put(s3, key, b"")
        assert self.deliver(*(json.dumps(s3_event(key, size=0)) for key in keys)) == []
        assert queues.dead_letters() == []
        assert states(s3, self.originals) == {}

    def test_a_dead_letter_has_the_path_below_it(
        self, s3: "S3Client", queues: Queues, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(scan, "EMPTY_AFTER", 0)
        # Without attributes, as of a message that SQS itself moved.
        body = put(s3, self.originals.key("2026/a.jpg"))
        queues.sqs.send_message(QueueUrl=queues.dlq_url, MessageBody=body)
        dlq = DeadLetterQueue(queues.sqs, queues.dlq_url, self.originals)
        with dlq.scan() as letters:
            assert [each.path for batch in letters for each in batch] == ["2026/a.jpg"]


def test_an_event_of_another_folder_is_refused(
    s3: "S3Client", deliver: WorkerCall, queues: Queues, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORIGINALS_PREFIX", "shop/photos/")
    for key in ("a.jpg", "shop/a.jpg", "shop/photos", "originals/a.jpg", "SHOP/photos/a.jpg"):
        assert deliver(put(s3, key)) == []
    assert {letter["reason"] for letter in queues.dead_letters()} == {"foreign_object"}
    assert variants(s3) == []


class TestTheApi:
    def test_a_ticket_is_for_the_key_below_the_prefix(self, api: Api, originals: Originals) -> None:
        wish = {"path": "2026/sea.jpg", "content_type": "image/jpeg", "bytes": 5}
        answer = api("POST", "/uploads", wish)
        assert answer.document["path"] == "2026/sea.jpg"
        assert answer.document["key"] == originals.key("2026/sea.jpg")
        assert answer.document["fields"]["key"] == originals.key("2026/sea.jpg")

    def test_a_path_that_no_fetch_record_could_have_is_refused(
        self, api: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """In a whole bucket a key may be as long as S3 takes, but not the keys made of it."""
        monkeypatch.setenv("ORIGINALS_PREFIX", "")
        wish = {"path": "x" * 1018, "content_type": "image/jpeg", "bytes": 5}
        assert api("POST", "/uploads", wish).status == 422
        assert api("GET", "/uploads", query={"path": "x" * 1018}).status == 422
        assert api("DELETE", "/uploads", query={"path": "x" * 1018}).status == 422

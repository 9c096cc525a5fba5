"""The focal point of a photo: given with an upload, changed later, and cropped to."""

import base64
import hashlib
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.awsrequest import AWSResponse
from moto.s3.models import s3_backends
from PIL import Image

from handlers import focus as handler
from handlers import openapi, resize
from lib.operations.audit import Auditor
from lib.pipeline.put_options import PutOptions
from lib.sizes import pack_sizes
from tests.integration.api import Api, api
from tests.integration.conftest import SIZE, Queues, WorkerCall
from tests.integration.pipeline.test_invalidations import asked, uploaded_at
from tests.integration.pipeline.test_resize import variant
from tests.integration.uploads.test_status import status
from tests.payloads import ORIGINALS, s3_event
from tests.pictures import decoded, encoded

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

__all__ = ["api"]  # a fixture
CROPPED = SIZE.model_copy(update={"position": "focus", "width": 30})
KEY = "originals/a.png"
TICKET = {"path": "a.png", "content_type": "image/png", "bytes": 1000}


def photo() -> bytes:
    """Red at its left, blue at its right."""
    image = Image.new("RGB", (200, 30), (220, 0, 0))
    image.paste((0, 0, 220), (100, 0, 200, 30))
    return encoded(image, "PNG")


PHOTO = photo()
SHA256 = hashlib.sha256(PHOTO).hexdigest()


@pytest.fixture
def cropping(deliver: WorkerCall, monkeypatch: pytest.MonkeyPatch) -> WorkerCall:
    """The worker of a size that is cropped to the focal point."""
    monkeypatch.setenv("SIZE", CROPPED.model_dump_json())
    return deliver


def upload(s3: "S3Client", focus: str | None = None, **options: Any) -> str:
    metadata = {} if focus is None else {"focus": focus}
    s3.put_object(Bucket=ORIGINALS.bucket, Key=KEY, Body=PHOTO, Metadata=metadata, **options)
    return json.dumps(s3_event(KEY))


def colour(s3: "S3Client") -> str:
    red, _, blue = decoded(variant(s3, "a.png")["Body"].read()).convert("RGB").getpixel((15, 15))  # type: ignore[misc]
    return "red" if red > blue else "blue"


def metadata(s3: "S3Client") -> dict[str, str]:
    return s3.head_object(Bucket=ORIGINALS.bucket, Key=KEY)["Metadata"]


class TestAnOriginalWithOne:
    @pytest.mark.parametrize(("focus", "expected"), [("0.1,0.5", "red"), ("0.9,0.5", "blue")])
    def test_is_cropped_around_it(
        self, s3: "S3Client", cropping: WorkerCall, focus: str, expected: str
    ) -> None:
        assert cropping(upload(s3, focus)) == []
        assert colour(s3) == expected
        assert variant(s3, "a.png")["Metadata"]["focus"] == focus

    @pytest.mark.parametrize("focus", ["elsewhere", "1.5,0", "0.1", "NaN,0", "0.12345,0"])
    def test_in_words_of_another_program_is_rendered_as_one_without(
        self, s3: "S3Client", cropping: WorkerCall, focus: str
    ) -> None:
        assert cropping(upload(s3, focus)) == []
        assert "focus" not in variant(s3, "a.png")["Metadata"]

    def test_is_rendered_anew_and_invalidated_when_that_changes(
        self, s3: "S3Client", cropping: WorkerCall, queues: Queues, api: Api
    ) -> None:
        cropping(upload(s3, "0.1,0.5"))
        etag = s3.head_object(Bucket=ORIGINALS.bucket, Key=KEY)["ETag"]
        assert api("POST", "/uploads/a.png", {"focus": [0.9, 0.5]}).status == 200
        assert s3.head_object(Bucket=ORIGINALS.bucket, Key=KEY)["ETag"] == etag
        assert asked(queues) == []
        cropping(json.dumps(s3_event(KEY)))
        assert colour(s3) == "blue"
        assert asked(queues) == [{"paths": ["/40x30/a.png"]}]

    def test_costs_two_requests_while_nothing_changes(
        self, s3: "S3Client", cropping: WorkerCall
    ) -> None:
        message = upload(s3, "0.1,0.5")
        cropping(message)
        calls: list[str] = []
        resize._worker().reconciler.s3.meta.events.register(
            "before-call.s3", lambda model, **_: calls.append(model.name)
        )
        cropping(message)
        assert calls == ["HeadObject", "HeadObject"]

    def test_has_signed_images_that_stay_at_the_cdn_while_it_is_older_than_its_variant(
        self,
        s3: "S3Client",
        cropping: WorkerCall,
        queues: Queues,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("SERVE_SIGNED", "true")
        message = upload(s3, "0.1,0.5")
        cropping(message)
        asked(queues)
        uploaded_at(monkeypatch, variant(s3, "a.png")["LastModified"] - timedelta(seconds=1))
        cropping(message)
        assert asked(queues) == []

    def test_is_nothing_to_a_size_that_is_not_cropped_to_it(
        self, s3: "S3Client", deliver: WorkerCall, api: Api, queues: Queues
    ) -> None:
        deliver(upload(s3, "0.1,0.5"))
        before = variant(s3, "a.png")
        api("POST", "/uploads/a.png", {"focus": [0.9, 0.5]})
        deliver(json.dumps(s3_event(KEY)))
        after = variant(s3, "a.png")
        assert after["LastModified"] == before["LastModified"]
        assert "focus" not in after["Metadata"]
        assert asked(queues) == []

    def test_is_ready_only_once_it_is_cropped_to_it(
        self, s3: "S3Client", cropping: WorkerCall, api: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SIZES", pack_sizes([CROPPED]))
        message = upload(s3, "0.1,0.5")
        cropping(message)
        shown = api("GET", "/uploads/a.png").document
        assert (shown["focus"], shown["sizes"]["40x30"]["state"]) == ([0.1, 0.5], "ready")
        api("POST", "/uploads/a.png", {"focus": None})
        shown = api("GET", "/uploads/a.png").document
        assert (shown["focus"], shown["sizes"]["40x30"]["state"]) == (None, "pending")
        cropping(message)
        assert api("GET", "/uploads/a.png").document["sizes"]["40x30"]["state"] == "ready"

    def test_and_another_one_is_ready_at_sizes_that_are_not_cropped_to_it(
        self, s3: "S3Client", deliver: WorkerCall, api: Api
    ) -> None:
        deliver(upload(s3, "0.1,0.5"))
        api("POST", "/uploads/a.png", {"focus": [0.2, 0.2]})
        assert status(s3, "a.png")["40x30"].state == "ready"


@pytest.mark.parametrize("deep", [False, True])
def test_the_audit_finds_what_is_cropped_to_an_earlier_one(
    s3: "S3Client", cropping: WorkerCall, deep: bool
) -> None:
    auditor = Auditor(
        s3=s3,
        size=CROPPED,
        put_options=PutOptions("public, max-age=60"),
        originals=ORIGINALS,
        images_bucket="images-bucket",
        failures_bucket="failures-bucket",
    )
    cropping(upload(s3, "0.1,0.5"))
    assert [entry.state for entry in auditor.compare(deep=deep)] == ["current"]
    upload(s3, "0.9,0.5")
    # S3 tells times in whole seconds, and no test waits for one.
    (backend,) = s3_backends["123456789012"].values()
    stored = backend.head_object(ORIGINALS.bucket, KEY)
    assert stored is not None
    stored.last_modified += timedelta(seconds=2)
    assert [entry.state for entry in auditor.compare(deep=deep)] == ["stale"]
    cropping(json.dumps(s3_event(KEY)))
    assert [entry.state for entry in auditor.compare(deep=deep)] == ["current"]


class TestTheRequest:
    def test_keeps_all_else_that_the_original_has(self, s3: "S3Client", api: Api) -> None:
        s3.put_object(
            Bucket=ORIGINALS.bucket,
            Key=KEY,
            Body=PHOTO,
            ContentType="image/png",
            CacheControl="no-cache",
            ContentDisposition="inline",
            StorageClass="STANDARD_IA",
            Metadata={"fetch-order": "1", "focus": "0,0"},
            Tagging="album=sea",
            ChecksumAlgorithm="SHA256",
        )
        response = api("POST", "/uploads/a.png", {"focus": [0.25, 1]})
        assert (response.status, response.document) == (200, {"path": "a.png", "focus": [0.25, 1]})
        found = s3.get_object(Bucket=ORIGINALS.bucket, Key=KEY)
        assert found["Body"].read() == PHOTO
        assert found["Metadata"] == {"fetch-order": "1", "focus": "0.25,1"}
        assert (found["ContentType"], found["CacheControl"]) == ("image/png", "no-cache")
        assert (found["ContentDisposition"], found["StorageClass"]) == ("inline", "STANDARD_IA")
        tags = s3.get_object_tagging(Bucket=ORIGINALS.bucket, Key=KEY)["TagSet"]
        assert tags == [{"Key": "album", "Value": "sea"}]

    def test_removes_it(self, s3: "S3Client", api: Api) -> None:
        upload(s3, "0.1,0.5")
        assert api("POST", "/uploads/a.png", {"focus": None}).document["focus"] is None
        assert metadata(s3) == {}

    def test_that_changes_nothing_copies_nothing(self, s3: "S3Client", api: Api) -> None:
        upload(s3, "0.1,0.5")
        calls = self.calls()
        assert api("POST", "/uploads/a.png", {"focus": [0.1, 0.5]}).status == 200
        assert calls == ["HeadObject"]

    def test_copies_only_what_it_has_read_over_what_it_has_read(
        self, s3: "S3Client", api: Api
    ) -> None:
        upload(s3)
        etag = s3.head_object(Bucket=ORIGINALS.bucket, Key=KEY)["ETag"]
        sent: list[dict[str, Any]] = []
        handler._focus_editor().s3.meta.events.register(
            "provide-client-params.s3.CopyObject", lambda params, **_: sent.append(params)
        )
        api("POST", "/uploads/a.png", {"focus": [0.1, 0.5]})
        (params,) = sent
        assert (params["CopySourceIfMatch"], params["IfMatch"]) == (etag, etag)

    @pytest.mark.parametrize(
        ("code", "status_code"), [("PreconditionFailed", 412), ("NoSuchKey", 404)]
    )
    def test_is_refused_if_the_photo_changes_meanwhile(
        self, s3: "S3Client", api: Api, code: str, status_code: int
    ) -> None:
        upload(s3)
        refuse(code, status_code)
        response = api("POST", "/uploads/a.png", {"focus": [0.1, 0.5]})
        assert (response.status, response.document["type"]) == (409, "conflict")

    def test_is_to_be_repeated_if_s3_does_not_answer(self, s3: "S3Client", api: Api) -> None:
        upload(s3)
        sent = refuse("InternalError", 500)
        response = api("POST", "/uploads/a.png", {"focus": [0.1, 0.5]})
        assert (response.status, response.document["type"]) == (503, "busy")
        assert len(sent) == 1

    def test_of_an_archived_photo_says_so(self, s3: "S3Client", api: Api) -> None:
        upload(s3, StorageClass="GLACIER")
        response = api("POST", "/uploads/a.png", {"focus": [0.1, 0.5]})
        assert (response.status, response.document["type"]) == (422, "not_rendered")
        assert "copy it to another storage class" in response.document["detail"]
        assert metadata(s3) == {}

    @pytest.mark.parametrize("path", ["never.jpg", "a%20(1)+%C3%A9~.png"])
    def test_of_no_photo_is_not_found(self, s3: "S3Client", api: Api, path: str) -> None:
        response = api("POST", f"/uploads/{path}", {"focus": [0, 0]})
        assert (response.status, response.document["type"]) == (404, "no_picture")

    def test_finds_photos_of_any_name(self, s3: "S3Client", api: Api) -> None:
        key = "originals/2026/a (1)+é~ %2F.png"
        s3.put_object(Bucket=ORIGINALS.bucket, Key=key, Body=PHOTO)
        path = "/uploads/2026/a%20(1)%2B%C3%A9~%20%252F.png"
        assert api("POST", path, {"focus": [0, 0]}).status == 200
        found = s3.head_object(Bucket=ORIGINALS.bucket, Key=key)
        assert found["Metadata"] == {"focus": "0,0"}

    @pytest.mark.parametrize(
        ("body", "words"),
        [
            ({}, "focus"),
            ({"focus": [0.1]}, "focus"),
            ({"focus": [0.1, 0.2, 0.3]}, "focus"),
            ({"focus": [0.1, 1.1]}, "focus.1: Input should be less than or equal to 1"),
            ({"focus": [-0.1, 1]}, "focus.0: Input should be greater than or equal to 0"),
            ({"focus": ["0.1", 0]}, "focus.0"),
            ({"focus": [True, 0]}, "focus.0"),
            ({"focus": "0.1,0.2"}, "focus"),
            ({"focus": {"x": 0.1, "y": 0.2}}, "focus"),
            ({"focus": [0, 0], "path": "b.png"}, "path"),
            ('{"focus": [NaN, 0]}', "NaN is not a number"),
            ('{"focus": [1e999, 0]}', "focus.0"),
        ],
    )
    def test_with_anything_but_two_shares_is_refused(
        self, s3: "S3Client", api: Api, body: Any, words: str
    ) -> None:
        upload(s3, "0.1,0.5")
        response = api("POST", "/uploads/a.png", body)
        assert (response.status, response.document["type"]) == (422, "invalid_request")
        assert words in response.document["detail"]
        assert metadata(s3) == {"focus": "0.1,0.5"}

    def calls(self) -> list[str]:
        calls: list[str] = []
        handler._focus_editor().s3.meta.events.register(
            "before-call.s3", lambda model, **_: calls.append(model.name)
        )
        return calls


class Raw:
    """A body as urllib3 gives it."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.data


def refuse(code: str, status_code: int) -> list[str]:
    """Has copies answered by an error; returns a list that gets the URL of each that is sent."""
    body = f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode()
    sent = []

    def answer(request: Any, **_: Any) -> Any:
        sent.append(request.url)
        return AWSResponse(request.url, status_code, {}, Raw(body))  # type: ignore[arg-type]

    handler._focus_editor().s3.meta.events.register_first("before-send.s3.CopyObject", answer)
    return sent


class TestATicketWithOne:
    def test_signs_it_and_no_other(self, s3: "S3Client", api: Api) -> None:
        given = api("POST", "/uploads", {**TICKET, "focus": [0.30001, 0.4]}).document
        assert given["fields"]["x-amz-meta-focus"] == "0.3,0.4"
        policy = json.loads(base64.b64decode(given["fields"]["policy"]))
        assert {"x-amz-meta-focus": "0.3,0.4"} in policy["conditions"]

    def test_is_as_before_without(self, s3: "S3Client", api: Api) -> None:
        for more in ({}, {"focus": None}):
            given = api("POST", "/uploads", {**TICKET, **more}).document
            assert not [name for name in given["fields"] if "meta" in name]

    @pytest.mark.parametrize("focus", [[0.1], [0.1, 2], "0.1,0.2", [None, 0]])
    def test_refuses_what_is_none(self, s3: "S3Client", api: Api, focus: Any) -> None:
        response = api("POST", "/uploads", {**TICKET, "focus": focus})
        assert (response.status, response.document["type"]) == (422, "invalid_request")
        assert "focus" in response.document["detail"]

    @pytest.mark.parametrize(
        ("stored", "given", "expected"),
        [
            (None, None, 200),
            ("0.1,0.5", None, 200),
            ("0.1,0.5", [0.1, 0.5], 200),
            (None, [0.1, 0.5], 201),
            ("0.1,0.5", [0.2, 0.5], 201),
        ],
    )
    def test_is_needed_for_a_stored_photo_only_if_it_has_another(
        self, s3: "S3Client", api: Api, stored: str | None, given: Any, expected: int
    ) -> None:
        upload(s3, stored)
        same = {**TICKET, "bytes": len(PHOTO), "sha256": SHA256}
        request = same if given is None else {**same, "focus": given}
        assert api("POST", "/uploads", request).status == expected

    def test_goes_with_a_photo_to_be_fetched(self, api: Api) -> None:
        url = "https://example.com/a.png"
        for more in ({}, {"focus": [0.3, 0.4]}):
            assert api("POST", "/uploads", {"url": url, **more}).status == 202
        without, with_one = sorted(api.orders(), key=len)
        assert "focus" not in without
        assert with_one["focus"] == [0.3, 0.4]


def test_the_document_names_the_route_only_on_a_stage_that_has_it(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def methods() -> set[str]:
        openapi._app.cache_clear()
        document = api("GET", "/openapi.json").document
        return set(document["paths"]["/uploads/{path}"])

    assert methods() == {"get", "post", "delete"}
    monkeypatch.delenv("HAS_FOCUS")
    assert methods() == {"get", "delete"}

"""The API's other functions on moto: status, deletion, and the document of all."""

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import boto3
import pytest
from moto.s3.models import s3_backends

from handlers import openapi, status
from lib.fetching.jobs import JOB_LIFETIME, FetchJobQueue
from lib.fetching.records import FailedFetchRecord, FetchRecord, FetchRecords
from lib.pipeline.failure_records import FailureRecord, FailureRecords
from lib.pipeline.metadata_keys import ORIGINAL_ETAG, PIXELS
from tests.integration.api import Api, api
from tests.payloads import ORIGINALS
from tests.times import is_timestamp

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

__all__ = ["api"]  # a fixture

ODD_PATHS = [
    "2026/sea.jpg",
    "photo with space.jpg",
    "a+b.jpg",
    "100%.jpg",
    "a%2Fb.jpg",
    "a%252Fb.jpg",
    "é😀.jpg",
    "batch",
    "deep/er/and/deeper.jpg",
    "quote'\"<>.jpg",
]
# API Gateway would cut these in a path.
CUT_PATHS = ["what?.jpg", "no#1.jpg"]

PROBLEM = "application/problem+json"


def upload(s3: "S3Client", path: str) -> str:
    """Put an original there; its ETag."""
    answer = s3.put_object(Bucket="originals-bucket", Key=f"originals/{path}", Body=b"photo")
    return answer["ETag"].strip('"')


def render(s3: "S3Client", folder: str, path: str, etag: str) -> None:
    s3.put_object(
        Bucket="images-bucket",
        Key=f"{folder}/{path}",
        Body=b"variant",
        ContentType="image/jpeg",
        Metadata={ORIGINAL_ETAG: etag, PIXELS: "400x300"},
    )


def make_job_queue(s3: "S3Client", api: Api) -> FetchJobQueue:
    return FetchJobQueue(s3, "failures-bucket", boto3.client("sqs"), api.fetch_queue_url, ORIGINALS)


def states(document: Any) -> dict[str, str]:
    return {name: size["state"] for name, size in document["sizes"].items()}


class TestStatus:
    def test_tells_of_each_size_what_is_there(self, api: Api, s3: "S3Client") -> None:
        etag = upload(s3, "2026/sea.jpg")
        render(s3, "400x300", "2026/sea.jpg", etag)
        answer = api("GET", "/uploads/2026/sea.jpg")
        assert answer.status == 200
        assert answer.document["path"] == "2026/sea.jpg"
        assert states(answer.document) == {"400x300": "ready", "thumbnail": "pending"}
        (variant,) = answer.document["sizes"]["400x300"]["variants"]
        assert variant["url"] == "https://cdn.example/400x300/2026/sea.jpg"
        assert (variant["content_type"], variant["bytes"]) == ("image/jpeg", 7)
        assert variant["pixels"] == "400x300"
        assert is_timestamp(variant["modified"])

    def test_says_when_to_ask_again_while_something_is_pending(
        self, api: Api, s3: "S3Client"
    ) -> None:
        etag = upload(s3, "a.jpg")
        assert int(api("GET", "/uploads/a.jpg").headers["Retry-After"]) >= 1
        for folder in ("400x300", "thumbnail", "thumbnail.avif"):
            render(s3, folder, "a.jpg", etag)
        settled = api("GET", "/uploads/a.jpg")
        assert states(settled.document) == {"400x300": "ready", "thumbnail": "ready"}
        assert "Retry-After" not in settled.headers
        assert settled.headers["Cache-Control"] == "no-store"

    def test_gives_the_reason_of_a_failure(self, api: Api, s3: "S3Client") -> None:
        upload(s3, "a.jpg")
        now = datetime.now(UTC)
        record = FailureRecord(
            reason="truncated", error="breaks off", attempts=1, began_at=now, failed_at=now
        )
        FailureRecords(s3, "failures-bucket", "400x300").put("a.jpg", record)
        size = api("GET", "/uploads/a.jpg").document["sizes"]["400x300"]
        assert (size["state"], size["reason"], size["error"]) == (
            "failed",
            "truncated",
            "breaks off",
        )

    @pytest.mark.parametrize("path", ODD_PATHS)
    def test_finds_a_photo_by_its_path_as_a_client_escapes_it(
        self, api: Api, s3: "S3Client", path: str
    ) -> None:
        upload(s3, path)
        answer = api("GET", f"/uploads/{quote(path)}")
        assert answer.document["path"] == path
        assert set(states(answer.document).values()) == {"pending"}

    @pytest.mark.parametrize("path", [*ODD_PATHS, *CUT_PATHS])
    def test_finds_any_photo_by_a_query(self, api: Api, s3: "S3Client", path: str) -> None:
        upload(s3, path)
        answer = api("GET", "/uploads", query={"path": path})
        assert answer.document["path"] == path
        assert set(states(answer.document).values()) == {"pending"}

    def test_knows_no_photo_that_is_not_there(self, api: Api) -> None:
        answer = api("GET", "/uploads/nothing.jpg")
        assert answer.status == 200
        assert set(states(answer.document).values()) == {"gone"}
        assert "Retry-After" not in answer.headers

    @pytest.mark.parametrize("path", ["a/../b.jpg", "a//b.jpg", "%00.jpg", "./a.jpg"])
    def test_refuses_a_path_that_no_photo_can_have(self, api: Api, path: str) -> None:
        answer = api("GET", f"/uploads/{path}")
        assert (answer.status, answer.document["type"]) == (422, "bad_path")

    def test_without_a_path_is_refused(self, api: Api) -> None:
        assert api("GET", "/uploads").document["type"] == "invalid_request"

    def test_of_a_photo_that_is_being_fetched_is_pending(self, api: Api, s3: "S3Client") -> None:
        api("POST", "/uploads", {"url": "https://photos.example/a.jpg", "path": "a.jpg"})
        answer = api("GET", "/uploads/a.jpg")
        assert set(states(answer.document).values()) == {"pending"}
        assert answer.document["fetch"]["state"] == "pending"
        assert is_timestamp(answer.document["fetch"]["ordered_at"])
        assert "Retry-After" in answer.headers
        assert "photos.example" not in json.dumps(answer.document)

    def test_of_a_photo_that_could_not_be_fetched_says_why_at_every_size(
        self, api: Api, s3: "S3Client"
    ) -> None:
        job = make_job_queue(s3, api).submit("a.jpg", "https://photos.example/a.jpg")
        fail(s3, job.id)
        answer = api("GET", "/uploads/a.jpg")
        fetch = answer.document["fetch"]
        assert (fetch["state"], fetch["reason"]) == ("failed", "source_refused")
        assert is_timestamp(fetch["failed_at"])
        for size in answer.document["sizes"].values():
            state = (size["state"], size["reason"], size["error"])
            assert state == (fetch["state"], fetch["reason"], fetch["error"])
            assert size["error"]

    def test_of_a_photo_that_could_not_be_replaced_tells_of_the_old_one_and_of_that(
        self, api: Api, s3: "S3Client"
    ) -> None:
        etag = upload(s3, "a.jpg")
        render(s3, "400x300", "a.jpg", etag)
        job = make_job_queue(s3, api).submit(
            "a.jpg", "https://photos.example/a.jpg", overwrite=True
        )
        fail(s3, job.id)
        document = api("GET", "/uploads/a.jpg").document
        assert states(document)["400x300"] == "ready"
        assert document["fetch"]["reason"] == "source_refused"

    @pytest.mark.parametrize(
        "failed",
        [
            {"original": ""},
            {"original": "another"},
            {"failed_at": datetime.now(UTC) - timedelta(minutes=1)},
            {"original": None, "failed_at": datetime.now(UTC) - timedelta(minutes=1)},
        ],
        ids=["into an empty path", "over another photo", "long ago", "long ago, unknown"],
    )
    def test_of_a_photo_that_came_after_a_failed_order_tells_nothing_of_that(
        self, api: Api, s3: "S3Client", failed: dict[str, Any]
    ) -> None:
        job = make_job_queue(s3, api).submit("a.jpg", "https://photos.example/a.jpg")
        fail(s3, job.id, **failed)
        upload(s3, "a.jpg")
        answer = api("GET", "/uploads/a.jpg")
        assert answer.document["fetch"] is None
        assert set(states(answer.document).values()) == {"pending"}

    @pytest.mark.parametrize(("ordered", "state"), [(-1, None), (1, "worker_stopped")])
    def test_of_an_order_that_nothing_came_of_tells_where_no_photo_came_after_it(
        self, api: Api, s3: "S3Client", ordered: int, state: str | None
    ) -> None:
        upload(s3, "a.jpg")
        job = make_job_queue(s3, api).submit(
            "a.jpg", "https://photos.example/a.jpg", overwrite=True
        )
        uploaded_at("a.jpg", datetime.now(UTC) - JOB_LIFETIME - timedelta(hours=2))
        at = datetime.now(UTC) - JOB_LIFETIME - timedelta(hours=2 - ordered)
        FetchRecords(s3, "failures-bucket").put("a.jpg", FetchRecord(id=job.id, ordered_at=at))
        fetch = api("GET", "/uploads/a.jpg").document["fetch"]
        assert (fetch and fetch["reason"]) == state


def uploaded_at(path: str, at: datetime) -> None:
    """Moves the original's time, where a HEAD has it from."""
    (backend,) = s3_backends["123456789012"].values()
    backend.buckets["originals-bucket"].keys[f"originals/{path}"].last_modified = at


def fail(s3: "S3Client", order_id: str, **more: Any) -> None:
    """Record that the fetch job for a.jpg failed."""
    marks = FetchRecords(s3, "failures-bucket")
    found = marks.read("a.jpg")
    assert found is not None
    now = datetime.now(UTC)
    failed = FailedFetchRecord(
        **{
            "id": order_id,
            "reason": "source_refused",
            "error": "photos.example answers 404",
            "attempts": 1,
            "began_at": now,
            "failed_at": now,
            **more,
        }
    )
    marks.put_if_match("a.jpg", found.etag, failed)


class TestStatuses:
    def test_tells_of_each_photo_in_the_order_of_the_paths(self, api: Api, s3: "S3Client") -> None:
        paths = ["b.jpg", *ODD_PATHS, *CUT_PATHS, "b.jpg"]
        for path in paths:
            render(s3, "400x300", path, upload(s3, path))
        answer = api("POST", "/uploads/status", {"paths": paths})
        assert answer.status == 200
        assert [each["status"] for each in answer.document["uploads"]] == [200] * len(paths)
        photos = [each["photo"] for each in answer.document["uploads"]]
        assert [photo["path"] for photo in photos] == paths
        assert {states(photo)["400x300"] for photo in photos} == {"ready"}
        alone = api("GET", "/uploads/b.jpg").document
        assert photos[0] == {name: value for name, value in alone.items() if name != "page"}

    def test_says_when_to_ask_again_while_something_is_pending(
        self, api: Api, s3: "S3Client"
    ) -> None:
        etag = upload(s3, "a.jpg")
        for folder in ("400x300", "thumbnail", "thumbnail.avif"):
            render(s3, folder, "a.jpg", etag)
        settled = api("POST", "/uploads/status", {"paths": ["a.jpg", "gone.jpg"]})
        assert "Retry-After" not in settled.headers
        assert settled.headers["Cache-Control"] == "no-store"
        upload(s3, "b.jpg")
        pending = api("POST", "/uploads/status", {"paths": ["a.jpg", "b.jpg"]})
        assert int(pending.headers["Retry-After"]) >= 1

    @pytest.mark.parametrize("path", ["a//b.jpg", "../a.jpg", "a\nb.jpg", "x" * 1020])
    def test_a_path_that_no_photo_has_is_a_problem_of_its_own(self, api: Api, path: str) -> None:
        answer = api("POST", "/uploads/status", {"paths": [path, "a.jpg"]})
        bad, good = answer.document["uploads"]
        assert (answer.status, bad["status"], good["status"]) == (200, 422, 200)
        assert bad["problem"]["type"] == "bad_path"
        assert bad["photo"] is None

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"paths": []},
            {"paths": [""]},
            {"paths": ["a.jpg"] * 101},
            {"paths": "a.jpg"},
            {"paths": [1]},
            {"paths": ["\ud800.jpg", "a.jpg"]},
            {"paths": ["a.jpg"], "page": 1},
        ],
    )
    def test_refuses_what_is_no_list_of_up_to_a_hundred_paths(self, api: Api, body: Any) -> None:
        answer = api("POST", "/uploads/status", body)
        assert answer.status == 422
        assert answer.document["type"] == "invalid_request"

    def test_many_photos_are_read_in_order_with_as_many_connections_as_are_kept(
        self, api: Api, s3: "S3Client"
    ) -> None:
        paths = [f"{number}.jpg" for number in range(40)]
        for path in paths:
            upload(s3, path)
        reader: Any = status._status_reader().s3
        running: list[None] = []
        at_once: list[int] = []

        def begin(**_: Any) -> None:
            running.append(None)
            at_once.append(len(running))

        reader.meta.events.register("before-call.s3", begin)
        reader.meta.events.register("after-call.s3", lambda **_: running.pop())
        answer = api("POST", "/uploads/status", {"paths": paths})
        assert [each["photo"]["path"] for each in answer.document["uploads"]] == paths
        assert 1 < max(at_once) <= reader.meta.config.max_pool_connections

    def test_what_lambda_could_not_return_is_refused_with_the_number_that_fits(
        self, api: Api, s3: "S3Client", monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("lib.uploads.response_limit.MAX_RESPONSE", 2000)
        answer = api("POST", "/uploads/status", {"paths": [f"{n}.jpg" for n in range(30)]})
        assert (answer.status, answer.document["type"]) == (413, "too_many_bytes")
        fewer = int(answer.document["detail"].split("ask for ")[1].split()[0])
        assert 1 <= fewer < 30
        fits = api("POST", "/uploads/status", {"paths": [f"{n}.jpg" for n in range(fewer)]})
        assert fits.status == 200


class TestDeletion:
    @pytest.mark.parametrize("path", ODD_PATHS)
    def test_takes_away_exactly_this_original(self, api: Api, s3: "S3Client", path: str) -> None:
        upload(s3, path)
        upload(s3, "other.jpg")
        answer = api("DELETE", f"/uploads/{quote(path)}")
        assert (answer.status, answer.document) == (204, None)
        assert keys(s3) == ["originals/other.jpg"]

    @pytest.mark.parametrize("path", [*ODD_PATHS, *CUT_PATHS])
    def test_by_a_query_takes_any_path(self, api: Api, s3: "S3Client", path: str) -> None:
        upload(s3, path)
        assert api("DELETE", "/uploads", query={"path": path}).status == 204
        assert keys(s3) == []

    def test_twice_or_of_nothing_is_the_same_as_once(self, api: Api, s3: "S3Client") -> None:
        upload(s3, "a.jpg")
        assert [api("DELETE", "/uploads/a.jpg").status for _ in range(3)] == [204] * 3
        assert keys(s3) == []

    def test_calls_off_what_was_to_be_fetched(self, api: Api, s3: "S3Client") -> None:
        api("POST", "/uploads", {"url": "https://photos.example/a.jpg", "path": "a.jpg"})
        assert api("DELETE", "/uploads/a.jpg").status == 204
        assert set(states(api("GET", "/uploads/a.jpg").document).values()) == {"gone"}

    @pytest.mark.parametrize("path", ["a/../b.jpg", "a//b.jpg", "../images/a.jpg"])
    def test_refuses_a_path_that_no_photo_can_have(
        self, api: Api, s3: "S3Client", path: str
    ) -> None:
        upload(s3, "b.jpg")
        answer = api("DELETE", f"/uploads/{path}")
        assert (answer.status, answer.document["type"]) == (422, "bad_path")
        assert keys(s3) == ["originals/b.jpg"]


def keys(s3: "S3Client") -> list[str]:
    found = s3.list_objects_v2(Bucket="originals-bucket").get("Contents", [])
    return [each["Key"] for each in found]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/uploads/2026/a.jpg", {"focus": [0.3, 0.4]}),
        ("POST", "/render", b"\xff\xd8\xff"),
        ("POST", "/render", "no JSON {"),
        ("GET", "/missing/400x300/a%2Fb%20c+%C3%A9.jpg", None),
        ("GET", "/missing/..%2F..%2Fopenapi.json", None),
        ("GET", "/docs", None),
    ],
)
def test_routes_that_are_switched_off_are_answered_with_a_404(
    api: Api, monkeypatch: pytest.MonkeyPatch, method: str, path: str, body: Any
) -> None:
    monkeypatch.setenv("SWAGGER", "false")
    monkeypatch.setenv("RENDER_SIZES", "[]")
    monkeypatch.delenv("HAS_FOCUS")
    answer = api(method, path, body, content_type="image/jpeg", function=openapi)
    assert (answer.status, answer.document["type"]) == (404, "no_route")
    assert answer.headers["Content-Type"] == PROBLEM


class TestTheDocument:
    def test_has_every_route_of_the_template(self, api: Api) -> None:
        document = api("GET", "/openapi.json").document
        routes = {(m.upper(), path) for path, item in document["paths"].items() for m in item}
        assert routes == {
            ("POST", "/uploads"),
            ("POST", "/uploads/batch"),
            ("POST", "/uploads/status"),
            ("GET", "/uploads"),
            ("GET", "/uploads/{path}"),
            ("POST", "/uploads/{path}"),
            ("DELETE", "/uploads"),
            ("DELETE", "/uploads/{path}"),
            ("POST", "/render"),
        }
        assert document["servers"] == [{"url": "https://api.example"}]

    @pytest.mark.parametrize(
        ("auth", "kind"), [("token", "http"), ("jwt", "http"), ("iam", "apiKey"), ("none", None)]
    )
    def test_says_who_may_call(
        self, api: Api, monkeypatch: pytest.MonkeyPatch, auth: str, kind: str | None
    ) -> None:
        monkeypatch.setenv("AUTH", auth)
        document = api("GET", "/openapi.json").document
        schemes = document["components"].get("securitySchemes", {})
        assert {name: scheme["type"] for name, scheme in schemes.items()} == (
            {auth: kind} if kind else {}
        )
        assert document.get("security") == ([{auth: []}] if kind else None)

    def test_of_every_refusal_is_a_problem(self, api: Api) -> None:
        document = api("GET", "/openapi.json").document
        for item in document["paths"].values():
            for operation in item.values():
                assert list(operation["responses"]["422"]["content"]) == [PROBLEM]
                # API Gateway has its own words for a function that gives no answer.
                for code in ("500", "503"):
                    assert PROBLEM in operation["responses"][code]["content"]

    def test_has_a_page_to_try_it_with_unless_the_stage_has_none(
        self, api: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        page = api("GET", "/docs")
        assert page.status == 200
        assert page.headers["Content-Type"].startswith("text/html")


def test_the_page_to_try_it_with_can_be_left_out(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWAGGER", "false")
    assert api("GET", "/docs").status == 404

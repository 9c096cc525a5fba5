"""The door for pictures that the images bucket lacks, called as CloudFront calls it, on moto."""

import json
import random
from base64 import b64decode
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

import boto3
import pytest

from handlers import on_demand
from lib import images
from lib.aws import s3 as objects
from lib.aws import sqs as queues
from lib.errors import TransientError
from lib.sizes import Size, packed
from tests.integration.conftest import SIZE, Context, WorkerDoor
from tests.integration.test_resize import PHOTO, put, variant
from tests.payloads import payload

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

HERO = Size(name="hero", width=60, height=40, formats=("webp",))


class Answer(NamedTuple):
    """What the function answers."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def kind(self) -> str:
        return str(json.loads(self.body)["type"])


class Cdn:
    """Falls over to the function, as the distribution does."""

    def __call__(self, path: str, **headers: str) -> Answer:
        event = payload("cloudfront_function_url")
        event["rawPath"] = event["requestContext"]["http"]["path"] = path
        event["headers"] |= {name.replace("_", "-"): value for name, value in headers.items()}
        told = on_demand.handler(event, Context())  # type: ignore[arg-type]
        body = told["body"]
        data = b64decode(body) if told.get("isBase64Encoded") else body.encode()
        return Answer(told["statusCode"], told["headers"], data)


@pytest.fixture
def cdn(deliver: WorkerDoor, monkeypatch: pytest.MonkeyPatch) -> Cdn:
    """The function, with its settings in the environment; `deliver` has the worker's."""
    for size in (SIZE, HERO):
        boto3.client("sqs").create_queue(QueueName=f"stage-{size.name}")
    for name, value in {
        "SIZES": packed([SIZE, HERO]),
        "QUEUE_PREFIX": "stage-",
        "CHECK_DELAY": "85",
        "BROWSER_SECONDS": "60",
        "CDN_SECONDS": "120",
        "IMMUTABLE": "false",
    }.items():
        monkeypatch.setenv(name, value)
    return Cdn()


@pytest.fixture
def renders(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The sizes at which something was rendered."""
    done = []
    render_all = images.render_all

    def counting(source: bytes, size: Size) -> list[images.Rendition]:
        done.append(size.name)
        return render_all(source, size)

    monkeypatch.setattr(images, "render_all", counting)
    return done


@pytest.fixture
def checks(cdn: Cdn, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Keys that a size's workers are asked to look at, and after how many seconds."""
    asked = []
    send = queues.send

    def noting(sqs: Any, url: str, body: str, attributes: Any, *, delay: int = 0) -> None:
        send(sqs, url, body, attributes, delay=delay)
        if url.endswith("/stage-40x30"):
            asked.append((json.loads(body)["Records"][0]["s3"]["object"]["key"], delay))

    monkeypatch.setattr(queues, "send", noting)
    return asked


def test_a_missing_variant_is_made_stored_and_answered_with(s3: "S3Client", cdn: Cdn) -> None:
    put(s3, "2026/a b+c%.jpg")
    answer = cdn("/40x30/2026/a%20b%2Bc%25.jpg")
    stored = variant(s3, "2026/a b+c%.jpg")
    assert answer.status == 200
    assert answer.body == stored["Body"].read()
    assert answer.headers["Content-Type"] == stored["ContentType"] == "image/jpeg"
    assert answer.headers["Cache-Control"] == stored["CacheControl"]
    assert answer.headers["Cache-Control"] == "public, max-age=60, s-maxage=120"
    assert answer.headers["ETag"] == stored["ETag"]


def test_it_is_the_bytes_that_the_queues_worker_makes(
    s3: "S3Client", cdn: Cdn, deliver: WorkerDoor
) -> None:
    put(s3, "asked.jpg")
    deliver(put(s3, "queued.jpg"))
    assert cdn("/40x30/asked.jpg").body == variant(s3, "queued.jpg")["Body"].read()


def test_a_worker_that_comes_afterwards_finds_it_current(
    s3: "S3Client",
    cdn: Cdn,
    deliver: WorkerDoor,
    renders: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CACHE_CONTROL", "public, max-age=60, s-maxage=120")
    message = put(s3, "a.jpg")
    cdn("/40x30/a.jpg")
    assert renders == ["40x30"]
    assert deliver(message) == []
    assert renders == ["40x30"]


def test_before_it_writes_it_asks_a_worker_to_look_later(
    s3: "S3Client", cdn: Cdn, checks: list[tuple[str, int]]
) -> None:
    put(s3, "a b.jpg")
    cdn("/40x30/a%20b.jpg")
    assert checks == [("originals/a+b.jpg", 85)]


def test_what_cannot_be_checked_later_is_not_written(
    s3: "S3Client", cdn: Cdn, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise TransientError("busy", "SQS is busy")

    put(s3, "a.jpg")
    monkeypatch.setattr("lib.aws.sqs.send", refuse)
    answer = cdn("/40x30/a.jpg")
    assert (answer.status, answer.kind) == (503, "busy")
    assert answer.headers["Cache-Control"] == "no-store"
    assert variant(s3, "a.jpg") is None


def test_all_formats_of_a_size_are_made_at_once(s3: "S3Client", cdn: Cdn) -> None:
    put(s3, "a.jpg")
    assert cdn("/hero.webp/a.jpg").headers["Content-Type"] == "image/webp"
    assert s3.head_object(Bucket="images-bucket", Key="hero/a.jpg")["ContentType"] == "image/jpeg"


def test_the_folder_may_have_been_chosen_by_the_cdn(s3: "S3Client", cdn: Cdn) -> None:
    put(s3, "2026/a.jpg")
    answer = cdn("/2026/a.jpg", x_fanout_folder="hero.webp")
    assert answer.headers["Content-Type"] == "image/webp"


def test_a_thousand_unknown_sizes_render_nothing(
    s3: "S3Client", cdn: Cdn, renders: list[str], checks: list[tuple[str, int]]
) -> None:
    put(s3, "a.jpg")
    chance = random.Random(8)  # noqa: S311  the same sizes each time
    for _ in range(1000):
        size = f"{chance.randrange(1, 9000)}x{chance.choice(['', chance.randrange(1, 9000)])}"
        answer = cdn(f"/{size}/a.jpg")
        assert (answer.status, answer.kind) == (404, "unknown_size")
        assert answer.headers["Cache-Control"] == "max-age=5"
    assert renders == []
    assert checks == []
    assert "Contents" not in s3.list_objects_v2(Bucket="images-bucket")


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/40x30",
        "/40x30/",
        "/40x30/../hero/a.jpg",
        "/40x30//a.jpg",
        "/40x30/a%00.jpg",
        "/40x30/%FF.jpg",
        "/40x30/" + quote("ü" * 600),
        "/40x30.webp/a.jpg",
        "/hero.avif/a.jpg",
    ],
)
def test_what_names_no_variant_is_not_found(
    s3: "S3Client", cdn: Cdn, renders: list[str], path: str
) -> None:
    put(s3, "a.jpg")
    answer = cdn(path)
    assert answer.status == 404
    assert answer.headers["Cache-Control"] == "max-age=5"
    assert renders == []


def test_an_unknown_original_is_not_found_for_seconds(
    s3: "S3Client", cdn: Cdn, checks: list[tuple[str, int]]
) -> None:
    answer = cdn("/40x30/nobody.jpg")
    assert (answer.status, answer.kind) == (404, "no_picture")
    assert answer.headers["Cache-Control"] == "max-age=5"
    assert checks == []


def test_what_cannot_be_rendered_is_left_to_a_worker_and_not_tried_again(
    s3: "S3Client", cdn: Cdn, checks: list[tuple[str, int]], deliver: WorkerDoor, renders: list[str]
) -> None:
    message = put(s3, "broken.jpg", PHOTO[: len(PHOTO) // 2])
    answer = cdn("/40x30/broken.jpg")
    assert (answer.status, answer.kind) == (404, "not_rendered")
    assert b"truncated" in answer.body
    assert checks == [("originals/broken.jpg", 0)]
    deliver(message)
    renders.clear()
    again = cdn("/40x30/broken.jpg")
    assert (again.status, again.kind) == (404, "not_rendered")
    assert renders == []


def test_a_photo_that_replaced_a_broken_one_is_rendered(
    s3: "S3Client", cdn: Cdn, deliver: WorkerDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(put(s3, "a.jpg", PHOTO[: len(PHOTO) // 2]))
    put(s3, "a.jpg")
    later = datetime.now(UTC) + timedelta(seconds=2)
    monkeypatch.setattr(
        objects,
        "head",
        _uploaded_at(objects.head, later),
    )
    assert cdn("/40x30/a.jpg").status == 200


def _uploaded_at(head: Any, when: datetime) -> Any:
    """S3 tells times in whole seconds, and a test does not wait for the next."""

    def told(s3: Any, bucket: str, key: str) -> Any:
        found = head(s3, bucket, key)
        return found._replace(modified=when) if found and bucket == "originals-bucket" else found

    return told


def test_a_picture_too_large_for_an_answer_is_stored_and_pointed_at(
    s3: "S3Client", cdn: Cdn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(on_demand, "MAX_PICTURE_BYTES", 100)
    put(s3, "a b.jpg")
    answer = cdn("/40x30/a%20b.jpg")
    assert answer.status == 302
    assert answer.headers["Location"] == "/40x30/a%20b.jpg"
    assert answer.headers["Cache-Control"] == "no-store"
    assert variant(s3, "a b.jpg") is not None


def metrics(captured: str) -> dict[str, Any]:
    """The one line of metrics among what was printed."""
    lines = [json.loads(line) for line in captured.splitlines() if line.startswith("{")]
    (line,) = [each for each in lines if "_aws" in each]
    return dict(line)


def test_how_often_the_cdn_falls_over_is_a_metric_of_its_own(
    s3: "S3Client", cdn: Cdn, capsys: pytest.CaptureFixture[str]
) -> None:
    put(s3, "a.jpg")
    cdn("/40x30/a.jpg")
    told = metrics(capsys.readouterr().out)
    assert told["size"] == "on-demand"
    assert told["Asked"] == [1.0]
    assert told["asked_made"] == 1
    assert "Needless" not in told


def test_asking_for_what_has_been_there_for_long_is_needless(
    s3: "S3Client", cdn: Cdn, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    put(s3, "a.jpg")
    cdn("/40x30/a.jpg")
    cdn("/40x30/a.jpg")
    assert '"Needless"' not in capsys.readouterr().out
    monkeypatch.setattr(on_demand, "_AT_ONCE", timedelta(seconds=-5))
    assert cdn("/40x30/a.jpg").status == 200
    told = metrics(capsys.readouterr().out)
    assert told["Needless"] == [1.0]
    assert told["asked_needless"] == 1

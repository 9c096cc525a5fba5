"""The function for images that the bucket lacks, called as CloudFront calls it, on moto."""

import json
import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from handlers import on_demand
from lib import keys
from lib.auth.signatures import sign
from lib.errors import TransientError
from lib.on_demand import attempts, variants
from lib.sizes import Size, pack_sizes
from tests.integration.cdn import HERO, Cdn, cdn, rechecks, renders
from tests.integration.conftest import SIZE, Context, Queues, WorkerCall, create_queue
from tests.integration.pipeline.test_invalidations import uploaded_at
from tests.integration.pipeline.test_resize import PHOTO, put, variant
from tests.integration.pipeline.test_stopped_workers import StoppedError
from tests.integration.signing import FIRST, SigningSecret, secret
from tests.payloads import payload
from tests.pictures import decoded

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

__all__ = ["cdn", "rechecks", "renders", "secret"]  # fixtures


def test_a_missing_variant_is_rendered_stored_and_returned(s3: "S3Client", cdn: Cdn) -> None:
    put(s3, "2026/a b+c%.jpg")
    response = cdn("/40x30/2026/a%20b%2Bc%25.jpg")
    stored = variant(s3, "2026/a b+c%.jpg")
    assert response.status == 200
    assert response.body == stored["Body"].read()
    assert response.headers["Content-Type"] == stored["ContentType"] == "image/jpeg"
    assert response.headers["Cache-Control"] == stored["CacheControl"]
    assert response.headers["Cache-Control"] == "public, max-age=60, s-maxage=120"
    assert response.headers["ETag"] == stored["ETag"]


def test_it_is_the_bytes_that_the_queues_worker_makes(
    s3: "S3Client", cdn: Cdn, deliver: WorkerCall
) -> None:
    put(s3, "asked.jpg")
    deliver(put(s3, "queued.jpg"))
    assert cdn("/40x30/asked.jpg").body == variant(s3, "queued.jpg")["Body"].read()


def test_a_worker_that_comes_afterwards_finds_it_current(
    s3: "S3Client",
    cdn: Cdn,
    deliver: WorkerCall,
    renders: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CACHE_CONTROL", "public, max-age=60, s-maxage=120")
    message = put(s3, "a.jpg")
    cdn("/40x30/a.jpg")
    assert renders == ["40x30"]
    assert deliver(message) == []
    assert renders == ["40x30"]


def test_before_it_writes_it_sends_a_recheck(
    s3: "S3Client", cdn: Cdn, rechecks: list[tuple[str, int]]
) -> None:
    put(s3, "a b.jpg")
    cdn("/40x30/a%20b.jpg")
    assert rechecks == [("originals/a+b.jpg", 85)]


def test_what_cannot_be_checked_later_is_not_written(
    s3: "S3Client", cdn: Cdn, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise TransientError("busy", "SQS is busy")

    put(s3, "a.jpg")
    monkeypatch.setattr("lib.aws.sqs.send", refuse)
    response = cdn("/40x30/a.jpg")
    assert (response.status, response.kind) == (503, "busy")
    assert response.headers["Cache-Control"] == "no-store"
    assert variant(s3, "a.jpg") is None


def test_all_formats_of_a_size_are_made_at_once(s3: "S3Client", cdn: Cdn) -> None:
    put(s3, "a.jpg")
    assert cdn("/hero.webp/a.jpg").headers["Content-Type"] == "image/webp"
    assert s3.head_object(Bucket="images-bucket", Key="hero/a.jpg")["ContentType"] == "image/jpeg"


def test_no_header_decides_the_folder(s3: "S3Client", cdn: Cdn) -> None:
    put(s3, "2026/a.jpg")
    assert cdn("/2026/a.jpg", x_fanout_folder="hero.webp").kind == "unknown_size"
    response = cdn("/hero.webp/2026/a.jpg", x_fanout_folder="40x30")
    assert response.headers["Content-Type"] == "image/webp"


@pytest.mark.parametrize("raw", ["/40x30/a.jpg", "/", "/_signed/a.jpg/w=64/x", "/%2F40x30", "/L"])
def test_what_does_not_come_through_the_cdn_is_refused_before_anything_is_read(
    s3: "S3Client", cdn: Cdn, raw: str
) -> None:
    put(s3, "a.jpg")
    event = payload("cloudfront_function_url") | {"rawPath": raw}
    response = on_demand.handler(event, Context())  # type: ignore[arg-type]
    assert response["statusCode"] == 400
    assert response["headers"]["Cache-Control"] == "max-age=5"
    assert variant(s3, "a.jpg") is None


def test_a_thousand_unknown_sizes_render_nothing(
    s3: "S3Client", cdn: Cdn, renders: list[str], rechecks: list[tuple[str, int]]
) -> None:
    put(s3, "a.jpg")
    chance = random.Random(8)  # noqa: S311  the same sizes each time
    for _ in range(1000):
        size = f"{chance.randrange(1, 9000)}x{chance.choice(['', chance.randrange(1, 9000)])}"
        response = cdn(f"/{size}/a.jpg")
        assert (response.status, response.kind) == (404, "unknown_size")
        assert response.headers["Cache-Control"] == "max-age=5"
    assert renders == []
    assert rechecks == []
    assert "Contents" not in s3.list_objects_v2(Bucket="images-bucket")


def test_a_size_that_is_not_made_of_the_photo_is_not_found_and_reads_nothing(
    s3: "S3Client",
    cdn: Cdn,
    queues: Queues,
    renders: list[str],
    rechecks: list[tuple[str, int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limited = Size.model_validate({**SIZE.model_dump(), "paths": ["avatars/"]})
    monkeypatch.setenv("PACKED_SIZES", pack_sizes([limited, HERO]))
    put(s3, "a.jpg")
    put(s3, "avatars/a.jpg")
    calls: list[str] = []
    on_demand._variants().s3.meta.events.register(
        "before-call.s3", lambda model, **_: calls.append(model.name)
    )
    response = cdn("/40x30/a.jpg")
    assert (response.status, response.kind) == (404, "unknown_size")
    assert response.body.endswith(b'the sizes are hero"}')
    assert (calls, renders, rechecks, queues.dead_letters()) == ([], [], [], [])
    assert cdn("/hero.webp/a.jpg").status == 200
    assert cdn("/40x30/avatars/a.jpg").status == 200
    assert len(rechecks) == 1


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
    response = cdn(path)
    assert response.status == 404
    assert response.headers["Cache-Control"] == "max-age=5"
    assert renders == []


def test_an_unknown_original_is_not_found_for_seconds(
    s3: "S3Client", cdn: Cdn, rechecks: list[tuple[str, int]]
) -> None:
    response = cdn("/40x30/nobody.jpg")
    assert (response.status, response.kind) == (404, "no_picture")
    assert response.headers["Cache-Control"] == "max-age=5"
    assert rechecks == []


def test_what_cannot_be_rendered_is_left_to_a_worker_and_not_tried_again(
    s3: "S3Client",
    cdn: Cdn,
    rechecks: list[tuple[str, int]],
    deliver: WorkerCall,
    renders: list[str],
) -> None:
    message = put(s3, "broken.jpg", PHOTO[: len(PHOTO) // 2])
    response = cdn("/40x30/broken.jpg")
    assert (response.status, response.kind) == (404, "not_rendered")
    assert b"truncated" in response.body
    assert rechecks == [("originals/broken.jpg", 0)]
    deliver(message)
    renders.clear()
    again = cdn("/40x30/broken.jpg")
    assert (again.status, again.kind) == (404, "not_rendered")
    assert renders == []


def test_many_who_ask_for_it_at_once_make_one_dead_letter(
    s3: "S3Client", cdn: Cdn, rechecks: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    put(s3, "broken.jpg", PHOTO[: len(PHOTO) // 2])
    put(s3, "other.jpg", PHOTO[: len(PHOTO) // 2])
    for path in ("broken", "broken", "other", "broken"):
        assert cdn(f"/40x30/{path}.jpg").kind == "not_rendered"
    assert rechecks == [("originals/broken.jpg", 0), ("originals/other.jpg", 0)]
    # The worker has not done it in all this time.
    monkeypatch.setattr(attempts, "_LEFT_LASTS", timedelta(seconds=-5))
    cdn("/40x30/broken.jpg")
    assert rechecks[2:] == [("originals/broken.jpg", 0)]


def test_a_photo_that_stops_the_function_is_left_to_a_worker_and_not_tried_again(
    s3: "S3Client",
    cdn: Cdn,
    rechecks: list[tuple[str, int]],
    queues: Queues,
    deliver: WorkerCall,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def stop(*_: Any) -> None:
        raise StoppedError

    monkeypatch.setattr(attempts, "_PAUSE", 0)
    monkeypatch.setenv("CACHE_CONTROL", "public, max-age=60, s-maxage=120")
    message = put(s3, "a b.jpg")
    with monkeypatch.context() as patch:
        patch.setattr("lib.images.render_all", stop)
        with pytest.raises(StoppedError):
            cdn("/40x30/a%20b.jpg")
    response = cdn("/40x30/a%20b.jpg")
    assert (response.status, response.kind) == (503, "busy")
    monkeypatch.setattr(attempts, "_CLOCKS", timedelta(seconds=-25))
    for _ in range(3):
        response = cdn("/40x30/a%20b.jpg")
        assert (response.status, response.kind) == (404, "not_rendered")
        assert b"worker_stopped" in response.body
    assert rechecks == [("originals/a+b.jpg", 0)]
    # It was the function's shorter timeout, and nothing about the photo.
    deliver(message)
    assert cdn("/40x30/a%20b.jpg").status == 200


def test_what_cannot_be_rendered_any_more_is_a_workers_to_remove(
    s3: "S3Client",
    cdn: Cdn,
    deliver: WorkerCall,
    rechecks: list[tuple[str, int]],
    queues: Queues,
) -> None:
    """It was made from an older original: a look now, and none of its own later."""
    deliver(put(s3, "a.jpg"))
    message = put(s3, "a.jpg", PHOTO[: len(PHOTO) // 2])
    assert cdn("/40x30/a.jpg").kind == "not_rendered"
    assert rechecks == [("originals/a.jpg", 0)]
    deliver(message)
    assert variant(s3, "a.jpg") is None
    assert len(queues.dead_letters()) == 1


THUMBNAIL = Size(name="thumbnail", width=60, height=40, formats=("avif",))
# `originals/` and `thumbnail/` fit, `thumbnail.avif/` does not.
LONG = "x" * (1024 - len("thumbnail.avif/") + 1)


@pytest.fixture
def thumbnail(cdn: Cdn, monkeypatch: pytest.MonkeyPatch) -> Cdn:
    """The function on a stage with a size whose folders have long names."""
    create_queue("stage-thumbnail")
    monkeypatch.setenv("PACKED_SIZES", pack_sizes([THUMBNAIL]))
    return cdn


@pytest.mark.parametrize("folder", ["thumbnail", "thumbnail.avif"])
@pytest.mark.parametrize("exists", [False, True])
def test_a_path_that_does_not_fit_each_folder_of_a_size_is_nobodys_dead_letter(
    s3: "S3Client",
    thumbnail: Cdn,
    renders: list[str],
    monkeypatch: pytest.MonkeyPatch,
    folder: str,
    exists: bool,
) -> None:
    if exists:
        put(s3, LONG)

    def fail(*_: Any, **__: Any) -> None:
        pytest.fail("something was read or sent for a photo that there cannot be")

    on_demand._variants().s3.meta.events.register("before-call.s3", fail)
    monkeypatch.setattr("lib.aws.sqs.send", fail)
    for _ in range(2):
        response = thumbnail(f"/{folder}/{LONG}")
        assert (response.status, response.kind) == (404, "not_rendered")
        assert b"S3 takes 1024" in response.body
    assert renders == []


def test_a_path_that_just_fits_is_rendered(s3: "S3Client", thumbnail: Cdn) -> None:
    put(s3, LONG[:-1])
    assert thumbnail(f"/thumbnail.avif/{LONG[:-1]}").status == 200


def test_a_photo_that_replaced_a_broken_one_is_rendered(
    s3: "S3Client", cdn: Cdn, deliver: WorkerCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(put(s3, "a.jpg", PHOTO[: len(PHOTO) // 2]))
    put(s3, "a.jpg")
    uploaded_at(monkeypatch, datetime.now(UTC) + timedelta(seconds=2))
    assert cdn("/40x30/a.jpg").status == 200


def test_an_image_too_large_for_a_response_is_stored_and_redirected_to(
    s3: "S3Client", cdn: Cdn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(on_demand, "MAX_IMAGE_BYTES", 100)
    put(s3, "a b.jpg")
    response = cdn("/40x30/a%20b.jpg")
    assert response.status == 302
    assert response.headers["Location"] == "/40x30/a%20b.jpg"
    assert response.headers["Cache-Control"] == "no-store"
    assert variant(s3, "a b.jpg") is not None


def metrics(captured: str) -> dict[str, Any]:
    """The one line of metrics among what was printed."""
    lines = [json.loads(line) for line in captured.splitlines() if line.startswith("{")]
    (line,) = [each for each in lines if "_aws" in each]
    return dict(line)


def test_how_often_the_origin_fails_over_is_a_metric_of_its_own(
    s3: "S3Client", cdn: Cdn, capsys: pytest.CaptureFixture[str]
) -> None:
    put(s3, "a.jpg")
    cdn("/40x30/a.jpg")
    recorded = metrics(capsys.readouterr().out)
    assert recorded["size"] == "on-demand"
    (milliseconds,) = recorded["Duration"]
    assert milliseconds > 0
    assert "Needless" not in recorded


def test_asking_for_what_has_been_there_for_long_is_needless(
    s3: "S3Client", cdn: Cdn, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    put(s3, "a.jpg")
    cdn("/40x30/a.jpg")
    cdn("/40x30/a.jpg")
    assert '"Needless"' not in capsys.readouterr().out
    monkeypatch.setattr(variants, "AT_ONCE", timedelta(seconds=-5))
    assert cdn("/40x30/a.jpg").status == 200
    recorded = metrics(capsys.readouterr().out)
    assert recorded["Needless"] == [1.0]


@pytest.fixture
def signing(cdn: Cdn, secret: SigningSecret, monkeypatch: pytest.MonkeyPatch) -> Cdn:
    """The function on a stage with signed URLs."""
    monkeypatch.setenv("SIGNING_KEYS", secret.arn)
    return cdn


def signed(path: str, options: str, key: str = FIRST) -> str:
    return f"/_signed/{keys.url_path(path)}/{options}/{sign(key, path, options)}"


def test_a_signed_picture_is_made_and_not_stored(
    s3: "S3Client", signing: Cdn, rechecks: list[tuple[str, int]]
) -> None:
    put(s3, "2026/a b.jpg")
    response = signing(signed("2026/a b.jpg", "w=64,h=36,format=webp"))
    assert response.status == 200
    assert response.headers["Content-Type"] == "image/webp"
    assert response.headers["Cache-Control"] == "public, max-age=60, s-maxage=120"
    assert decoded(response.body).size == (64, 36)
    assert "Contents" not in s3.list_objects_v2(Bucket="images-bucket")
    assert rechecks == []


@pytest.mark.parametrize(
    ("path", "status", "kind"),
    [
        (signed("a.jpg", "w=64", key="x" * 64), 403, "bad_signature"),
        (signed("a.jpg", "w=64").replace("w=64", "w=65"), 403, "bad_signature"),
        (signed("a.jpg", "w=64").replace("a.jpg", "%61.jpg"), 400, "invalid_request"),
        (signed("a.jpg", "w=64,expires=1"), 403, "expired"),
        (signed("a.jpg", "w=9000"), 404, "invalid_request"),
        (signed("broken.jpg", "w=64"), 404, "not_rendered"),
        (signed("nobody.jpg", "w=64"), 404, "no_picture"),
        ("/_signed/a.jpg", 404, "bad_path"),
        ("/_signed/", 404, "bad_path"),
    ],
)
def test_a_refused_signed_url_is_kept_for_seconds(
    s3: "S3Client", signing: Cdn, path: str, status: int, kind: str
) -> None:
    put(s3, "a.jpg")
    put(s3, "broken.jpg", PHOTO[: len(PHOTO) // 2])
    response = signing(path)
    assert (response.status, response.kind) == (status, kind)
    assert response.headers["Cache-Control"] == "max-age=5"


def test_a_visitor_cannot_turn_a_signed_url_into_a_size_by_a_header(
    s3: "S3Client", signing: Cdn, renders: list[str]
) -> None:
    put(s3, "a.jpg")
    response = signing(signed("a.jpg", "w=64", key="x" * 64), x_fanout_folder="40x30")
    assert response.kind == "bad_signature"
    assert renders == []


def test_the_log_has_no_url_in_it_that_works(
    s3: "S3Client", signing: Cdn, caplog: pytest.LogCaptureFixture
) -> None:
    put(s3, "a.jpg")
    url = signed("a.jpg", "w=64")
    assert signing(url).status == 200
    logged = str([vars(record) for record in caplog.records])
    assert "a.jpg/w%3D64" in logged
    assert url.rpartition("/")[2] not in logged


def invalidations(queues: Queues) -> list[Any]:
    received = queues.sqs.receive_message(QueueUrl=queues.purge_url, MaxNumberOfMessages=10)
    return [json.loads(message["Body"]) for message in received.get("Messages", [])]


def test_the_first_variant_has_signed_pictures_of_an_older_photo_purged(
    s3: "S3Client", signing: Cdn, queues: Queues
) -> None:
    put(s3, "a.jpg")
    signing("/40x30/a.jpg")
    assert invalidations(queues) == [{"paths": ["/40x30/a.jpg"], "signed_only": True}]


def test_a_stranger_causes_no_purge(s3: "S3Client", signing: Cdn, queues: Queues) -> None:
    put(s3, "broken.jpg", PHOTO[: len(PHOTO) // 2])
    for path in ("nobody.jpg", "broken.jpg"):
        assert signing(f"/40x30/{path}").status == 404
    assert invalidations(queues) == []


def test_a_stage_without_signed_urls_knows_none(s3: "S3Client", cdn: Cdn) -> None:
    put(s3, "a.jpg")
    assert cdn(signed("a.jpg", "w=64")).kind == "unknown_size"

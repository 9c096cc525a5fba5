"""The status of one photo on moto, in each state and after each turn of events."""

import os
from base64 import b64decode
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from cli.stage import Stage
from lib.errors import ConfigError, PermanentError
from lib.pipeline.failure_records import FailureRecord, FailureRecords
from lib.pipeline.put_options import PutOptions
from lib.sizes import Size, recipe_id
from lib.uploads.status import (
    Expected,
    PhotoStatus,
    SizeStatus,
    Status,
    StatusPoller,
    StatusReader,
)
from tests.command_line import fanout
from tests.integration.conftest import SIZE, WorkerCall
from tests.integration.pipeline.test_resize import Failing, put, refusal
from tests.integration.stage import Deployed, deployed
from tests.payloads import ORIGINALS
from tests.pictures import encoded, quarters
from tests.thumbhash import decode

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

__all__ = ["deployed"]  # a fixture


def reader(s3: "S3Client", *sizes: Size) -> StatusReader:
    return StatusReader(
        s3=s3,
        sizes=sizes or (SIZE,),
        originals=ORIGINALS,
        images_bucket="images-bucket",
        failures_bucket="failures-bucket",
        images_url="https://images.example",
    )


def status(s3: "S3Client", path: str, *sizes: Size) -> Status:
    return reader(s3, *sizes).get(path).sizes


def expecting(s3: "S3Client", *, recipe: str = "", **options: Any) -> StatusReader:
    """Reads the size with another recipe, or other put options, than its worker's."""
    given: Any = {"cache_control": os.environ["CACHE_CONTROL"], "acl": None} | options
    expected = Expected(recipe or recipe_id(SIZE), PutOptions(**given))
    return replace(reader(s3), expected={SIZE.name: expected})


def fail(s3: "S3Client", path: str, *, seconds_ago: float) -> None:
    """Leave the record of an attempt that began so long ago."""
    began = datetime.now(UTC) - timedelta(seconds=seconds_ago)
    record = FailureRecord(
        reason="SlowDown", error="slow", attempts=10, began_at=began, failed_at=began
    )
    FailureRecords(s3, "failures-bucket", SIZE.name).put(path, record)


def test_a_rendered_photo_is_ready_and_all_is_told_of_its_variant(
    s3: "S3Client", deliver: WorkerCall
) -> None:
    path = "2026/é 😀/a+b %2F&?#'.jpg"
    deliver(put(s3, path))
    told = status(s3, path)["40x30"]
    stored = s3.head_object(Bucket="images-bucket", Key=f"40x30/{path}")
    assert told.state == "ready"
    assert [variant.model_dump() for variant in told.variants] == [
        {
            "url": "https://images.example/40x30/2026/%C3%A9%20%F0%9F%98%80/a%2Bb%20%252F&%3F%23'.jpg",
            "content_type": "image/jpeg",
            "bytes": stored["ContentLength"],
            "pixels": "40x30",
            "modified": stored["LastModified"],
            "placeholder": None,
        }
    ]


def test_a_variant_with_a_placeholder_tells_it(
    s3: "S3Client", deliver: WorkerCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = SIZE.model_copy(update={"placeholder": True, "formats": ("webp",)})
    monkeypatch.setenv("SIZE", size.model_dump_json())
    deliver(put(s3, "a.png", encoded(Image.new("RGB", (80, 60), "#123456"), "PNG")))
    deliver(put(s3, "clear.png", encoded(Image.new("RGBA", (80, 60), "#0000"), "PNG")))
    colours = {
        path: [each.placeholder and each.placeholder.color for each in told.variants]
        for path in ("a.png", "clear.png")
        for told in status(s3, path, size).values()
    }
    assert colours == {"a.png": ["#123456", "#123456"], "clear.png": [None, None]}
    (own, _) = status(s3, "a.png", size)["40x30"].variants
    assert own.placeholder is not None
    shown = decode(b64decode(own.placeholder.thumbhash))
    assert shown.getpixel((9, 9)) == pytest.approx((0x12, 0x34, 0x56, 255), abs=8)


def test_no_original_is_gone_whatever_else_is_there(s3: "S3Client", deliver: WorkerCall) -> None:
    assert status(s3, "never.jpg") == {"40x30": SizeStatus(state="gone")}
    deliver(put(s3, "a.jpg"))
    fail(s3, "a.jpg", seconds_ago=0)
    s3.delete_object(Bucket="originals-bucket", Key="originals/a.jpg")
    assert status(s3, "a.jpg")["40x30"].state == "gone"


def test_an_upload_is_pending_until_it_is_rendered(s3: "S3Client", deliver: WorkerCall) -> None:
    message = put(s3, "a.jpg")
    assert status(s3, "a.jpg") == {"40x30": SizeStatus(state="pending")}
    deliver(message)
    assert status(s3, "a.jpg")["40x30"].state == "ready"


def test_an_overwritten_photo_is_pending_again(s3: "S3Client", deliver: WorkerCall) -> None:
    deliver(put(s3, "a.jpg"))
    message = put(s3, "a.jpg", encoded(quarters(100, 100)))
    assert status(s3, "a.jpg") == {"40x30": SizeStatus(state="pending", stale="original")}
    deliver(message)
    assert status(s3, "a.jpg")["40x30"].state == "ready"


def test_a_failed_size_tells_that_its_variant_is_of_an_older_original(
    s3: "S3Client", deliver: WorkerCall
) -> None:
    deliver(put(s3, "a.jpg"))
    put(s3, "a.jpg", encoded(quarters(100, 100)))
    fail(s3, "a.jpg", seconds_ago=0)
    told = status(s3, "a.jpg")["40x30"]
    assert (told.state, told.stale) == ("failed", "original")


def test_a_ready_size_tells_why_it_is_stale(s3: "S3Client", deliver: WorkerCall) -> None:
    deliver(put(s3, "a.jpg"))
    for changes, stale in (
        ({}, None),
        ({"recipe": "0123456789ab"}, "recipe"),
        ({"cache_control": "no-store"}, "put_options"),
        ({"acl": "public-read"}, "put_options"),
    ):
        told = expecting(s3, **changes).get("a.jpg").sizes["40x30"]
        assert (told.state, told.stale) == ("ready", stale)
    # Nothing is known of what to expect.
    assert status(s3, "a.jpg")["40x30"].stale is None


def test_the_original_is_described(s3: "S3Client") -> None:
    put(s3, "a.jpg")
    stored = s3.head_object(Bucket="originals-bucket", Key="originals/a.jpg")
    original = reader(s3).get("a.jpg").original
    assert original is not None
    assert original.model_dump() == {
        "content_type": stored["ContentType"],
        "bytes": stored["ContentLength"],
        "etag": stored["ETag"].strip('"'),
        "modified": stored["LastModified"],
    }
    assert reader(s3).get("never.jpg").original is None


def test_a_broken_file_has_failed_with_its_reason(s3: "S3Client", deliver: WorkerCall) -> None:
    deliver(put(s3, "a.jpg", b"no picture"))
    told = status(s3, "a.jpg")["40x30"]
    assert (told.state, told.reason) == ("failed", "unsupported")
    assert told.error is not None
    assert told.error.endswith("HEIC, TIFF or BMP")


def test_a_failure_of_an_older_original_says_nothing_about_a_newer_one(s3: "S3Client") -> None:
    put(s3, "a.jpg")
    fail(s3, "a.jpg", seconds_ago=5)
    assert status(s3, "a.jpg")["40x30"].state == "pending"
    fail(s3, "a.jpg", seconds_ago=-5)
    assert status(s3, "a.jpg")["40x30"].state == "failed"


def test_an_attempt_of_the_uploads_own_second_counts() -> None:
    noon = datetime(2026, 11, 1, 12, tzinfo=UTC)
    record = FailureRecord(
        reason="empty", error="", attempts=1, began_at=noon.replace(microsecond=1), failed_at=noon
    )
    assert record.is_about(noon.replace(microsecond=999_999))
    assert record.is_about(noon)
    assert not record.is_about(noon + timedelta(seconds=1))


def test_what_is_ready_has_not_failed_whatever_record_is_left(
    s3: "S3Client", deliver: WorkerCall
) -> None:
    deliver(put(s3, "a.jpg"))
    fail(s3, "a.jpg", seconds_ago=-5)
    assert status(s3, "a.jpg")["40x30"].state == "ready"


def test_another_recipe_is_ready_all_the_same(s3: "S3Client", deliver: WorkerCall) -> None:
    deliver(put(s3, "a.jpg"))
    other = SIZE.model_copy(update={"fit": "fill"})
    assert status(s3, "a.jpg", other)["40x30"].state == "ready"


def test_a_variant_without_a_word_of_its_pixels_is_ready_all_the_same(
    s3: "S3Client", deliver: WorkerCall
) -> None:
    """Someone has written its metadata anew."""
    deliver(put(s3, "a.jpg"))
    stored = s3.head_object(Bucket="images-bucket", Key="40x30/a.jpg")
    s3.copy_object(
        Bucket="images-bucket",
        Key="40x30/a.jpg",
        CopySource="images-bucket/40x30/a.jpg",
        MetadataDirective="REPLACE",
        Metadata={"original-etag": stored["Metadata"]["original-etag"]},
    )
    told = status(s3, "a.jpg")["40x30"]
    assert told.state == "ready"
    assert [variant.pixels for variant in told.variants] == [""]


def test_each_format_of_a_size_is_needed_and_named(
    s3: "S3Client", deliver: WorkerCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    two = SIZE.model_copy(update={"formats": ("webp",)})
    monkeypatch.setenv("SIZE", two.model_dump_json())
    deliver(put(s3, "a.jpg"))
    ready = status(s3, "a.jpg", two)["40x30"]
    assert [variant.content_type for variant in ready.variants] == ["image/jpeg", "image/webp"]
    s3.delete_object(Bucket="images-bucket", Key="40x30.webp/a.jpg")
    assert status(s3, "a.jpg", two)["40x30"] == SizeStatus(state="pending")


def test_a_path_too_long_for_one_size_has_failed_there_only(
    s3: "S3Client", deliver: WorkerCall
) -> None:
    path = "x" * 1013
    deliver(put(s3, path))
    long = Size(name="a-long-name", width=40, height=30)
    told = status(s3, path, SIZE, long)
    assert told["40x30"].state == "ready"
    failed = told["a-long-name"]
    assert (failed.state, failed.reason) == ("failed", "bad_key")
    assert failed.error
    assert "would have 1025 bytes" in failed.error


@pytest.mark.parametrize("path", ["", "../a.jpg", "/a.jpg", "a//b.jpg", "folder/"])
def test_a_path_that_no_original_can_have_is_refused(s3: "S3Client", path: str) -> None:
    with pytest.raises(PermanentError, match="plain path"):
        status(s3, path)


def test_without_leave_to_look_it_says_what_is_needed(s3: "S3Client") -> None:
    s3.meta.events.register("before-call.s3", Failing("HeadObject", refusal("403", 403), times=9))
    with pytest.raises(ConfigError, match=r"may not look at originals.*docs/operations\.md"):
        status(s3, "a.jpg")


class TestCommand:
    def test_tells_a_person(self, deployed: Deployed, deliver: WorkerCall) -> None:
        deliver(put(deployed.s3, "a b.jpg"))
        run = fanout("status", "a b.jpg", "--stage", "dev")
        assert run.code == 0
        assert run.out.startswith(
            "40x30  ready\n  https://images.example/40x30/a%20b.jpg\n  40x30 pixels, "
        )

    def test_tells_a_program(self, deployed: Deployed, deliver: WorkerCall) -> None:
        deliver(put(deployed.s3, "a.jpg", b"[red]no picture"))
        run = fanout("status", "a.jpg", "--stage", "dev", "--json")
        assert run.code == 1
        (line,) = run.lines
        assert line["path"] == "a.jpg"
        assert line["sizes"]["40x30"]["reason"] == "unsupported"

    def test_takes_a_bad_path_for_wrong_use(self, deployed: Deployed) -> None:
        assert fanout("status", "../a.jpg", "--stage", "dev").code == 2

    def test_says_that_a_stage_is_not_there(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Stage, "images_url", "https://images.example")
        run = fanout("status", "a.jpg", "--stage", "nowhere")
        assert run.code == 1
        assert "There is no stack image-fanout-nowhere in eu-west-1" in run.err


class Clock:
    """Time that passes only by waiting."""

    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def watch(status_of: Callable[[str], Any], clock: Clock) -> StatusPoller:
    def photo(path: str) -> PhotoStatus:
        return PhotoStatus(path=path, sizes=status_of(path))

    return StatusPoller(photo, sleep=clock.sleep, clock=lambda: clock.now)


def told(*states: Any) -> Status:
    return {f"size-{n}": SizeStatus(state=state) for n, state in enumerate(states)}


def test_waiting_ends_when_no_size_is_pending() -> None:
    turns = iter([told("pending", "pending"), told("ready", "pending"), told("ready", "failed")])
    clock = Clock()
    assert watch(lambda _: next(turns), clock).wait("a.jpg") == told("ready", "failed")
    assert clock.now == 2


def test_waiting_goes_on_for_as_long_as_there_is_news() -> None:
    clock = Clock()

    def status_of(_: str) -> Status:
        """A size more every nine minutes."""
        ready = int(clock.now // 540)
        return told(*["ready"] * min(ready, 4), *["pending"] * (4 - ready))

    assert watch(status_of, clock).wait("a.jpg") == told(*["ready"] * 4)


def test_waiting_begins_with_the_first_look_however_long_the_upload_took() -> None:
    turns = iter([told("pending"), told("ready")])
    clock = Clock()
    waiting = watch(lambda _: next(turns), clock)
    clock.sleep(3600)
    assert waiting.wait("a.jpg") == told("ready")


def test_waiting_without_news_ends_after_ten_minutes() -> None:
    clock = Clock()
    found = watch(lambda _: told("ready", "pending"), clock).wait("a.jpg")
    assert found == told("ready", "pending")
    assert 600 < clock.now < 602


def test_only_sizes_that_are_made_of_the_photo_have_a_status(
    s3: "S3Client", deliver: WorkerCall
) -> None:
    avatar = Size.model_validate({"name": "avatar", "width": 9, "paths": ["avatars/"]})
    deliver(put(s3, "a.jpg"))
    assert {name: each.state for name, each in status(s3, "a.jpg", SIZE, avatar).items()} == {
        SIZE.name: "ready"
    }
    assert status(s3, "a.jpg", avatar) == {}
    assert status(s3, "gone.jpg", avatar) == {}
    put(s3, "avatars/a.jpg")
    assert status(s3, "avatars/a.jpg", avatar)["avatar"].state == "pending"

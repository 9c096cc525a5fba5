"""The bill of a month, against sums made by hand from AWS's pages."""

from typing import Any

import pytest

from lib.operations.plan.bill import (
    WHOLE_STAGE,
    Bill,
    Month,
    average_batch,
    make_bill,
)
from lib.operations.plan.prices import load_prices
from lib.operations.plan.render_times import (
    Photo,
    WorkerTime,
    estimate_variant_bytes,
    estimate_worker_time,
)
from lib.operations.plan.stage import PlannedStage
from lib.sizes import Size
from tests.unit.operations.plan.stages import PHOTO, a_size, a_stage, times_of

PRICES = load_prices("us-east-1")
HOURS = 730
# 0.1 s of waiting, and 0.1 s for each photo.
TIME = WorkerTime(waiting=0.1, busy=0.1, cold_start=1)


def bill_of(stage: PlannedStage, photos: float = 730, **month: float) -> Bill:
    load = Month(PHOTO, [photos / HOURS] * HOURS, **month)
    return make_bill(stage, {each.name: TIME for each in stage.sizes}, load, PRICES)


def quantity(bill: Bill, unit: str, size: str) -> float:
    return sum(each.quantity for each in bill.lines if (each.unit, each.size) == (unit, size))


def test_a_photo_costs_its_requests_and_seconds() -> None:
    """One message in an invocation: 0.2 s of 1,769 MB."""
    bill = bill_of(a_stage(), photos=1000)
    assert bill.batches == {"800x600": pytest.approx(1)}
    expected: dict[str, float] = {
        "lambda_arm64_gb_second": 1000 * 0.2 * 1769 / 1024,
        "lambda_request": 1000,
        "s3_read": 3000,
        "s3_write": 1000,
        "sqs_request": 3000,
        "sns_publish": 1000,
    }
    for unit, amount in expected.items():
        assert quantity(bill, unit, "800x600") == pytest.approx(amount), unit
    uploads: dict[str, float] = {
        "http_api_request": 1000,
        "lambda_request": 1000,
        "s3_write": 1000,
        "sns_publish": 1000,
    }
    for unit, amount in uploads.items():
        assert quantity(bill, unit, WHOLE_STAGE) == pytest.approx(amount), unit


def test_the_sum_of_all_lines_is_the_bill_by_service_and_by_size() -> None:
    stage = a_stage(a_size(), a_size("small"), alarms=7, metrics=3, secrets=1, analyses=1)
    bill = bill_of(stage, photos=1e6, views=2e7, stored=3e6, replaced=5000)
    assert bill.total > 100
    assert sum(bill.by_service().values()) == pytest.approx(bill.total)
    assert sum(bill.by_size().values()) == pytest.approx(bill.total)
    assert bill.by_size().keys() == {WHOLE_STAGE, "800x600", "small"}
    assert bill.per_million_photos() == pytest.approx(bill.total)
    assert {"CloudWatch", "Rekognition", "CloudFront", "SNS"} <= bill.by_service().keys()


def test_another_format_is_stored_and_written_too() -> None:
    size = a_size(size=Size(name="800x600", width=800, height=600, formats=("webp", "avif")))
    bill = bill_of(a_stage(size), photos=1000)
    assert quantity(bill, "s3_write", "800x600") == pytest.approx(3000)
    assert quantity(bill, "s3_read", "800x600") == pytest.approx(7000)


def test_x86_64_is_a_quarter_dearer() -> None:
    arm, intel = (bill_of(a_stage(architecture=each), 1e5) for each in ("arm64", "x86_64"))
    one, other = arm.of("lambda_arm64_gb_second"), intel.of("lambda_x86_64_gb_second")
    assert other / one == pytest.approx(1.25, rel=0.001)


def test_what_is_switched_off_costs_nothing() -> None:
    bill = bill_of(a_stage(purges=False), 1e5, replaced=1e5)
    absent: tuple[str, ...] = (
        "rekognition_image",
        "kms_key",
        "web_acl",
        "xray_trace",
        "invalidation_path",
    )
    for unit in absent:
        assert bill.of(unit) == 0, unit


def test_what_is_switched_on_costs_its_price() -> None:
    stage = a_stage(has_key=True, web_acls=[3], is_traced=True, analyses=1)
    bill = bill_of(stage, 1e5, replaced=2000, views=1e6)
    assert bill.of("kms_key") == 1
    assert bill.of("web_acl") + bill.of("web_acl_rule") == pytest.approx(8)
    assert bill.of("web_acl_request") == pytest.approx(0.60)
    assert bill.of("rekognition_image") == pytest.approx(100)
    assert bill.of("xray_trace") == pytest.approx(2 * 1e5 * 0.000005)
    assert bill.of("invalidation_path") == pytest.approx(5)


def test_without_a_cdn_views_are_paid_to_s3() -> None:
    with_cdn = bill_of(a_stage(has_viewer_function=True), 0, views=1e6)
    without = bill_of(a_stage(has_cdn=False), 0, views=1e6)
    assert with_cdn.of("cloudfront_function") == pytest.approx(0.10)
    assert with_cdn.of("cloudfront_request") == pytest.approx(1)
    assert with_cdn.of("internet_gb") == without.of("cloudfront_gb") == 0
    assert without.of("s3_read") == pytest.approx(0.40)
    gigabytes = 1e6 * 800 * 600 * 0.162 / 1024**3
    assert without.of("internet_gb") == pytest.approx(gigabytes * 0.09, rel=0.01)


def test_an_idle_stage_pays_polls_alarms_and_secrets() -> None:
    stage = a_stage(polled_queues=6, alarms=15, secrets=1, metrics=5)
    polls = 6 * 5 * 3 * 60 * 24 * 30 * 0.40 / 1e6
    idle = bill_of(stage, photos=0)
    assert idle.total == pytest.approx(polls + 1.50 + 0.40 + 1.50)
    assert idle.per_million_photos() is None


def test_batches_fill_once_maximum_concurrency_bounds_the_invocations() -> None:
    """Ten at once of 0.2 s take 50 photos a second one by one; full batches 90.9 (10 in 1.1 s)."""
    size = a_size()
    assert average_batch(size, TIME, 0.01) == 1
    assert average_batch(size, TIME, 50) == pytest.approx(1)
    assert 1 < average_batch(size, TIME, 60) < average_batch(size, TIME, 80) < 10
    assert average_batch(size, TIME, 10 * 10 / 1.1) == pytest.approx(10)
    assert average_batch(size, TIME, 1000) == 10
    # So many photos as arrive are rendered: invocations at once are what there may be.
    batch = average_batch(size, TIME, 80)
    assert 80 / batch * TIME.of_batch(batch) == pytest.approx(10)


def test_full_batches_wait_for_s3_once() -> None:
    """The same photos in one hour: a batch of ten takes 1.1 s, ten of one take 2."""
    stage, photos = a_stage(), 1e6
    times = {"800x600": TIME}
    burst = make_bill(stage, times, Month(PHOTO, [photos, *[0.0] * 729]), PRICES)
    assert burst.batches["800x600"] == pytest.approx(10)
    seconds = quantity(burst, "lambda_arm64_gb_second", "800x600") * 1024 / 1769
    assert seconds == pytest.approx(photos / 10 * 1.1)


def test_storage_is_of_all_photos_that_are_there() -> None:
    few, many = bill_of(a_stage(), stored=1e6), bill_of(a_stage(), stored=2e6)
    assert few.of("s3_gb") == pytest.approx(
        1e6 * (12e6 * 0.3 + 800 * 600 * 0.162) / 1024**3 * 0.023, rel=0.01
    )
    assert many.of("s3_gb") == pytest.approx(2 * few.of("s3_gb"))


def test_a_default_size_takes_about_what_backfill_assumes() -> None:
    """Both estimate the same photo: 0.2 s, unless there are measurements."""
    time = times_of(a_stage())["800x600"]
    assert 0.15 < time.of_batch(1) < 0.25


def test_quality_and_format_decide_the_bytes() -> None:
    def stored(**changes: Any) -> float:
        size = Size.model_validate({"name": "a", "width": 800, "height": 600, **changes})
        return estimate_variant_bytes(size, PHOTO) / (800 * 600)

    assert stored() == stored(quality=80) == pytest.approx(0.162)
    assert stored(quality=60) < stored(quality=65) < stored(quality=70) < stored()
    assert 1.3 < stored(quality=90) / stored() < 1.7
    assert stored(quality=1) > 0
    assert stored(quality=100) > 3 * stored()
    assert stored(format="webp") < stored()
    assert stored(format="avif", quality=60) < stored(format="webp")
    assert stored(format="png") > 5 * stored()
    assert stored(format="webp", lossless=True) > 5 * stored(format="webp")
    both = stored(format="jpeg", formats=["avif"])
    assert both == pytest.approx(stored() + stored(format="avif", quality=60))


def test_larger_photos_take_longer_and_other_kinds_their_own_time() -> None:
    def busy(photo: Photo, memory: int = 1769) -> float:
        size = a_size(memory=memory)
        return estimate_worker_time(size.size, size.memory, photo).busy

    assert busy(Photo(48)) > busy(Photo(12)) > busy(Photo(2))
    assert busy(Photo(12, "heic")) > busy(Photo(12, "progressive")) > busy(Photo(12))
    assert busy(Photo(12), memory=884) == pytest.approx(2 * busy(Photo(12)), rel=0.01)
    assert busy(Photo(12), memory=3538) == busy(Photo(12))

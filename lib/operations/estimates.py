"""What rendering many photos will take: Lambda seconds and dollars, before it begins."""

from typing import NamedTuple

# List prices of us-east-1, without the free tier, in dollars. Other regions differ by some
# percent, which is less than photos differ from each other.
_GB_SECOND = 0.0000133334  # Lambda on arm64
_INVOCATION = 0.20 / 1e6
_SQS_REQUEST = 0.40 / 1e6
_S3_WRITE, _S3_READ = 0.005 / 1000, 0.0004 / 1000
# Sent, received and deleted ten at a time.
_BATCH, _SQS_REQUESTS_A_BATCH = 10, 3
_MB_A_GB = 1024
# Seconds a photo, where none was measured: what a photo of 12 MP takes at 1769 MB, roughly.
ASSUMED_SECONDS = 0.2


class Estimate(NamedTuple):
    """What so many photos at one size will take; `seconds_each` is a guess if not `measured`."""

    photos: int
    seconds_each: float
    measured: bool
    lambda_seconds: float
    dollars: float


def estimate(photos: int, *, median_ms: float | None, memory: int, formats: int) -> Estimate:
    """The estimate for photos that each become `formats` objects in a function of `memory` MB.

    Photos of one batch share their waiting, so that Lambda's bill is rather below than above.
    """
    seconds_each = ASSUMED_SECONDS if median_ms is None else median_ms / 1000
    seconds = photos * seconds_each
    batches = photos / _BATCH
    dollars = (
        seconds * memory / _MB_A_GB * _GB_SECOND
        + batches * (_INVOCATION + _SQS_REQUESTS_A_BATCH * _SQS_REQUEST)
        # The original is read once; each variant is looked at, written, its original looked at.
        + photos * (_S3_READ + formats * (_S3_WRITE + 2 * _S3_READ))
    )
    return Estimate(photos, seconds_each, median_ms is not None, seconds, dollars)

"""Estimates of the Lambda seconds and dollars that a backfill takes."""

from typing import NamedTuple

# List prices of us-east-1 in dollars, without the free tier. Prices of other regions differ by a
# few percent, less than the photos do.
_GB_SECOND = 0.0000133334  # Lambda on arm64
_INVOCATION = 0.20 / 1e6
_SQS_REQUEST = 0.40 / 1e6
_S3_WRITE, _S3_READ = 0.005 / 1000, 0.0004 / 1000
# Messages are sent, received and deleted in batches of ten.
_BATCH, _SQS_REQUESTS_A_BATCH = 10, 3
_MB_A_GB = 1024
# Seconds a photo without a measurement: about what 12 MP take at 1769 MB.
ASSUMED_SECONDS = 0.2


class Estimate(NamedTuple):
    """Cost of rendering photos at one size; `seconds_each` is a guess unless `measured`."""

    photos: int
    seconds_each: float
    measured: bool
    lambda_seconds: float
    dollars: float


def estimate(photos: int, *, median_ms: float | None, memory: int, formats: int) -> Estimate:
    """Estimates the cost of photos that each become `formats` objects at `memory` MB.

    Photos of one batch wait for S3 together, so that Lambda's bill tends to be lower.
    """
    seconds_each = ASSUMED_SECONDS if median_ms is None else median_ms / 1000
    seconds = photos * seconds_each
    batches = photos / _BATCH
    dollars = (
        seconds * memory / _MB_A_GB * _GB_SECOND
        + batches * (_INVOCATION + _SQS_REQUESTS_A_BATCH * _SQS_REQUEST)
        # One GET of the original; for each variant a HEAD, a PUT, and a HEAD of the original.
        + photos * (_S3_READ + formats * (_S3_WRITE + 2 * _S3_READ))
    )
    return Estimate(photos, seconds_each, median_ms is not None, seconds, dollars)

"""Estimates of the Lambda seconds and dollars that a backfill takes."""

from typing import NamedTuple

from lib.operations.plan.prices import load_prices

# The region of the prices. Those of other regions differ by a few percent, less than photos do.
_REGION = "us-east-1"
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
    prices = load_prices(_REGION)
    seconds_each = ASSUMED_SECONDS if median_ms is None else median_ms / 1000
    seconds = photos * seconds_each
    batches = photos / _BATCH
    dollars = (
        seconds * memory / _MB_A_GB * prices.first("lambda_arm64_gb_second")
        + batches * prices.first("lambda_request")
        + batches * _SQS_REQUESTS_A_BATCH * prices.first("sqs_request")
        # One GET of the original; for each variant a HEAD, a PUT, and a HEAD of the original.
        + photos * (1 + 2 * formats) * prices.first("s3_read")
        + photos * formats * prices.first("s3_write")
    )
    return Estimate(photos, seconds_each, median_ms is not None, seconds, dollars)

"""The bill of a month: what the stage's parts, its photos and their views cost."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from lib.operations.plan.aws_limits import IDLE_POLLS, MONTH_SECONDS
from lib.operations.plan.prices import SERVICES, Prices, service_of
from lib.operations.plan.render_times import (
    Photo,
    WorkerTime,
    estimate_served_bytes,
    estimate_variant_bytes,
)
from lib.operations.plan.stage import PlannedSize, PlannedStage

# The part of a bill that no size has for itself.
WHOLE_STAGE = ""
_HOUR = 60 * 60
_GB = 1024**3
_MB_A_GB = 1024
# The share of views that no cache of CloudFront has, and that read the bucket: an assumption, which
# costs little either way.
_MISSES = 0.1
# Bytes of log for each photo and size, and for each invocation (Lambda's START, END and REPORT).
_LOG_OF_PHOTO, _LOG_OF_INVOCATION = 600, 500
# CloudWatch stores logs compressed: its price page reckons with 0.15.
_LOG_COMPRESSION = 0.15
_MONTH_DAYS = 30
# The function that issues upload tickets: its memory in MB (infra/api/routes.py), and the seconds
# of a ticket, most of them waiting for S3.
_TICKET_MEMORY, _TICKET_SECONDS = 512, 0.06
# The sampling of X-Ray: a request a second, and a twentieth of the others.
_TRACED = 0.05

Quantities = defaultdict[tuple[str, str], float]


@dataclass(frozen=True)
class Month:
    """The load of a month.

    `hours` are uploads by hour, and the month has them `repeated` times; `stored` photos are there
    at its end, `replaced` ones were uploaded again to their paths.
    """

    photo: Photo
    hours: Sequence[float]
    views: float = 0
    stored: float = 0
    replaced: float = 0
    repeated: float = 1

    @property
    def photos(self) -> float:
        """Uploads of the month."""
        return self.repeated * sum(self.hours)


class Line(NamedTuple):
    """A line of the bill; `size` is WHOLE_STAGE for what no size has for itself."""

    unit: str
    size: str
    quantity: float
    dollars: float


@dataclass(frozen=True)
class Bill:
    """A month's bill. `batches` are the photos of an average invocation, by size."""

    lines: list[Line]
    photos: float
    batches: Mapping[str, float] = field(default_factory=dict)

    @property
    def total(self) -> float:
        """Dollars of the month."""
        return sum(line.dollars for line in self.lines)

    def by_service(self) -> dict[str, float]:
        """Returns the dollars of each service that costs something."""
        found = defaultdict[str, float](float)
        for line in self.lines:
            found[service_of(line.unit)] += line.dollars
        return {
            service: found[service]
            for service in dict.fromkeys(SERVICES.values())
            if service in found
        }

    def by_size(self) -> dict[str, float]:
        """Returns the dollars of each size, and those of WHOLE_STAGE."""
        found = defaultdict[str, float](float)
        for line in self.lines:
            found[line.size] += line.dollars
        return dict(found)

    def of(self, unit: str) -> float:
        """Returns the dollars of one unit."""
        return sum(line.dollars for line in self.lines if line.unit == unit)

    def per_million_photos(self) -> float | None:
        """Returns the dollars for a million uploads, idle costs included; None without uploads."""
        return self.total / self.photos * 1e6 if self.photos else None


def make_bill(
    stage: PlannedStage, times: Mapping[str, WorkerTime], month: Month, prices: Prices
) -> Bill:
    """Makes the bill of a stage that is used all month."""
    quantities, batches = Quantities(float), dict[str, float]()

    def add(size: str, amounts: Mapping[str, float]) -> None:
        for unit, amount in amounts.items():
            quantities[unit, size] += amount

    add(WHOLE_STAGE, _count_idle(stage))
    for each in stage.sizes:
        invocations = _count_invocations(each, times[each.name], month)
        if invocations:
            batches[each.name] = month.photos / invocations
        add(each.name, _count_size(stage, each, times[each.name], month, invocations))
    add(WHOLE_STAGE, _count_uploads(stage, month))
    for each in stage.sizes:
        add(each.name, _count_views(stage, each, month))
    return Bill(_price(quantities, prices), month.photos, batches)


def average_batch(size: PlannedSize, time: WorkerTime, photos_per_second: float) -> float:
    """Returns the photos of an invocation at a constant rate.

    Pollers take a message as soon as it is there. So there is one in an invocation, until maximum
    concurrency bounds the invocations: then messages wait, and batches fill.
    """
    free = size.max_concurrency - photos_per_second * time.busy
    if free <= 0:
        return size.batch_size
    return min(max(1.0, photos_per_second * time.waiting / free), size.batch_size)


def _count_invocations(size: PlannedSize, time: WorkerTime, month: Month) -> float:
    return month.repeated * sum(
        uploads / average_batch(size, time, uploads / _HOUR) for uploads in month.hours
    )


def _count_idle(stage: PlannedStage) -> dict[str, float]:
    return {
        "sqs_request": stage.polled_queues * IDLE_POLLS,
        "alarm": stage.alarms,
        "secret": stage.secrets,
        "web_acl": len(stage.web_acls),
        "web_acl_rule": sum(stage.web_acls),
        "kms_key": int(stage.has_key),
        "metric": stage.metrics,
    }


def _count_size(
    stage: PlannedStage, size: PlannedSize, time: WorkerTime, month: Month, invocations: float
) -> dict[str, float]:
    photos, formats = month.photos, len(size.size.folders)
    seconds = invocations * time.waiting + photos * time.busy
    log = (photos * _LOG_OF_PHOTO + invocations * _LOG_OF_INVOCATION) / _GB
    return {
        _gb_second(stage): seconds * size.memory / _MB_A_GB,
        "lambda_request": invocations,
        # One GET of the original; for each variant a HEAD, a PUT, and a HEAD of the original.
        "s3_read": photos * (1 + 2 * formats + stage.analyses),
        "s3_write": photos * formats,
        "s3_gb": month.stored * estimate_variant_bytes(size.size, month.photo) / _GB,
        # SNS sends each message by itself; Lambda receives and deletes a batch.
        "sqs_request": photos + 2 * invocations,
        # S3 publishes each variant to the variants topic.
        "sns_publish": photos * formats,
        "log_gb": log,
        "log_storage_gb": log * _LOG_COMPRESSION * stage.log_days / _MONTH_DAYS,
        "xray_trace": _count_traces(stage, invocations),
        "invalidation_path": month.replaced * formats if stage.purges else 0,
    }


def _count_uploads(stage: PlannedStage, month: Month) -> dict[str, float]:
    """Counts what each photo costs once, whatever the sizes."""
    photos = month.photos
    return {
        # A ticket, by a function that asks S3 whether the path is taken.
        "http_api_request": photos,
        "lambda_request": photos,
        _gb_second(stage): photos * _TICKET_SECONDS * _TICKET_MEMORY / _MB_A_GB,
        "s3_read": photos,
        "s3_write": photos * (1 + bool(stage.analyses)),
        "s3_gb": month.stored * month.photo.bytes / _GB,
        "sns_publish": photos,
        "log_gb": photos * _LOG_OF_INVOCATION / _GB,
        "rekognition_image": photos * stage.analyses,
        "xray_trace": _count_traces(stage, photos),
    }


def _count_views(stage: PlannedStage, size: PlannedSize, month: Month) -> dict[str, float]:
    """Counts the views of a size, as many as of each other."""
    views = month.views / len(stage.sizes)
    gigabytes = views * estimate_served_bytes(size.size, month.photo) / _GB
    if not stage.has_cdn:
        return {"internet_gb": gigabytes, "s3_read": views}
    return {
        "cloudfront_gb": gigabytes,
        "cloudfront_request": views,
        "cloudfront_function": views * stage.has_viewer_function,
        "web_acl_request": views * bool(stage.web_acls),
        "s3_read": views * _MISSES,
    }


def _gb_second(stage: PlannedStage) -> str:
    return "lambda_arm64_gb_second" if stage.architecture == "arm64" else "lambda_x86_64_gb_second"


def _count_traces(stage: PlannedStage, invocations: float) -> float:
    if not stage.is_traced:
        return 0
    return min(invocations, MONTH_SECONDS + _TRACED * invocations)


def _price(quantities: Quantities, prices: Prices) -> list[Line]:
    """Prices each unit as a whole, because of its tiers, and divides that among the sizes."""
    totals = defaultdict[str, float](float)
    for (unit, _), amount in quantities.items():
        totals[unit] += amount
    return [
        Line(unit, size, amount, prices.cost(unit, totals[unit]) * amount / totals[unit])
        for (unit, size), amount in quantities.items()
        if amount
    ]

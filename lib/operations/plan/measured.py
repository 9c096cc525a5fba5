"""Render times from a deployed stage's metrics."""

from collections.abc import Iterable

from lib.aws.clients import CloudWatchClient
from lib.aws.cloudwatch import get_totals
from lib.operations.plan.render_times import WorkerTime, make_measured_time
from lib.operations.plan.stage import PlannedSize

# Days whose metrics count: a week has its quiet days and its busy ones.
DAYS = 7
# With fewer photos, a few large ones would decide.
_MIN_PHOTOS = 100


def read_measured_times(
    cloudwatch: CloudWatchClient, prefix: str, sizes: Iterable[PlannedSize]
) -> dict[str, WorkerTime]:
    """Returns the time of each size that rendered enough photos in the last days.

    The stage's own metric counts the photos. Its milliseconds include the wait for other photos of
    a batch, so the seconds are those that Lambda bills for.
    """
    times = {}
    for each in sizes:
        photos = get_totals(cloudwatch, prefix, "Duration", {"size": each.name}, DAYS).samples
        function = {"FunctionName": f"{prefix}-resize-{each.name}"}
        billed = get_totals(cloudwatch, "AWS/Lambda", "Duration", function, DAYS)
        if photos >= _MIN_PHOTOS and billed.samples:
            times[each.name] = make_measured_time(
                each.size,
                each.memory,
                busy=billed.total / 1000 / photos,
                # Invocations that rendered nothing make it less than one.
                batch=max(1.0, photos / billed.samples),
            )
    return times

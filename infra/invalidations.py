"""The invalidation queue, its DLQ, and the function that drains it."""

from infra.alarms import age_alarm, depth_alarm
from infra.delivery.formats import served_formats
from infra.functions import PURGE_QUEUE, Part, allow_consume, build_function, sqs_events
from infra.naming import allow, arn, distribution_arn, ref
from infra.parameters import Parameters
from infra.queue_settings import VISIBILITY_TIMEOUTS
from infra.queues import queue_with_dlq
from lib.sizes import Size

PURGE_DLQ = "PurgeDlq"
_FUNCTION = "purge"
# CloudFront invalidates 3,000 paths at once. A message has at most five, and one more if formats
# are served: a batch fits. Wildcards for signed images have a limit of their own, 15, and the
# function sends seven a batch at most (lib/pipeline/invalidations.py).
_BATCH_SIZE = 500
# Seconds to gather a batch if there are wildcards: about as long as CloudFront takes for one. A few
# wildcards then serve many photos.
_SIGNED_WINDOW = 60
# Seconds to gather any other batch: AWS requires one for more than ten messages.
_WINDOW = 1
# The minimum of an event source mapping: CloudFront limits invalidations anyway.
_MAX_CONCURRENCY = 2
# Seconds: two tries of CloudFront's API at 10 s each and a cold start, and as much again for the
# ten rounds of calls that find the one path in 500 that CloudFront rejects.
_TIMEOUT = 60
# Seconds that an invalidation may be late: SQS's longest delay, and a long time of busy CloudFront.
_MAX_AGE = 3600


def invalidations(parameters: Parameters, sizes: list[Size]) -> Part:
    """Builds the queue, the DLQ, their alarms and the function; nothing without a CDN to purge."""
    if not parameters.purges:
        return Part()
    window = _SIGNED_WINDOW if parameters.serves_signed else _WINDOW
    # A CDN that chooses formats by Accept caches images under more paths.
    formats = bool(served_formats(parameters, sizes))
    part = build_function(
        parameters,
        _FUNCTION,
        "Has CloudFront forget variants that changed",
        allow_consume(PURGE_QUEUE),
        allow(["cloudfront:CreateInvalidation"], distribution_arn("Distribution")),
        allow(["sqs:SendMessage"], arn(PURGE_DLQ)),
        handler="invalidate",
        timeout=_TIMEOUT,
        environment={
            "DISTRIBUTION_ID": ref("Distribution"),
            "DLQ_URL": ref(PURGE_DLQ),
            "SERVE_FORMATS": str(formats).lower(),
            "SERVE_SIGNED": str(parameters.serves_signed).lower(),
        },
        events=sqs_events(PURGE_QUEUE, _BATCH_SIZE, _MAX_CONCURRENCY, maximumBatchingWindow=window),
    )
    name = f"{parameters.prefix}-{_FUNCTION}"
    visibility = VISIBILITY_TIMEOUTS * _TIMEOUT + window
    part.resources |= {
        **queue_with_dlq(PURGE_QUEUE, PURGE_DLQ, name, parameters.kms_key, visibility=visibility),
        "AlarmOnPurgeDlq": depth_alarm(
            f"{name}-dlq",
            "CloudFront could not be asked to remove changed variants: visitors get old ones until "
            "these expire; read the function's log, fix the cause, replay",
        ),
        "AlarmOnPurgeAge": age_alarm(
            name,
            "CloudFront is not asked to remove changed variants: visitors get old ones; read the "
            "function's errors, and check the limit on invalidations in progress",
            above=_MAX_AGE,
        ),
    }
    return part

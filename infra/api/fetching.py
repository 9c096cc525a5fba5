"""The fetch queue, its DLQ, and the function that fetches one URL at a time."""

from typing import Any

from infra.alarms import depth_alarm
from infra.functions import Part, allow_consume, allow_list, build_function, sqs_events
from infra.naming import FAILURES_BUCKET, allow, arn, ref, sub
from infra.originals import allow_list_originals, allow_originals, originals_settings
from infra.parameters import Parameters
from infra.queue_settings import VISIBILITY_TIMEOUTS
from infra.queues import queue_with_dlq
from lib.keys import FETCH_RECORDS

FETCH_QUEUE = "FetchQueue"
FETCH_DLQ = "FetchDlq"
_FUNCTION = "fetch"
# Seconds: 50 MB at 1 MB a second, the time to connect, and the reserve for S3.
_TIMEOUT = 100
# Seconds of these for the write to S3 and its checks: 200 MiB at 10 MiB a second.
_RESERVED_SECONDS = 25
# With the delays between tries, a server that is down has five to ten minutes to recover.
_MAX_RECEIVE_COUNT = 8
# Bounds the connections to one server, however many URLs are sent at once.
_MAX_CONCURRENCY = 5
# MB. The photo is on disk (200 MiB of /tmp's 512 MB); memory buys the CPU and network bandwidth
# to write it to S3 within the reserved seconds.
_MEMORY = 512


def fetching(parameters: Parameters) -> Part:
    """Builds the queue, its DLQ with an alarm, and the function."""
    use_records, list_records = allow_fetch_records()
    part = build_function(
        parameters,
        _FUNCTION,
        "Fetches photos by their URLs",
        allow_consume(FETCH_QUEUE),
        allow(["sqs:SendMessage"], [arn(FETCH_QUEUE), arn(FETCH_DLQ)]),
        # The function deletes only what it wrote after its job was cancelled.
        allow_originals(parameters, "s3:GetObject", "s3:PutObject", "s3:DeleteObject"),
        use_records,
        allow_list_originals(parameters),
        list_records,
        memory=_MEMORY,
        timeout=_TIMEOUT,
        environment={
            **originals_settings(parameters),
            "FAILURES_BUCKET": ref("FailuresBucket"),
            "QUEUE_URL": ref(FETCH_QUEUE),
            "DLQ_URL": ref(FETCH_DLQ),
            "MAX_RECEIVE_COUNT": str(_MAX_RECEIVE_COUNT),
            "RESERVE_SECONDS": str(_RESERVED_SECONDS),
            "LANDING_SECONDS": str(parameters.landing),
            "UPLOAD_TYPES": parameters.upload_types_json,
            "FETCH_LOOPBACK": str(parameters.fetch_loopback).lower(),
        },
        events=sqs_events(FETCH_QUEUE, 1, _MAX_CONCURRENCY),
    )
    name = f"{parameters.prefix}-{_FUNCTION}"
    part.resources |= {
        **queue_with_dlq(
            FETCH_QUEUE,
            FETCH_DLQ,
            name,
            parameters.kms_key,
            visibility=VISIBILITY_TIMEOUTS * _TIMEOUT,
            max_receive_count=_MAX_RECEIVE_COUNT,
        ),
        "AlarmOnFetchDlq": depth_alarm(
            f"{name}-dlq", "URLs could not be fetched: read the reasons, inform the senders"
        ),
    }
    return part


def allow_fetch_records() -> list[dict[str, Any]]:
    """Builds the permissions to read, write and delete fetch records, and to find none."""
    actions = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]
    return [
        allow(actions, sub(f"{FAILURES_BUCKET}/{FETCH_RECORDS}/*")),
        allow_list(FAILURES_BUCKET, [f"{FETCH_RECORDS}/"]),
    ]

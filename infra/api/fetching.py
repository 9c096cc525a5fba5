"""The queue of URLs to fetch, its dead letters, and the function that fetches one at a time."""

from typing import Any

from infra.alarms import depth_alarm
from infra.functions import allow_consume, allow_list, build_role, sqs_events
from infra.naming import FAILURES_BUCKET, ORIGINALS_BUCKET, allow, arn, ref, sub
from infra.parameters import Parameters
from infra.queue_settings import VISIBILITY_TIMEOUTS
from infra.queues import queue_with_dlq
from lib.keys import FETCH_RECORDS, ORIGINALS

FETCH_QUEUE = "FetchQueue"
_DLQ = "FetchDlq"
_ROLE = "RoleOfFetch"
_FUNCTION = "fetch"
# Fifty megabytes at a megabyte a second, some for the connection, and what is kept for S3.
_TIMEOUT = 100
# Of these, what the write and its checks may take after the download: 200 MiB at 10 MiB a second.
_RESERVE = 25
# Somebody else's server: with the delays between tries it has five to ten minutes to come back.
_MAX_RECEIVE_COUNT = 8
# However many URLs are sent at once, nobody's server is visited by a crowd of us.
_MAX_CONCURRENCY = 5
# A photo is on disk (200 MiB of /tmp's 512 MB). Memory buys the share of a core, and of the
# network, that brings it into S3 within the reserve.
_MEMORY = 512


def fetch_function(parameters: Parameters) -> dict[str, Any]:
    """The function's entry in serverless.yml's list of functions, by its key."""
    return {
        _FUNCTION: {
            "name": f"{parameters.prefix}-{_FUNCTION}",
            "description": "Fetches photos by their URLs",
            "handler": "handlers.fetch.handler",
            "role": arn(_ROLE),
            "memorySize": _MEMORY,
            "timeout": _TIMEOUT,
            "environment": {
                "ORIGINALS_BUCKET": ref("OriginalsBucket"),
                "FAILURES_BUCKET": ref("FailuresBucket"),
                "QUEUE_URL": ref(FETCH_QUEUE),
                "DLQ_URL": ref(_DLQ),
                "MAX_RECEIVE_COUNT": str(_MAX_RECEIVE_COUNT),
                "RESERVE_SECONDS": str(_RESERVE),
                "LANDING_SECONDS": str(parameters.landing),
                "UPLOAD_TYPES": parameters.upload_types_json,
                "FETCH_LOOPBACK": str(parameters.fetch_loopback).lower(),
            },
            "events": sqs_events(FETCH_QUEUE, 1, _MAX_CONCURRENCY),
        }
    }


def fetch_resources(parameters: Parameters) -> dict[str, Any]:
    """Queue, DLQ, its alarm, and the function's role."""
    name = f"{parameters.prefix}-{_FUNCTION}"
    marks = sub(f"{FAILURES_BUCKET}/{FETCH_RECORDS}/*")
    return {
        **queue_with_dlq(
            FETCH_QUEUE,
            _DLQ,
            name,
            parameters.kms_key,
            visibility=VISIBILITY_TIMEOUTS * _TIMEOUT,
            max_receive_count=_MAX_RECEIVE_COUNT,
        ),
        "AlarmOnFetchDlq": depth_alarm(
            f"{name}-dlq", "URLs could not be fetched: look at the reasons, tell who sent them"
        ),
        _ROLE: build_role(
            parameters,
            _FUNCTION,
            allow_consume(FETCH_QUEUE),
            allow(["sqs:SendMessage"], [arn(FETCH_QUEUE), arn(_DLQ)]),
            allow(
                # Deletes only what it wrote after its order was called off.
                ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
                sub(f"{ORIGINALS_BUCKET}/{ORIGINALS}*"),
            ),
            allow(["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], marks),
            allow_list(ORIGINALS_BUCKET, [ORIGINALS]),
            allow_list(FAILURES_BUCKET, [f"{FETCH_RECORDS}/"]),
        ),
    }

"""A size's function and its role: its own queue, its own folder, nothing else."""

from typing import Any

from infra.naming import (
    FAILURES_BUCKET,
    IMAGES_BUCKET,
    ORIGINALS_BUCKET,
    allow,
    arn,
    function_key,
    function_name,
    logical_id,
    policy,
    ref,
    sub,
)
from infra.options import for_role
from infra.parameters import Parameters
from infra.queue_settings import BATCH_SIZE, BATCH_WINDOW, MAX_RECEIVE_COUNT
from infra.rekognition import analyzer_settings, analyzer_statements
from infra.stage import StageParameters
from lib.images import RENDERER_VERSION
from lib.keys import ORIGINALS
from lib.sizes import MEGABYTE, Size, recipe_id

PURGE_QUEUE = "PurgeQueue"
WORKER = "handlers.resize.handler"
# Tells the next deploy what this one's variants are made by.
RECIPE_TAG = "recipe"
_LOG_GROUP = (
    "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:/aws/lambda/%s:*"
)


def function(size: Size, parameters: Parameters) -> dict[str, Any]:
    """The size's entry in serverless.yml's list of functions, by its key."""
    numbers = parameters.numbers
    settings = allocator(size) | {
        "SIZE": size.model_dump_json(),
        "QUEUE_URL": ref(logical_id("Queue", size)),
        "DLQ_URL": ref(logical_id("Dlq", size)),
        "MAX_RECEIVE_COUNT": str(MAX_RECEIVE_COUNT),
        "RESERVE_SECONDS": str(numbers.reserved_seconds),
        "LANDING_SECONDS": str(numbers.write_grace_seconds),
        "VISIBILITY_SECONDS": str(numbers.visibility),
        "ORIGINALS_BUCKET": ref("OriginalsBucket"),
        "IMAGES_BUCKET": ref("ImagesBucket"),
        "FAILURES_BUCKET": ref("FailuresBucket"),
        "CACHE_CONTROL": parameters.caching.build_header(size),
        **analyzer_settings(parameters, [size]),
        **writer_settings(parameters),
    }
    if parameters.purges and parameters.serves_signed:
        settings["SERVE_SIGNED"] = "true"
    queue, concurrency = logical_id("Queue", size), numbers.max_concurrency
    return {
        function_key(size): {
            "name": function_name(parameters.prefix, size),
            "description": f"Renders every photo at {size.name}",
            "handler": WORKER,
            "tags": {RECIPE_TAG: recipe_id(size, RENDERER_VERSION)},
            "role": arn(logical_id("RoleOfResize", size)),
            "memorySize": size.memory,
            "timeout": numbers.timeout,
            "environment": settings,
            "events": sqs_events(
                queue, BATCH_SIZE, concurrency, maximumBatchingWindow=BATCH_WINDOW
            ),
        }
    }


def sqs_events(logical: str, most: int, concurrency: int, **window: int) -> list[dict[str, Any]]:
    """The events of a function that drains a queue: it tells which messages of a batch failed."""
    mapping = {
        "arn": arn(logical),
        "batchSize": most,
        **window,
        "maximumConcurrency": concurrency,
        "functionResponseType": "ReportBatchItemFailures",
    }
    return [{"sqs": mapping}]


def writer_settings(parameters: Parameters) -> dict[str, Any]:
    """The environment of a function that writes variants: their ACL, and whom to tell of them."""
    settings: dict[str, Any] = {"ACL": "public-read"} if parameters.is_public else {}
    if parameters.purges:
        delay = str(parameters.numbers.purge_delay)
        settings |= {"PURGE_QUEUE_URL": ref(PURGE_QUEUE), "PURGE_DELAY": delay}
    return settings


def writer_actions(parameters: Parameters) -> list[str]:
    """The actions on variants of a function that writes them; public ones have an ACL."""
    acl = ["s3:PutObjectAcl"] if parameters.is_public else []
    return ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", *acl]


def allocator(size: Size) -> dict[str, str]:
    """glibc's settings for a process that makes and frees pictures, by environment.

    Returning memory to the kernel means having it zeroed again, page by page: a third of the
    time of a 12 MP WebP. One arena, so that what is kept is kept once and not for each thread.
    """
    return {
        "MALLOC_ARENA_MAX": "1",
        # The largest that glibc takes. Pillow's blocks of 16 MB stay below.
        "MALLOC_MMAP_THRESHOLD_": str(32 * MEGABYTE),
        "MALLOC_TRIM_THRESHOLD_": str(size.kept_memory),
    }


def role_resource(size: Size, parameters: Parameters) -> dict[str, Any]:
    """The role of the size's function."""
    log = function_name(parameters.prefix, size)
    queues = [logical_id("Queue", size), logical_id("Dlq", size)]
    if parameters.purges:
        queues.append(PURGE_QUEUE)
    statements = [
        allow_consume(logical_id("Queue", size)),
        # Into its own queue, what it could not begin in all of its receives.
        allow(["sqs:SendMessage"], [arn(queue) for queue in queues]),
        allow(["s3:GetObject"], sub(f"{ORIGINALS_BUCKET}/{ORIGINALS}*")),
        allow(
            writer_actions(parameters),
            [sub(f"{IMAGES_BUCKET}/{folder}/*") for folder in size.folders],
        ),
        allow(["s3:PutObject", "s3:DeleteObject"], sub(f"{FAILURES_BUCKET}/{size.name}/*")),
        # Without leave to list, S3 answers 403 for a missing object, which could as well be a
        # mistake in a policy; with it, 404.
        allow_list(ORIGINALS_BUCKET, [ORIGINALS]),
        allow_list(IMAGES_BUCKET, [f"{folder}/" for folder in size.folders]),
        *analyzer_statements(parameters, [size]),
    ]
    return {
        logical_id("RoleOfResize", size): build_role(parameters, "resize", *statements, log=log)
    }


def build_role(
    parameters: StageParameters, name: str, *statements: dict[str, Any], log: str = ""
) -> dict[str, Any]:
    """A role for one function, with one policy: these statements, and what the options ask for.

    The function, which may write its own log, has the name of the policy after the stage's prefix,
    unless `log` is another.
    """
    own_log = sub(_LOG_GROUP % (log or f"{parameters.prefix}-{name}"))
    statements = (allow(["logs:CreateLogStream", "logs:PutLogEvents"], own_log), *statements)
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    document = policy(*statements, *for_role(parameters, statements))
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": policy(trust),
            "Policies": [{"PolicyName": name, "PolicyDocument": document}],
        },
    }


def allow_consume(logical: str) -> dict[str, Any]:
    """Leave to work on the messages of a queue."""
    actions = ["ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility", "GetQueueAttributes"]
    return allow([f"sqs:{action}" for action in actions], arn(logical))


def allow_list(bucket: str, folders: list[str]) -> dict[str, Any]:
    """Leave to tell a missing object below these folders from a forbidden one."""
    prefixes = [f"{folder}*" for folder in folders]
    return allow(["s3:ListBucket"], sub(bucket), Condition={"StringLike": {"s3:prefix": prefixes}})

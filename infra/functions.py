"""A size's worker function, and its role with access to its own queue and folders only."""

from typing import Any

from infra.naming import (
    FAILURES_BUCKET,
    IMAGES_BUCKET,
    allow,
    arn,
    function_key,
    function_name,
    logical_id,
    policy,
    ref,
    sub,
)
from infra.options import option_statements
from infra.originals import allow_list_originals, allow_originals, originals_settings
from infra.parameters import Parameters
from infra.queue_settings import BATCH_SIZE, BATCH_WINDOW, MAX_RECEIVE_COUNT
from infra.rekognition import analyzer_settings, analyzer_statements
from infra.stage import StageParameters
from lib.images import RENDERER_VERSION
from lib.sizes import MEGABYTE, Size, recipe_id

PURGE_QUEUE = "PurgeQueue"
WORKER = "handlers.resize.handler"
# Tag of the worker with its recipe id; the next deploy compares it with the new one.
RECIPE_TAG = "recipe"
_LOG_GROUP = (
    "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:/aws/lambda/%s:*"
)


def function(size: Size, parameters: Parameters) -> dict[str, Any]:
    """Builds the worker's entry in serverless.yml's `functions`."""
    queue_settings = parameters.queue_settings
    settings = allocator(size) | {
        "SIZE": size.model_dump_json(),
        "QUEUE_URL": ref(logical_id("Queue", size)),
        "DLQ_URL": ref(logical_id("Dlq", size)),
        "MAX_RECEIVE_COUNT": str(MAX_RECEIVE_COUNT),
        "RESERVE_SECONDS": str(queue_settings.reserved_seconds),
        "LANDING_SECONDS": str(queue_settings.write_grace_seconds),
        "VISIBILITY_SECONDS": str(queue_settings.visibility),
        **originals_settings(parameters),
        "IMAGES_BUCKET": ref("ImagesBucket"),
        "FAILURES_BUCKET": ref("FailuresBucket"),
        "CACHE_CONTROL": parameters.caching.build_header(size),
        **analyzer_settings(parameters, [size]),
        **writer_settings(parameters),
    }
    if parameters.purges and parameters.serves_signed:
        settings["SERVE_SIGNED"] = "true"
    return {
        function_key(size): {
            "name": function_name(parameters.prefix, size),
            "description": f"Renders every photo at {size.name}",
            "handler": WORKER,
            "tags": {RECIPE_TAG: recipe_id(size, RENDERER_VERSION)},
            "role": arn(logical_id("RoleOfResize", size)),
            "memorySize": size.memory,
            "timeout": queue_settings.timeout,
            "environment": settings,
            "events": sqs_events(
                logical_id("Queue", size),
                BATCH_SIZE,
                queue_settings.max_concurrency,
                maximumBatchingWindow=BATCH_WINDOW,
            ),
        }
    }


def sqs_events(
    logical: str, batch_size: int, concurrency: int, **window: int
) -> list[dict[str, Any]]:
    """Builds the event source mapping of a queue, with partial batch responses."""
    mapping = {
        "arn": arn(logical),
        "batchSize": batch_size,
        **window,
        "maximumConcurrency": concurrency,
        "functionResponseType": "ReportBatchItemFailures",
    }
    return [{"sqs": mapping}]


def caching_settings(parameters: Parameters) -> dict[str, Any]:
    """Builds the environment of a function that knows every size's Cache-Control."""
    return {
        "BROWSER_SECONDS": str(parameters.browser_seconds),
        "CDN_SECONDS": str(parameters.cdn_seconds),
        "IMMUTABLE": str(parameters.immutable).lower(),
    }


def acl_settings(parameters: Parameters) -> dict[str, Any]:
    """Builds the environment of a function that knows the variants' ACL, if they have one."""
    return {"ACL": "public-read"} if parameters.is_public else {}


def writer_settings(parameters: Parameters) -> dict[str, Any]:
    """Builds the environment of a function that writes variants: ACL and invalidation queue."""
    settings = acl_settings(parameters)
    if parameters.purges:
        delay = str(parameters.queue_settings.purge_delay)
        settings |= {"PURGE_QUEUE_URL": ref(PURGE_QUEUE), "PURGE_DELAY": delay}
    return settings


def writer_actions(parameters: Parameters) -> list[str]:
    """Returns the S3 actions of a function that writes variants."""
    acl = ["s3:PutObjectAcl"] if parameters.is_public else []
    return ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", *acl]


def allocator(size: Size) -> dict[str, str]:
    """Builds glibc's malloc settings, as environment variables, for a function that renders.

    Memory that is returned to the kernel has to be zeroed again, page by page: a third of the time
    of a 12 MP WebP. With one arena, retained memory is not multiplied by threads.
    """
    return {
        "MALLOC_ARENA_MAX": "1",
        # glibc's maximum: pixels of up to 8 MP stay below it.
        "MALLOC_MMAP_THRESHOLD_": str(32 * MEGABYTE),
        "MALLOC_TRIM_THRESHOLD_": str(size.retained_memory),
    }


def role_resource(size: Size, parameters: Parameters) -> dict[str, Any]:
    """Builds the worker's role."""
    log = function_name(parameters.prefix, size)
    queues = [logical_id("Queue", size), logical_id("Dlq", size)]
    if parameters.purges:
        queues.append(PURGE_QUEUE)
    statements = [
        allow_consume(logical_id("Queue", size)),
        # Its own queue: a message never begun in all of its receives is sent there again.
        allow(["sqs:SendMessage"], [arn(queue) for queue in queues]),
        allow_originals(parameters, "s3:GetObject"),
        allow(
            writer_actions(parameters),
            [sub(f"{IMAGES_BUCKET}/{folder}/*") for folder in size.folders],
        ),
        allow(["s3:PutObject", "s3:DeleteObject"], sub(f"{FAILURES_BUCKET}/{size.name}/*")),
        # With s3:ListBucket, S3 answers 404 for a missing object; without it 403, which a mistake
        # in a policy would cause too.
        allow_list_originals(parameters),
        allow_list(IMAGES_BUCKET, [f"{folder}/" for folder in size.folders]),
        *analyzer_statements(parameters, [size]),
    ]
    return {
        logical_id("RoleOfResize", size): build_role(parameters, "resize", *statements, log=log)
    }


def build_role(
    parameters: StageParameters, name: str, *statements: dict[str, Any], log: str = ""
) -> dict[str, Any]:
    """Builds a function's role with the statements, its log, and what the stage's options need.

    The function is called `<prefix>-<name>`, unless `log` names it.
    """
    own_log = sub(_LOG_GROUP % (log or f"{parameters.prefix}-{name}"))
    statements = (allow(["logs:CreateLogStream", "logs:PutLogEvents"], own_log), *statements)
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    document = policy(*statements, *option_statements(parameters, statements))
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": policy(trust),
            "Policies": [{"PolicyName": name, "PolicyDocument": document}],
        },
    }


def allow_consume(logical: str) -> dict[str, Any]:
    """Builds the permission to receive and delete a queue's messages."""
    actions = ["ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility", "GetQueueAttributes"]
    return allow([f"sqs:{action}" for action in actions], arn(logical))


def allow_list(bucket: str, folders: list[str]) -> dict[str, Any]:
    """Builds the permission to list these folders: S3 then answers 404 for a missing object."""
    prefixes = [f"{folder}*" for folder in folders]
    return allow(["s3:ListBucket"], sub(bucket), Condition={"StringLike": {"s3:prefix": prefixes}})

"""A size's function and its role: its own queue, its own folder, nothing else."""

from typing import Any

from infra.names import allow, arn, function_key, function_name, logical_id, policy, ref, sub
from infra.numbers import BATCH_SIZE, BATCH_WINDOW, MAX_RECEIVE_COUNT, Numbers
from lib.keys import ORIGINALS
from lib.sizes import MEGABYTE, Size

_ORIGINALS_BUCKET = "arn:${AWS::Partition}:s3:::${OriginalsBucket}"
_IMAGES_BUCKET = "arn:${AWS::Partition}:s3:::${ImagesBucket}"
_LOG_GROUP = (
    "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:/aws/lambda/%s:*"
)


def function(size: Size, prefix: str, numbers: Numbers) -> dict[str, Any]:
    """The size's entry in serverless.yml's list of functions, by its key."""
    settings = allocator(size) | {
        "SIZE": size.model_dump_json(),
        "QUEUE_URL": ref(logical_id("Queue", size)),
        "DLQ_URL": ref(logical_id("Dlq", size)),
        "MAX_RECEIVE_COUNT": str(MAX_RECEIVE_COUNT),
        "RESERVE_SECONDS": str(numbers.reserve),
        "ORIGINALS_BUCKET": ref("OriginalsBucket"),
        "IMAGES_BUCKET": ref("ImagesBucket"),
    }
    batches = {
        "arn": arn(logical_id("Queue", size)),
        "batchSize": BATCH_SIZE,
        "maximumBatchingWindow": BATCH_WINDOW,
        "maximumConcurrency": numbers.max_concurrency,
        "functionResponseType": "ReportBatchItemFailures",
    }
    return {
        function_key(size): {
            "name": function_name(prefix, size),
            "description": f"Renders every photo at {size.name}",
            "handler": "handlers.resize.handler",
            "role": arn(logical_id("RoleOfResize", size)),
            "memorySize": size.memory,
            "timeout": numbers.timeout,
            "environment": settings,
            "events": [{"sqs": batches}],
        }
    }


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


def role_resource(size: Size, prefix: str) -> dict[str, Any]:
    """The role of the size's function."""
    statements = [
        allow(
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            sub(_LOG_GROUP % function_name(prefix, size)),
        ),
        allow(
            [
                "sqs:ReceiveMessage",
                "sqs:DeleteMessage",
                "sqs:ChangeMessageVisibility",
                "sqs:GetQueueAttributes",
            ],
            arn(logical_id("Queue", size)),
        ),
        allow(["sqs:SendMessage"], arn(logical_id("Dlq", size))),
        allow(["s3:GetObject"], sub(f"{_ORIGINALS_BUCKET}/{ORIGINALS}*")),
        allow(
            ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
            [sub(f"{_IMAGES_BUCKET}/{folder}/*") for folder in size.folders],
        ),
        # Without leave to list, S3 answers 403 for a missing object, which could as well be a
        # mistake in a policy; with it, 404.
        _list(_ORIGINALS_BUCKET, [ORIGINALS]),
        _list(_IMAGES_BUCKET, [f"{folder}/" for folder in size.folders]),
    ]
    return {
        logical_id("RoleOfResize", size): {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "AssumeRolePolicyDocument": policy(
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": "lambda.amazonaws.com"},
                        "Action": "sts:AssumeRole",
                    }
                ),
                "Policies": [{"PolicyName": "resize", "PolicyDocument": policy(*statements)}],
            },
        }
    }


def _list(bucket: str, folders: list[str]) -> dict[str, Any]:
    prefixes = [f"{folder}*" for folder in folders]
    return allow(["s3:ListBucket"], sub(bucket), Condition={"StringLike": {"s3:prefix": prefixes}})

"""Functions with their roles, and what the functions of several modules have in common."""

from dataclasses import dataclass, field
from typing import Any

from infra.encryption import allow_key
from infra.naming import allow, arn, policy, ref, sub
from infra.originals import allow_originals_key
from infra.parameters import Parameters
from infra.stage import StageParameters
from lib.sizes import MEGABYTE, Size

PURGE_QUEUE = "PurgeQueue"
# MB. Memory buys CPU for the imports: the cold start is shorter.
_MEMORY = 512
_LOG_GROUP = (
    "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:/aws/lambda/%s:*"
)


@dataclass
class Part:
    """A part of the stack: entries of serverless.yml's `functions`, resources and outputs."""

    functions: dict[str, Any] = field(default_factory=dict)
    resources: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)


def join(*parts: Part) -> Part:
    """Returns one part with all that the parts have."""
    joined = Part()
    for part in parts:
        joined.functions |= part.functions
        joined.resources |= part.resources
        joined.outputs |= part.outputs
    return joined


def build_function(
    parameters: StageParameters,
    name: str,
    description: str,
    *statements: dict[str, Any],
    environment: dict[str, Any],
    timeout: int,
    memory: int = _MEMORY,
    key: str = "",
    handler: str = "",
    **more: Any,
) -> Part:
    """Builds a function and its role, which allows what the statements do.

    `key` and `handler` are those of the name, unless given; `more` are its events or its URL.
    """
    role = "RoleOf" + "".join(word.capitalize() for word in name.split("-"))
    function = {
        "name": f"{parameters.prefix}-{name}",
        "description": description,
        "handler": f"handlers.{handler or name.replace('-', '_')}.handler",
        "role": arn(role),
        "memorySize": memory,
        "timeout": timeout,
        "environment": environment,
        **more,
    }
    return Part({key or name: function}, {role: build_role(parameters, name, *statements)})


def build_role(
    parameters: StageParameters, name: str, *statements: dict[str, Any], log: str = ""
) -> dict[str, Any]:
    """Builds a function's role with the statements, its log, and what the stage's options need.

    The function is called `<prefix>-<name>`, unless `log` names it.
    """
    own_log = sub(_LOG_GROUP % (log or f"{parameters.prefix}-{name}"))
    statements = (allow(["logs:CreateLogStream", "logs:PutLogEvents"], own_log), *statements)
    statements += (*allow_key(parameters.kms_key, statements),)
    if parameters.originals_kms_key != parameters.kms_key:
        statements += (*allow_originals_key(parameters, statements),)
    if parameters.xray:
        # X-Ray has no resources that a policy could name.
        statements += (allow(["xray:PutTraceSegments", "xray:PutTelemetryRecords"], "*"),)
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    properties = {
        "AssumeRolePolicyDocument": policy(trust),
        "Policies": [{"PolicyName": name, "PolicyDocument": policy(*statements)}],
    }
    if parameters.permissions_boundary:
        properties["PermissionsBoundary"] = parameters.permissions_boundary
    return {"Type": "AWS::IAM::Role", "Properties": properties}


def route_event(route: str, authorizer: dict[str, Any] | None = None) -> dict[str, Any]:
    """Builds the event of a route such as `GET /docs`; without an authorizer it is open."""
    method, path = route.split()
    return {"httpApi": {"method": method, "path": path, **(authorizer or {})}}


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


def allow_consume(logical: str) -> dict[str, Any]:
    """Builds the permission to receive and delete a queue's messages."""
    actions = ["ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility", "GetQueueAttributes"]
    return allow([f"sqs:{action}" for action in actions], arn(logical))


def allow_list(bucket: str, folders: list[str]) -> dict[str, Any]:
    """Builds the permission to list these folders: S3 then answers 404 for a missing object."""
    prefixes = [f"{folder}*" for folder in folders]
    return allow(["s3:ListBucket"], sub(bucket), Condition={"StringLike": {"s3:prefix": prefixes}})

"""The function that makes pictures as they are asked for, and CloudFront's leave to ask it.

A Function URL, because it carries a picture without API Gateway's price and timeout, and CloudFront
can be the only one to call it.
"""

from typing import Any

from infra.alarms import metric_alarm
from infra.delivery.on_demand import FUNCTION_URL, RELAY, has_on_demand_origin
from infra.functions import (
    PURGE_QUEUE,
    allocator,
    allow_list,
    build_role,
    writer_actions,
    writer_settings,
)
from infra.naming import (
    FAILURES_BUCKET,
    IMAGES_BUCKET,
    ORIGINALS_BUCKET,
    allow,
    arn,
    distribution_arn,
    logical_id,
    ref,
    sub,
)
from infra.on_demand.signing import SIGNING_KEYS_ARN, use_of_keys
from infra.parameters import Parameters
from infra.queue_settings import ON_DEMAND_TIMEOUT
from infra.rekognition import analyzer_settings, analyzer_statements
from lib.keys import ORIGINALS
from lib.on_demand import ATTEMPTS, ON_DEMAND
from lib.on_demand.options import MEMORY
from lib.sizes import Size, pack_sizes

_NAME = "on-demand"
_FUNCTION = "ondemand"
_ROLE = "RoleOfOnDemand"
# How Serverless names the function that it makes of its entry.
FUNCTION = "OndemandLambdaFunction"
# Where CloudFront asks for pictures that are there, something is wrong with its leave to read.
# Requests that race with a worker make some such, a few a minute at most.
_NEEDLESS = 20


def on_demand_function(parameters: Parameters, sizes: list[Size]) -> dict[str, Any]:
    """The function's entry in serverless.yml's list of functions, by its key; none if not asked."""
    if not parameters.on_demand:
        return {}
    largest = max(sizes, key=lambda size: size.memory)
    made = sizes if _declared(parameters) else []
    settings = declared_settings(parameters, made)
    if parameters.serves_signed:
        settings["SIGNING_KEYS"] = SIGNING_KEYS_ARN
    return {
        _FUNCTION: {
            "name": f"{parameters.prefix}-{_NAME}",
            "description": "Makes pictures that CloudFront asks for and S3 lacks",
            "handler": "handlers.on_demand.handler",
            "role": arn(_ROLE),
            # A photo that one of the workers can render, this one can.
            "memorySize": max(largest.memory, MEMORY),
            "timeout": ON_DEMAND_TIMEOUT,
            "environment": allocator(largest) | settings,
            "url": {"authorizer": "aws_iam"},
        }
    }


def declared_settings(parameters: Parameters, sizes: list[Size]) -> dict[str, Any]:
    """The environment of a function that makes missing variants of any size."""
    return {
        "PACKED_SIZES": pack_sizes(sizes),
        "ORIGINALS_BUCKET": ref("OriginalsBucket"),
        "IMAGES_BUCKET": ref("ImagesBucket"),
        "FAILURES_BUCKET": ref("FailuresBucket"),
        "QUEUE_PREFIX": f"{parameters.prefix}-",
        "CHECK_DELAY": str(parameters.numbers.check_delay),
        "ATTEMPT_SECONDS": str(ON_DEMAND_TIMEOUT),
        "BROWSER_SECONDS": str(parameters.browser_seconds),
        "CDN_SECONDS": str(parameters.cdn_seconds),
        "IMMUTABLE": str(parameters.immutable).lower(),
        **analyzer_settings(parameters, sizes),
        **writer_settings(parameters),
    }


def declared_statements(parameters: Parameters, sizes: list[Size]) -> list[dict[str, Any]]:
    """What the role of such a function is allowed: what all workers together are."""
    queues = [arn(logical_id("Queue", size)) for size in sizes]
    return [
        # Each folder by itself would not fit into a role's 10,240 characters; all of the bucket is
        # some size's.
        allow(writer_actions(parameters), sub(f"{IMAGES_BUCKET}/*")),
        allow_list(IMAGES_BUCKET, ["*/"]),
        allow(["s3:GetObject"], sub(f"{FAILURES_BUCKET}/*")),
        # Its own attempts, and nobody's failure records.
        allow(["s3:PutObject", "s3:DeleteObject"], sub(f"{FAILURES_BUCKET}/{ATTEMPTS}/*")),
        allow_list(FAILURES_BUCKET, ["*/"]),
        allow(["sqs:GetQueueUrl", "sqs:SendMessage"], queues),
        *analyzer_statements(parameters, sizes),
        *([allow(["sqs:SendMessage"], arn(PURGE_QUEUE))] if parameters.purges else []),
    ]


def on_demand_resources(parameters: Parameters, sizes: list[Size]) -> dict[str, Any]:
    """Role, CloudFront's two grants, and an alarm."""
    if not parameters.on_demand:
        return {}
    statements = declared_statements(parameters, sizes)
    role = build_role(
        parameters,
        _NAME,
        allow(["s3:GetObject"], sub(f"{ORIGINALS_BUCKET}/{ORIGINALS}*")),
        allow_list(ORIGINALS_BUCKET, [ORIGINALS]),
        *(statements if _declared(parameters) else analyzer_statements(parameters, [])),
        *use_of_keys(parameters),
    )
    caller = RELAY if has_on_demand_origin(parameters) else "Distribution"
    return {
        _ROLE: role,
        # Lambda asks for both of a caller of a Function URL; with the first alone CloudFront is
        # answered 403 before the function runs.
        "CdnMayCallUrl": _grant(caller, "lambda:InvokeFunctionUrl", FunctionUrlAuthType="AWS_IAM"),
        "CdnMayInvoke": _grant(caller, "lambda:InvokeFunction", InvokedViaFunctionUrl=True),
        "AlarmOnNeedless": metric_alarm(
            parameters.prefix,
            "CloudFront asks to have pictures made that are there: it cannot read the images "
            "bucket; look at the bucket's policy, and at the origin access control",
            metric="Needless",
            size=ON_DEMAND,
            above=_NEEDLESS,
        ),
    }


def _declared(parameters: Parameters) -> bool:
    return "declared" in parameters.on_demand


def on_demand_outputs(parameters: Parameters) -> dict[str, Any]:
    """Where the function is: for the local CDN, which stands in for origin groups."""
    if not parameters.on_demand:
        return {}
    return {"OnDemandUrl": {"Value": {"Fn::GetAtt": [FUNCTION_URL, "FunctionUrl"]}}}


def _grant(caller: str, action: str, **more: Any) -> dict[str, Any]:
    return {
        "Type": "AWS::Lambda::Permission",
        "Properties": {
            "Action": action,
            "FunctionName": arn(FUNCTION),
            "Principal": "cloudfront.amazonaws.com",
            "SourceArn": distribution_arn(caller),
            **more,
        },
    }

"""The on-demand function, and CloudFront's permissions to call it.

It has a Function URL, which only CloudFront may call, and which avoids API Gateway's price and
timeout.
"""

from typing import Any

from infra import functions
from infra.alarms import metric_alarm
from infra.delivery.relay import FUNCTION_URL, RELAY
from infra.naming import (
    FAILURES_BUCKET,
    IMAGES_BUCKET,
    allow,
    arn,
    distribution_arn,
    logical_id,
    ref,
    sub,
)
from infra.on_demand.signing import SIGNING_KEYS_ARN, allow_signing_keys
from infra.originals import allow_list_originals, allow_originals, originals_settings
from infra.parameters import Parameters
from infra.queue_settings import ON_DEMAND_TIMEOUT
from infra.rekognition import analyzer_settings, analyzer_statements
from lib.on_demand import ATTEMPTS, ON_DEMAND
from lib.on_demand.options import MEMORY
from lib.sizes import Size, pack_sizes

# Serverless's logical id of the function.
FUNCTION = "OndemandLambdaFunction"
# Requests a minute for images that exist. Requests that race with a worker cause a few; more mean
# that CloudFront may not read the images bucket.
_NEEDLESS = 20


def on_demand(parameters: Parameters, sizes: list[Size]) -> functions.Part:
    """Builds the function, CloudFront's two permissions, an alarm, and an output with the URL.

    The output is for the local CDN. Builds nothing if rendering on demand is switched off.
    """
    if not parameters.on_demand:
        return functions.Part()
    declared = sizes if "declared" in parameters.on_demand else []
    largest = max(sizes, key=lambda size: size.memory)
    settings = declared_settings(parameters, declared)
    if parameters.serves_signed:
        settings["SIGNING_KEYS"] = SIGNING_KEYS_ARN
    statements = declared_statements if declared else analyzer_statements
    part = functions.build_function(
        parameters,
        "on-demand",
        "Makes pictures that CloudFront asks for and S3 lacks",
        allow_originals(parameters, "s3:GetObject"),
        allow_list_originals(parameters),
        *statements(parameters, declared),
        *allow_signing_keys(parameters),
        key="ondemand",
        # Enough to render every photo that a worker can render.
        memory=max(largest.memory, MEMORY),
        timeout=ON_DEMAND_TIMEOUT,
        environment=functions.allocator(largest) | settings,
        url={"authorizer": "aws_iam"},
    )
    caller = RELAY if parameters.has_on_demand_origin else "Distribution"
    part.resources |= {
        # A caller of a Function URL needs both permissions; with the first alone, Lambda answers
        # CloudFront 403.
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
    part.outputs["OnDemandUrl"] = {"Value": {"Fn::GetAtt": [FUNCTION_URL, "FunctionUrl"]}}
    return part


def declared_settings(parameters: Parameters, sizes: list[Size]) -> dict[str, Any]:
    """Builds the environment of a function that renders missing variants of any size."""
    return {
        "PACKED_SIZES": pack_sizes(sizes),
        **originals_settings(parameters),
        "IMAGES_BUCKET": ref("ImagesBucket"),
        "FAILURES_BUCKET": ref("FailuresBucket"),
        "QUEUE_PREFIX": f"{parameters.prefix}-",
        "CHECK_DELAY": str(parameters.queue_settings.check_delay),
        "ATTEMPT_SECONDS": str(ON_DEMAND_TIMEOUT),
        **functions.caching_settings(parameters),
        **analyzer_settings(parameters, sizes),
        **functions.writer_settings(parameters),
    }


def declared_statements(parameters: Parameters, sizes: list[Size]) -> list[dict[str, Any]]:
    """Builds the permissions of a function that renders missing variants: those of all workers."""
    queues = [arn(logical_id("Queue", size)) for size in sizes]
    return [
        # The whole bucket: a list of all folders would exceed a role's 10,240 characters.
        allow(functions.writer_actions(parameters), sub(f"{IMAGES_BUCKET}/*")),
        functions.allow_list(IMAGES_BUCKET, ["*/"]),
        allow(["s3:GetObject"], sub(f"{FAILURES_BUCKET}/*")),
        # Its own attempts only: workers write the failure records.
        allow(["s3:PutObject", "s3:DeleteObject"], sub(f"{FAILURES_BUCKET}/{ATTEMPTS}/*")),
        functions.allow_list(FAILURES_BUCKET, ["*/"]),
        allow(["sqs:GetQueueUrl", "sqs:SendMessage"], queues),
        *analyzer_statements(parameters, sizes),
        *([allow(["sqs:SendMessage"], arn(functions.PURGE_QUEUE))] if parameters.purges else []),
    ]


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

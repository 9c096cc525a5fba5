"""The operator's routes, each by a function of its own: dead letters, and rechecks of photos."""

import json
from typing import Any

from infra.api.auth import authorizer
from infra.api.fetching import FETCH_DLQ, FETCH_QUEUE
from infra.api.parameters import ApiParameters
from infra.functions import PURGE_QUEUE, Part, allow_list, build_function, join, route_event
from infra.invalidations import PURGE_DLQ
from infra.naming import FAILURES_BUCKET, allow, arn, logical_id, ref, sub
from infra.originals import originals_settings
from infra.parameters import Parameters
from lib.auth.tokens import JWT_SCOPE
from lib.sizes import Size

LIST = "GET /dead-letters"
REPLAY = "POST /dead-letters/replay"
PURGE = "POST /dead-letters/purge"
RECHECK = "POST /rechecks"
# Kinds of a size's DLQs.
_DLQS = ("Dlq", "SubscriptionDlq")
# Seconds: twice what queues are scanned for (lib/dead_letters/operations.py).
_TIMEOUT = 25


def operators(parameters: Parameters, sizes: list[Size]) -> Part:
    """Builds the functions and their roles; nothing on a stage without the console."""
    if not parameters.console:
        return Part()
    sizes_queues = [arn(logical_id("Queue", size)) for size in sizes]
    queues = [*sizes_queues, arn(FETCH_QUEUE)]
    dlqs = [arn(logical_id(kind, size)) for kind in _DLQS for size in sizes] + [arn(FETCH_DLQ)]
    if parameters.purges:
        queues.append(arn(PURGE_QUEUE))
        dlqs.append(arn(PURGE_DLQ))
    read = ["GetQueueAttributes", "GetQueueUrl", "ReceiveMessage"]
    read += _in_batches(parameters, "ChangeMessageVisibility")
    scan = allow(_of_sqs(read), dlqs)
    remove = allow(_of_sqs([*read, *_in_batches(parameters, "DeleteMessage")]), dlqs)
    send = allow(_of_sqs(_in_batches(parameters, "SendMessage")), queues)
    purge = [
        remove,
        # One statement a size would exceed a role's 10,240 characters.
        allow(["s3:GetObject", "s3:DeleteObject"], sub(f"{FAILURES_BUCKET}/*")),
        allow_list(FAILURES_BUCKET, ["*/"]),
    ]
    # Route, description and permissions of each function.
    functions = {
        "dlq-list": (LIST, "Lists dead letters", [allow(["sqs:GetQueueAttributes"], queues), scan]),
        "dlq-replay": (REPLAY, "Replays dead letters", [send, remove]),
        "dlq-purge": (PURGE, "Deletes dead letters", purge),
        "recheck": (
            RECHECK,
            "Has workers render what is missing or stale of a photo",
            [allow(["sqs:GetQueueUrl", "sqs:SendMessage"], sizes_queues)],
        ),
    }
    settings = {
        **originals_settings(parameters),
        "AUTH": parameters.auth,
        "QUEUE_PREFIX": f"{parameters.prefix}-",
        "SIZES": json.dumps([size.name for size in sizes]),
        "PURGES": str(parameters.purges).lower(),
    }
    part = join(
        *(
            build_function(
                parameters,
                name,
                description,
                *statements,
                timeout=_TIMEOUT,
                environment=dict(settings),
                events=[route_event(route, _authorizer(parameters))],
            )
            for name, (route, description, statements) in functions.items()
        )
    )
    part.functions["dlq-purge"]["environment"]["FAILURES_BUCKET"] = ref("FailuresBucket")
    if parameters.emulator:
        for role in part.resources.values():
            # The emulator's actions are none of AWS's.
            role["Metadata"] = {"cfn-lint": {"config": {"ignore_checks": ["W3037"]}}}
    return part


def _in_batches(parameters: ApiParameters, action: str) -> list[str]:
    """Returns the action, which SQS asks for batches too; an emulator has one of their own."""
    return [action, f"{action}Batch"] if parameters.emulator else [action]


def _of_sqs(actions: list[str]) -> list[str]:
    return [f"sqs:{action}" for action in actions]


def _authorizer(parameters: ApiParameters) -> dict[str, Any]:
    """Builds the `authorizer` entry: a JWT must have a scope; the functions check a token's."""
    entry = authorizer(parameters)
    if parameters.auth == "jwt":
        entry["authorizer"]["scopes"] = [JWT_SCOPE]
    return entry

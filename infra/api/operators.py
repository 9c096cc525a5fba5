"""The operator's routes, each by a function of its own: dead letters, and rechecks of photos."""

import json
from typing import Any

from infra.api.auth import authorizer
from infra.api.fetching import FETCH_DLQ, FETCH_QUEUE
from infra.api.parameters import ApiParameters
from infra.functions import PURGE_QUEUE, allow_list, build_role
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
# Route and description of each function.
_FUNCTIONS = {
    "dlq-list": (LIST, "Lists dead letters"),
    "dlq-replay": (REPLAY, "Replays dead letters"),
    "dlq-purge": (PURGE, "Deletes dead letters"),
    "recheck": (RECHECK, "Has workers render what is missing or stale of a photo"),
}
# Kinds of a size's DLQs.
_DLQS = ("Dlq", "SubscriptionDlq")
# Seconds: twice what queues are scanned for (lib/dead_letters/operations.py).
_TIMEOUT = 25


def operator_functions(parameters: Parameters, sizes: list[Size]) -> dict[str, Any]:
    """Builds the functions' entries in serverless.yml's `functions`."""
    settings = {
        **originals_settings(parameters),
        "AUTH": parameters.auth,
        "QUEUE_PREFIX": f"{parameters.prefix}-",
        "SIZES": json.dumps([size.name for size in sizes]),
        "PURGES": str(parameters.purges).lower(),
    }
    functions: dict[str, Any] = {}
    for name, (route, description) in _FUNCTIONS.items():
        method, path = route.split()
        functions[name] = {
            "name": f"{parameters.prefix}-{name}",
            "description": description,
            "handler": f"handlers.{name.replace('-', '_')}.handler",
            "role": arn(_role(name)),
            "memorySize": 512,
            "timeout": _TIMEOUT,
            "environment": dict(settings),
            "events": [{"httpApi": {"method": method, "path": path, **_authorizer(parameters)}}],
        }
    functions["dlq-purge"]["environment"]["FAILURES_BUCKET"] = ref("FailuresBucket")
    return functions


def operator_resources(parameters: Parameters, sizes: list[Size]) -> dict[str, Any]:
    """Builds the functions' roles."""
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
    send = _in_batches(parameters, "SendMessage")
    statements = {
        "dlq-list": [allow(["sqs:GetQueueAttributes"], queues), scan],
        "dlq-replay": [allow(_of_sqs(send), queues), remove],
        "dlq-purge": [
            remove,
            # One statement a size would exceed a role's 10,240 characters.
            allow(["s3:GetObject", "s3:DeleteObject"], sub(f"{FAILURES_BUCKET}/*")),
            allow_list(FAILURES_BUCKET, ["*/"]),
        ],
        "recheck": [allow(["sqs:GetQueueUrl", "sqs:SendMessage"], sizes_queues)],
    }
    roles = {
        _role(name): build_role(parameters, name, *allowed) for name, allowed in statements.items()
    }
    if parameters.emulator:
        for role in roles.values():
            # The emulator's actions are none of AWS's.
            role["Metadata"] = {"cfn-lint": {"config": {"ignore_checks": ["W3037"]}}}
    return roles


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


def _role(name: str) -> str:
    return "RoleOf" + "".join(word.capitalize() for word in name.split("-"))

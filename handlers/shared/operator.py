"""What the functions behind the operator's routes share: settings, scope, and their use case."""

from collections.abc import Mapping
from typing import Any

import boto3
from botocore.config import Config
from pydantic import Json

from handlers.shared.settings import OriginalsSettings
from lib.auth.tokens import JWT_SCOPE, Scope
from lib.dead_letters.operations import DeadLetterOperations
from lib.errors import ProblemKind, RequestError

# As many connections as queues are scanned at once.
_CLIENT = Config(max_pool_connections=10)


class OperatorSettings(OriginalsSettings):
    """Settings of these functions."""

    # How the stage knows its callers; only its tokens have scopes of ours.
    auth: str
    queue_prefix: str
    sizes: Json[list[str]]


def require_operator(event: Mapping[str, Any], auth: str) -> None:
    """Raises RequestError (403) if the request's token does not have the operator's scope.

    Callers with AWS credentials (auth: iam) have what their policies allow.
    """
    authorizer = event["requestContext"].get("authorizer") or {}
    if auth == "token" and (authorizer.get("lambda") or {}).get("scope") != Scope.OPERATE:
        raise RequestError(
            403,
            ProblemKind.WRONG_SCOPE,
            "this token is for uploads: make one with fanout token create --scope operate",
        )
    if auth == "jwt":
        claims = (authorizer.get("jwt") or {}).get("claims") or {}
        if JWT_SCOPE not in str(claims.get("scope", "")).split():
            raise RequestError(
                403, ProblemKind.WRONG_SCOPE, f"this token lacks the scope {JWT_SCOPE}"
            )


def make_operations(settings: OperatorSettings) -> DeadLetterOperations:
    """Builds the use case from the function's settings."""
    sqs = boto3.client("sqs", config=_CLIENT)
    return DeadLetterOperations(sqs, settings.queue_prefix, settings.sizes, settings.originals)

"""Settings, scope and use case of the functions behind the operator's routes."""

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any

import boto3
from aws_lambda_powertools.event_handler.openapi.params import Body
from botocore.config import Config
from pydantic import Json

from handlers.shared.http import describe_errors
from handlers.shared.settings import OriginalsSettings
from lib.auth.tokens import JWT_SCOPE, Scope
from lib.dead_letters.operations import MAX_WORKERS, DeadLetterOperations, Selection, Taken
from lib.errors import ProblemKind, RequestError

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

# The type Example would cost the functions its import.
_EXAMPLES: Any = {
    "reason": {
        "summary": "All fetch jobs that failed for a reason",
        "value": {"reason": "source_refused"},
    },
    "undelivered": {
        "summary": "All that SNS could not deliver to the queues of the sizes",
        "value": {"queue": "subscription"},
    },
}
SelectionBody = Annotated[Selection, Body(openapi_examples=_EXAMPLES)]


class OperatorSettings(OriginalsSettings):
    """Settings of these functions."""

    # How the stage knows its callers; only its tokens have scopes of ours.
    auth: str
    queue_prefix: str
    sizes: Json[list[str]]
    # Whether the stage has a queue of invalidations.
    purges: bool = False


def describe_taken(description: str) -> dict[int, Any]:
    """Describes the responses of a route that takes letters out of their DLQs."""
    taken = {"description": description, "content": {"application/json": {"model": Taken}}}
    return {200: taken, **describe_errors(415, 422)}


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


def open_dead_letters(router: "APIGatewayHttpRouter") -> DeadLetterOperations:
    """Returns the stage's dead letters; RequestError if the current request is no operator's."""
    require_operator(router.current_event.raw_event, OperatorSettings.from_environment().auth)
    return _dead_letters()


@lru_cache(maxsize=1)
def _dead_letters() -> DeadLetterOperations:
    """Built once per container."""
    settings = OperatorSettings.from_environment()
    sqs = boto3.client("sqs", config=Config(max_pool_connections=MAX_WORKERS))
    return DeadLetterOperations(
        sqs,
        settings.queue_prefix,
        settings.sizes,
        settings.originals,
        invalidates=settings.purges,
    )

"""POST /dead-letters/purge -> the selected dead letters are deleted."""

from functools import lru_cache
from typing import Annotated, Any

import boto3
from aws_lambda_powertools.event_handler.openapi.params import Body
from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers.shared.http import DEAD_LETTERS, describe_errors, handle, make_resolver, make_router
from handlers.shared.operator import OperatorSettings, make_operations, require_operator
from lib.dead_letters.operations import DeadLetterOperations, Selection, Taken

router = make_router()


class PurgeSettings(OperatorSettings):
    """Settings of this function."""

    failures_bucket: str


_DOCUMENTED: Any = {
    200: {
        "description": "Deleted, with the failure records of their photos",
        "content": {"application/json": {"model": Taken}},
    },
}
_EXAMPLE: Any = {
    "reason": {
        "summary": "All fetch jobs that failed for a reason",
        "value": {"reason": "source_refused"},
    }
}


@router.post(
    "/dead-letters/purge",
    tags=[DEAD_LETTERS],
    operation_id="purgeDeadLetters",
    summary="Delete dead letters for good",
    description="Needs a token made with `--scope operate`. The photos stay.",
    responses={**_DOCUMENTED, **describe_errors(415, 422)},
)
def purge_dead_letters(
    selection: Annotated[Selection, Body(openapi_examples=_EXAMPLE)],
) -> Taken:
    """Purges the selected letters."""
    settings = PurgeSettings.from_environment()
    require_operator(router.current_event.raw_event, settings.auth)
    return _operations().purge(selection, boto3.client("s3"), settings.failures_bucket)


app = make_resolver(router)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Handles one request of the HTTP API."""
    return handle(app, event, context)


@lru_cache(maxsize=1)
def _operations() -> DeadLetterOperations:
    """Built once per container."""
    return make_operations(PurgeSettings.from_environment())

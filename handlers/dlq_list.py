"""GET /dead-letters -> the dead letters of each queue by reason, and its depth."""

from typing import Any

from aws_lambda_powertools.event_handler import Response, content_types
from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers.shared.http import DEAD_LETTERS, describe_errors, handle, make_resolver, make_router
from handlers.shared.operator import open_dead_letters
from lib.dead_letters.operations import DeadLetterList

router = make_router()
_DOCUMENTED: Any = {
    200: {
        "description": "All queues, and the first 500 dead letters",
        "content": {"application/json": {"model": DeadLetterList}},
    },
}


@router.get(
    "/dead-letters",
    tags=[DEAD_LETTERS],
    operation_id="listDeadLetters",
    summary="List the dead letters, and count what waits in the queues",
    description="Needs a token made with `--scope operate`. SQS cannot list messages: the letters "
    "are received, which hides them from other readers for some seconds.",
    responses={**_DOCUMENTED, **describe_errors()},
)
def list_dead_letters() -> Response[DeadLetterList]:
    """Lists the dead letters of all queues."""
    listed = open_dead_letters(router).list_all()
    headers = {"Cache-Control": "no-store"}
    return Response(200, content_types.APPLICATION_JSON, listed, headers=headers)


app = make_resolver(router)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Handles one request of the HTTP API."""
    return handle(app, event, context)

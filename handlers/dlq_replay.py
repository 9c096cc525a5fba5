"""POST /dead-letters/replay -> the selected dead letters are in their queues again."""

from functools import lru_cache
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Body
from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers.shared.http import DEAD_LETTERS, describe_errors, handle, make_resolver, make_router
from handlers.shared.operator import OperatorSettings, make_operations, require_operator
from lib.dead_letters.operations import DeadLetterOperations, Selection, Taken

router = make_router()
_DOCUMENTED: Any = {
    200: {
        "description": "Replayed",
        "content": {"application/json": {"model": Taken}},
    },
}
_EXAMPLE: Any = {
    "reason": {
        "summary": "All fetch jobs that failed for a reason",
        "value": {"reason": "source_unreachable"},
    }
}


@router.post(
    "/dead-letters/replay",
    tags=[DEAD_LETTERS],
    operation_id="replayDeadLetters",
    summary="Move dead letters back to their queues",
    description="Needs a token made with `--scope operate`.",
    responses={**_DOCUMENTED, **describe_errors(415, 422)},
)
def replay_dead_letters(
    selection: Annotated[Selection, Body(openapi_examples=_EXAMPLE)],
) -> Taken:
    """Replays the selected letters."""
    settings = OperatorSettings.from_environment()
    require_operator(router.current_event.raw_event, settings.auth)
    return _operations().replay(selection)


app = make_resolver(router)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Handles one request of the HTTP API."""
    return handle(app, event, context)


@lru_cache(maxsize=1)
def _operations() -> DeadLetterOperations:
    """Built once per container."""
    return make_operations(OperatorSettings.from_environment())

"""POST /dead-letters/replay -> the selected dead letters are in their queues again."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers.shared.http import DEAD_LETTERS, handle, make_resolver, make_router
from handlers.shared.operator import SelectionBody, describe_taken, open_dead_letters
from lib.dead_letters.operations import Taken

router = make_router()


@router.post(
    "/dead-letters/replay",
    tags=[DEAD_LETTERS],
    operation_id="replayDeadLetters",
    summary="Move dead letters back to their queues",
    description="Needs a token made with `--scope operate`.",
    responses=describe_taken("Replayed"),
)
def replay_dead_letters(selection: SelectionBody) -> Taken:
    """Replays the selected letters."""
    return open_dead_letters(router).replay(selection)


app = make_resolver(router)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Handles one request of the HTTP API."""
    return handle(app, event, context)

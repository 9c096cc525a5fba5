"""POST /dead-letters/purge -> the selected dead letters are deleted."""

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers.shared.http import DEAD_LETTERS, handle, make_resolver, make_router
from handlers.shared.operator import SelectionBody, describe_taken, open_dead_letters
from handlers.shared.settings import Settings
from lib.dead_letters.operations import Taken

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

router = make_router()


class PurgeSettings(Settings):
    """Settings of this function alone."""

    failures_bucket: str


@router.post(
    "/dead-letters/purge",
    tags=[DEAD_LETTERS],
    operation_id="purgeDeadLetters",
    summary="Delete dead letters for good",
    description="Needs a token made with `--scope operate`. The photos stay.",
    responses=describe_taken("Deleted, with the failure records of their photos"),
)
def purge_dead_letters(selection: SelectionBody) -> Taken:
    """Purges the selected letters."""
    settings = PurgeSettings.from_environment()
    return open_dead_letters(router).purge(selection, _s3(), settings.failures_bucket)


app = make_resolver(router)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Handles one request of the HTTP API."""
    return handle(app, event, context)


@lru_cache(maxsize=1)
def _s3() -> "S3Client":
    """Built once per container."""
    s3: S3Client = boto3.client("s3")
    return s3

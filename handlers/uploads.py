"""POST /uploads -> leave to upload one photo, and the URL of every variant to be."""

import json
from functools import lru_cache
from typing import Any

import boto3
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response, content_types
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config

from handlers.settings import UploadSettings
from lib.errors import RequestError
from lib.uploads import Ticket, TicketRequest, UploadDesk

app = APIGatewayHttpResolver(enable_validation=True)


@app.post("/uploads")
def create_upload(request: TicketRequest) -> Response[Ticket]:
    """Give out a ticket."""
    return Response(201, content_types.APPLICATION_JSON, _desk().ticket(request))


@app.exception_handler(RequestError)  # type: ignore[untyped-decorator]
def refuse(error: RequestError) -> Response[str]:
    """Answer a wish that cannot be met."""
    return _problem(error.status, error.kind, str(error))


@app.exception_handler(RequestValidationError)  # type: ignore[untyped-decorator]
def refuse_malformed(error: RequestValidationError) -> Response[str]:
    """Answer a request that is not of the right form, naming each wrong field."""
    wrong = [
        f"{'.'.join(str(part) for part in mistake['loc'][1:])}: {mistake['msg']}".lstrip(": ")
        for mistake in error.errors()
    ]
    return _problem(422, "invalid_request", "; ".join(wrong))


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one request of the HTTP API."""
    return app.resolve(event, context)


def _problem(status: int, kind: str, detail: str) -> Response[str]:
    # Powertools makes JSON only of what is called application/json.
    body = json.dumps({"type": kind, "detail": detail})
    return Response(status, "application/problem+json", body)


@lru_cache(maxsize=1)
def _desk() -> UploadDesk:
    """Made once a container."""
    settings = UploadSettings.from_environment()
    # SigV4 has to be asked for in POST policies; virtual addressing gives the bucket's own
    # regional host, which works at once, where the global one redirects for hours.
    config = Config(signature_version="s3v4", s3={"addressing_style": "virtual"})
    return UploadDesk(
        s3=boto3.client("s3", config=config),
        originals_bucket=settings.originals_bucket,
        images_url=settings.images_url,
        size_names=settings.sizes,
        content_types=settings.upload_types,
        max_bytes=settings.max_upload_bytes,
    )

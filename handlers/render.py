"""POST /render -> the picture of the request, rendered at a declared size."""

from functools import lru_cache
from typing import Annotated, Any

import boto3
from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BeforeValidator

from handlers.shared.http import describe_errors, handle, make_resolver, make_router
from handlers.shared.image_analyzer import CLIENTS, make_image_analyzer
from handlers.shared.requests import decode_body
from handlers.shared.settings import RenderSettings
from handlers.shared.signed_images import make_request_verifier
from lib.aws import s3 as objects
from lib.errors import ProblemKind, RequestError
from lib.keys import MAX_KEY_BYTES, escaped
from lib.on_demand.direct import DirectRenderer, StoreTarget, find_size
from lib.on_demand.options import MEMORY
from lib.on_demand.signed_requests import SignedRequestVerifier
from lib.sizes import ExtraFormat, Size

router = make_router()

KEPT = "X-Fanout-Path"
_DOCUMENTED: Any = {
    200: {
        "description": "The rendered picture",
        "headers": {
            KEPT: {
                "description": "Where the original is kept, percent-encoded; with `store` only",
                "schema": {"type": "string"},
            }
        },
        "content": {"image/*": {"schema": {"type": "string", "format": "binary"}}},
    },
}
# Powertools describes bodies that it reads, and it must not read this one.
_BODY: Any = {
    "requestBody": {
        "description": "The picture; its bytes tell what it is",
        "required": True,
        "content": {
            "image/*": {"schema": {"type": "string", "format": "binary"}},
            "text/plain": {"schema": {"type": "string", "format": "byte"}},
        },
    }
}


def _plain(text: object) -> object:
    """Pydantic takes "yes" and "1" for true as well."""
    if text not in ("true", "false"):
        raise ValueError("must be true or false")
    return text


@router.post(
    "/render",
    operation_id="renderPicture",
    summary="Render a picture at one of the sizes, or at signed dimensions, and get it back",
    description="The body is the picture, or as `text/plain` its base64. With `store` its original "
    "is kept under that path as well, and rendered at every size in the background.",
    responses={**_DOCUMENTED, **describe_errors(400, 409, 413, 415, 422)},
    openapi_extensions=_BODY,
)
def render_picture(  # type: ignore[no-untyped-def]  # Powertools makes text of what has a type
    size: Annotated[str | None, Query(min_length=1)] = None,
    format: Annotated[ExtraFormat | None, Query()] = None,  # noqa: A002  its name in the query
    signed: Annotated[str | None, Query(min_length=1)] = None,
    store: Annotated[str | None, Query(min_length=1, max_length=MAX_KEY_BYTES)] = None,
    overwrite: Annotated[bool, BeforeValidator(_plain), Query()] = False,
):
    """Render the picture in the body."""
    pictures = _pictures()
    chosen = _chosen(pictures, size, format, signed)
    keep = StoreTarget(store, overwrite) if store else None
    rendition = pictures.render(decode_body(router.current_event.raw_event), chosen, keep)
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    if store:
        headers[KEPT] = escaped(store)
    return Response(200, rendition.content_type, rendition.data, headers=headers)


def _chosen(
    pictures: DirectRenderer, size: str | None, format_: str | None, signed: str | None
) -> Size:
    if size is not None and signed is None:
        return find_size(pictures.sizes, size, format_)
    if signed is None or size is not None or format_ is not None:
        raise _invalid("either size, with or without format, or signed must be given")
    wishes = _wishes()
    if wishes is None:
        raise _invalid("signed: this stage takes no signed dimensions: choose a size")
    options, _, signature = signed.rpartition("/")
    return wishes.verify("", options, signature).size(MEMORY)


def _invalid(why: str) -> RequestError:
    return RequestError(422, ProblemKind.INVALID_REQUEST, why)


app = make_resolver(router)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one request of the HTTP API."""
    return handle(app, event, context, takes_json=False)


@lru_cache(maxsize=1)
def _pictures() -> DirectRenderer:
    """Made once a container."""
    settings = RenderSettings.from_environment()
    # With a look at S3 (two tries), a render of 10 s and one PUT it comes to the function's 25 s.
    s3 = boto3.client("s3", config=CLIENTS)
    # Repeated, a PUT that had landed would find its own photo in its way.
    objects.disable_write_retries(s3)
    return DirectRenderer(
        s3=s3,
        originals_bucket=settings.originals_bucket,
        sizes=settings.packed_sizes,
        content_types=settings.upload_types,
        max_bytes=settings.max_upload_bytes,
        image_analyzer=make_image_analyzer(settings, s3, settings.originals_bucket),
    )


@lru_cache(maxsize=1)
def _wishes() -> SignedRequestVerifier | None:
    """Made once a container; None on a stage without signed dimensions."""
    signing_keys = RenderSettings.from_environment().signing_keys
    return make_request_verifier(signing_keys) if signing_keys else None

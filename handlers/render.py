"""POST /render -> the image in the request, rendered at a declared size or at signed options."""

from functools import lru_cache
from typing import Annotated, Any

import boto3
from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BeforeValidator, Field, Json

from handlers.shared.http import RENDERING, describe_errors, handle, make_resolver, make_router
from handlers.shared.image_analyzer import CLIENTS, make_image_analyzer
from handlers.shared.operator import require_operator
from handlers.shared.requests import decode_body
from handlers.shared.settings import AnalyzerSettings, OriginalsSettings, PackedSizes
from handlers.shared.signed_images import make_request_verifier
from lib.aws import s3 as objects
from lib.errors import ProblemKind, RequestError
from lib.keys import MAX_KEY_BYTES, escaped
from lib.on_demand.by_hand import parse_size
from lib.on_demand.direct import DirectRenderer, StoreTarget, find_size
from lib.on_demand.options import MEMORY
from lib.on_demand.signed_requests import SignedRequestVerifier
from lib.sizes import ExtraFormat, Size
from lib.watermarks import load_packed

router = make_router()


class RenderSettings(AnalyzerSettings, OriginalsSettings):
    """Settings of this function."""

    packed_sizes: PackedSizes
    # ARN of the secret with the signing keys; None on a stage without signed dimensions.
    signing_keys: str | None = None
    # Whether operators may make up sizes; how the stage knows its callers.
    console: bool = False
    auth: str = "token"
    upload_types: Json[list[str]]
    max_upload_bytes: int = Field(gt=0)


STORED_PATH = "X-Fanout-Path"
_DOCUMENTED: Any = {
    200: {
        "description": "The rendered image",
        "headers": {
            STORED_PATH: {
                "description": "Path of the stored original, percent-encoded; only with `store`",
                "schema": {"type": "string"},
            }
        },
        "content": {"image/*": {"schema": {"type": "string", "format": "binary"}}},
    },
}
# Powertools documents only the bodies that it parses, and it must not parse this one.
_BODY: Any = {
    "requestBody": {
        "description": "The image; its bytes decide its type",
        "required": True,
        "content": {
            "image/*": {"schema": {"type": "string", "format": "binary"}},
            "text/plain": {"schema": {"type": "string", "format": "byte"}},
        },
    }
}


def _require_plain_bool(text: object) -> object:
    """Refuses "yes" and "1", which pydantic accepts as true."""
    if text not in ("true", "false"):
        raise ValueError("must be true or false")
    return text


@router.post(
    "/render",
    tags=[RENDERING],
    operation_id="renderPicture",
    summary="Render an image at one of the sizes, or at signed dimensions, and get the result",
    description="The body is the image, or as `text/plain` its base64. With `store` the image is "
    "also stored as the original at that path, and rendered at every size in the background. "
    "`by_hand` is a size made up in JSON, as in sizes.yml, for tokens made with `--scope operate`.",
    responses={**_DOCUMENTED, **describe_errors(400, 409, 413, 415, 422)},
    openapi_extensions=_BODY,
)
def render_picture(  # type: ignore[no-untyped-def]  # with a type, Powertools would make the response text
    *,
    size: Annotated[str | None, Query(min_length=1)] = None,
    format: Annotated[ExtraFormat | None, Query()] = None,  # noqa: A002  its name in the query
    signed: Annotated[str | None, Query(min_length=1)] = None,
    by_hand: Annotated[str | None, Query(min_length=1)] = None,
    store: Annotated[str | None, Query(min_length=1, max_length=MAX_KEY_BYTES)] = None,
    overwrite: Annotated[bool, BeforeValidator(_require_plain_bool), Query()] = False,
):
    """Renders the image in the body."""
    renderer = _direct_renderer()
    if by_hand is None:
        target_size = _find_size(renderer, size, format, signed)
    elif size or format or signed:
        raise _make_error("by_hand: give it alone, without size, format or signed")
    else:
        target_size = _make_up_size(by_hand)
    target = StoreTarget(store, overwrite) if store else None
    rendition = renderer.render(decode_body(router.current_event.raw_event), target_size, target)
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    if store:
        headers[STORED_PATH] = escaped(store)
    return Response(200, rendition.content_type, rendition.data, headers=headers)


def _find_size(
    renderer: DirectRenderer, size: str | None, format_: str | None, signed: str | None
) -> Size:
    if size is not None and signed is None:
        return find_size(renderer.sizes, size, format_)
    if signed is None or size is not None or format_ is not None:
        raise _make_error("give either size, with or without format, or signed")
    verifier = _request_verifier()
    if verifier is None:
        raise _make_error("signed: this stage has no signed dimensions: give a size")
    options, _, signature = signed.rpartition("/")
    return verifier.verify("", options, signature).size(MEMORY)


def _make_up_size(by_hand: str) -> Size:
    settings = RenderSettings.from_environment()
    if not settings.console:
        raise _make_error("by_hand: this stage has no console: give a size")
    require_operator(router.current_event.raw_event, settings.auth)
    return parse_size(by_hand)


def _make_error(detail: str) -> RequestError:
    return RequestError(422, ProblemKind.INVALID_REQUEST, detail)


app = make_resolver(router)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Handles one request of the HTTP API."""
    return handle(app, event, context, takes_json=False)


@lru_cache(maxsize=1)
def _direct_renderer() -> DirectRenderer:
    settings = RenderSettings.from_environment()
    # One HEAD (two attempts), a render of 10 s and one PUT fit into the function's 25 s.
    s3 = boto3.client("s3", config=CLIENTS)
    # A retry of a PUT that landed would fail: the path is taken by its own photo.
    objects.disable_write_retries(s3)
    return DirectRenderer(
        s3=s3,
        originals=settings.originals,
        sizes=settings.packed_sizes,
        content_types=settings.upload_types,
        max_bytes=settings.max_upload_bytes,
        image_analyzer=make_image_analyzer(settings, s3, settings.originals),
        load_watermark=load_packed,
    )


@lru_cache(maxsize=1)
def _request_verifier() -> SignedRequestVerifier | None:
    signing_keys = RenderSettings.from_environment().signing_keys
    return make_request_verifier(signing_keys) if signing_keys else None

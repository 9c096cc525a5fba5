"""CloudFront's request for an image that the images bucket lacks -> the rendered image."""

from base64 import b64encode
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers.shared.on_demand_variants import make_on_demand_variants
from handlers.shared.problems import make_error_response
from handlers.shared.respond import NO_STORE, respond
from handlers.shared.settings import OnDemandVariantsSettings
from handlers.shared.signed_images import make_signed_images
from lib.errors import RequestError
from lib.keys import SIGNED_FOLDER, url_path
from lib.on_demand import MAX_IMAGE_BYTES, ImageResponse
from lib.on_demand.plain_paths import unpack
from lib.on_demand.signed_images import SignedImages
from lib.on_demand.variants import OnDemandVariants

# As the CDN caches its own error responses: the image may exist a moment later.
_ERROR_CACHE_CONTROL = "max-age=5"
_SIGNED = f"/{SIGNED_FOLDER}/"


def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Handles one request of the distribution."""
    signed_images = _signed_images()
    try:
        uri = unpack(event["rawPath"])
    except RequestError as error:
        return make_error_response(error.status, error.kind, str(error), _ERROR_CACHE_CONTROL)
    if signed_images and uri.startswith(_SIGNED):
        signed_path, _, signature = uri.removeprefix(_SIGNED).rpartition("/")
        # The log gets the path without its signature: a logged URL must not work.
        return respond(
            SIGNED_FOLDER,
            signed_path,
            lambda: _serve_signed(signed_images, signed_path, signature),
            error_cache_control=_ERROR_CACHE_CONTROL,
        )
    folder, _, path = unquote(uri).removeprefix("/").partition("/")
    return respond(
        folder,
        path,
        lambda: _serve_variant(folder, path),
        error_cache_control=_ERROR_CACHE_CONTROL,
    )


def _serve_variant(folder: str, path: str) -> tuple[str, dict[str, Any]]:
    variants = _variants()
    found = variants.get_or_render(folder, path)
    if found.stored.length > MAX_IMAGE_BYTES:
        # S3 has the variant now, and the CDN requests it from S3 first.
        headers = {"Location": f"/{url_path(found.key)}", "Cache-Control": NO_STORE}
        return found.action, {"statusCode": 302, "headers": headers, "body": ""}
    return found.action, _build_response(variants.read(found), ETag=f'"{found.stored.etag}"')


def _serve_signed(
    signed_images: SignedImages, signed_path: str, signature: str
) -> tuple[str, dict[str, Any]]:
    """Splits the escaped path from its options; only the path may have slashes."""
    path, _, options = signed_path.rpartition("/")
    return "signed", _build_response(signed_images.render(path, options, signature))


def _build_response(image: ImageResponse, **headers: str) -> dict[str, Any]:
    headers |= {"Content-Type": image.content_type, "Cache-Control": image.cache_control}
    return {
        "statusCode": 200,
        "headers": headers,
        "body": b64encode(image.data).decode(),
        "isBase64Encoded": True,
    }


@lru_cache(maxsize=1)
def _variants() -> OnDemandVariants:
    return make_on_demand_variants(OnDemandVariantsSettings.from_environment())


@lru_cache(maxsize=1)
def _signed_images() -> SignedImages | None:
    return make_signed_images(OnDemandVariantsSettings.from_environment())

"""CloudFront asks here for a picture that the images bucket lacks -> the picture, made now."""

from base64 import b64encode
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

from handlers.shared.on_demand_variants import make_on_demand_variants
from handlers.shared.problems import make_error_response
from handlers.shared.respond import NO_STORE, respond
from handlers.shared.settings import OnDemandSettings
from handlers.shared.signed_images import make_signed_images
from lib.errors import RequestError
from lib.keys import SIGNED_FOLDER, url_path
from lib.on_demand import MAX_IMAGE_BYTES, ImageResponse
from lib.on_demand.plain_paths import unpack
from lib.on_demand.signed_images import SignedImages
from lib.on_demand.variants import OnDemandVariants

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

# How long a refusal is kept, as the CDN's own: a picture may be there a moment later.
_REFUSED = "max-age=5"
_SIGNED = f"/{SIGNED_FOLDER}/"


def handler(event: dict[str, Any], _context: "LambdaContext") -> dict[str, Any]:
    """Answer one request of the distribution."""
    pictures = _kept().signed
    try:
        uri = unpack(event["rawPath"])
    except RequestError as error:
        return make_error_response(error.status, error.kind, str(error), _REFUSED)
    if pictures and uri.startswith(_SIGNED):
        wish, _, signature = uri.removeprefix(_SIGNED).rpartition("/")
        # Whoever reads the log must not find URLs in it that work.
        return respond(
            SIGNED_FOLDER, wish, lambda: _signed(pictures, wish, signature), refused=_REFUSED
        )
    folder, _, path = unquote(uri).removeprefix("/").partition("/")
    return respond(folder, path, lambda: _variant(folder, path), refused=_REFUSED)


def _variant(folder: str, path: str) -> tuple[str, dict[str, Any]]:
    variants = _kept().variants
    found = variants.get_or_render(folder, path)
    if found.stored.length > MAX_IMAGE_BYTES:
        # By now S3 has it, and the CDN asks S3 first.
        headers = {"Location": f"/{url_path(found.key)}", "Cache-Control": NO_STORE}
        return found.action, {"statusCode": 302, "headers": headers, "body": ""}
    return found.action, _with(variants.read(found), ETag=f'"{found.stored.etag}"')


def _signed(pictures: SignedImages, wish: str, signature: str) -> tuple[str, dict[str, Any]]:
    """The path may have slashes, the options have none; all of it still escaped."""
    path, _, options = wish.rpartition("/")
    return "signed", _with(pictures.render(path, options, signature))


def _with(picture: ImageResponse, **headers: str) -> dict[str, Any]:
    headers |= {"Content-Type": picture.content_type, "Cache-Control": picture.cache_control}
    return {
        "statusCode": 200,
        "headers": headers,
        "body": b64encode(picture.data).decode(),
        "isBase64Encoded": True,
    }


class _Kept(NamedTuple):
    """What makes pictures; nothing makes signed ones on a stage without such."""

    variants: OnDemandVariants
    signed: SignedImages | None


@lru_cache(maxsize=1)
def _kept() -> _Kept:
    """Made once a container."""
    settings = OnDemandSettings.from_environment()
    return _Kept(make_on_demand_variants(settings), make_signed_images(settings))

"""GET /missing/{folder}/{path} -> the variant is rendered, stored, and redirected to.

The images bucket's S3 website redirects here if it lacks an object (infra/on_demand/website.py).
"""

from datetime import timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers.shared.on_demand_variants import make_on_demand_variants
from handlers.shared.respond import NO_STORE, respond
from handlers.shared.settings import OnDemandVariantsSettings
from lib.errors import ProblemKind, RequestError
from lib.keys import url_path
from lib.on_demand.variants import OnDemandVariants

_ROUTE = "/missing/"
# Longer than a browser takes for S3's redirect. S3 did not serve a variant that is older, although
# it was there: the browser would loop.
_REDIRECT_TIME = timedelta(seconds=10)


class WebsiteSettings(OnDemandVariantsSettings):
    """Settings of this function."""

    images_url: str


def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Handles one redirected request."""
    # API Gateway decodes every escape of a path except %25.
    folder, _, path = unquote(event["rawPath"]).removeprefix(_ROUTE).partition("/")
    return respond(folder, path, lambda: _redirect(folder, path), error_cache_control=NO_STORE)


def _redirect(folder: str, path: str) -> tuple[str, dict[str, Any]]:
    settings, variants = _dependencies()
    found = variants.get_or_render(folder, path)
    if not found.made_now and found.age > _REDIRECT_TIME:
        raise RequestError(
            500,
            ProblemKind.NOT_READABLE,
            "the image is stored, but S3 does not serve it to the public: check Block Public "
            "Access of the bucket and of the account, and the variant's ACL",
        )
    # Once the variant is deleted, a cached redirect would loop.
    headers = {
        "Location": f"{settings.images_url}/{url_path(found.key)}",
        "Cache-Control": NO_STORE,
    }
    return found.action, {"statusCode": 301, "headers": headers, "body": ""}


@lru_cache(maxsize=1)
def _dependencies() -> tuple[WebsiteSettings, OnDemandVariants]:
    settings = WebsiteSettings.from_environment()
    return settings, make_on_demand_variants(settings)

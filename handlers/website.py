"""GET /missing/{folder}/{path} -> the variant is made and stored, and its visitor sent back to it.

S3's website of the images bucket sends visitors here for what it lacks (infra/delivery/website.py).
"""

from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from handlers.shared.on_demand_variants import make_on_demand_variants
from handlers.shared.respond import NO_STORE, respond
from handlers.shared.settings import WebsiteSettings
from lib.errors import ProblemKind, RequestError
from lib.keys import url_path
from lib.on_demand.variants import OnDemandVariants

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

_ROUTE = "/missing/"
# Longer than a visitor takes from one to the other. What was stored before that was there for S3 to
# give, and it sent him here all the same: sent back, he would come again and again.
_ROUND = timedelta(seconds=10)


def handler(event: dict[str, Any], _context: "LambdaContext") -> dict[str, Any]:
    """Answer one visitor."""
    # API Gateway has decoded the path already, but for its percent signs.
    folder, _, path = unquote(event["rawPath"]).removeprefix(_ROUTE).partition("/")
    return respond(folder, path, lambda: _redirect(folder, path), refused=NO_STORE)


def _redirect(folder: str, path: str) -> tuple[str, dict[str, Any]]:
    settings, variants = _kept()
    found = variants.get_or_render(folder, path)
    if not found.made_now and found.age > _ROUND:
        raise RequestError(
            500,
            ProblemKind.NOT_READABLE,
            "the picture is stored, and S3 does not give it to the public: look at Block Public "
            "Access of the bucket and of the account, and at the variant's ACL",
        )
    # Kept by a browser, it would send him round in a circle once the variant is gone.
    headers = {
        "Location": f"{settings.images_url}/{url_path(found.key)}",
        "Cache-Control": NO_STORE,
    }
    return found.action, {"statusCode": 301, "headers": headers, "body": ""}


@lru_cache(maxsize=1)
def _kept() -> tuple[WebsiteSettings, OnDemandVariants]:
    """Made once a container."""
    settings = WebsiteSettings.from_environment()
    return settings, make_on_demand_variants(settings)

"""S3's website, without a CDN: it redirects requests for missing variants to the API.

The API renders the variant, stores it, and redirects back.
"""

from typing import Any

from infra.delivery.cloudfront import get_host
from infra.delivery.parameters import DeliveryParameters
from lib.errors import ConfigError
from lib.sizes import Size

# Route of the API that renders missing variants.
ROUTE = "missing"
# S3's limit on routing rules of a bucket.
MAX_RULES = 50
# For a missing object, S3's website answers 404 if the caller may list the bucket, else 403.
_MISSING = ("403", "404")


def website(parameters: DeliveryParameters, sizes: list[Size]) -> dict[str, Any]:
    """Builds the images bucket's WebsiteConfiguration; empty on stages without a website.

    Raises ConfigError if the sizes' folders need more rules than S3 allows.
    """
    if parameters.delivery != "website":
        return {}
    folders = [folder for size in sizes for folder in size.folders]
    rules = [_rule(folder, code, parameters.api_url) for folder in folders for code in _MISSING]
    if len(rules) > MAX_RULES:
        raise ConfigError(
            f"delivery: website needs {len(_MISSING)} rules for each of {len(folders)} folders "
            f"(one a size, one a format beside it), and S3 takes {MAX_RULES} rules: declare fewer "
            "sizes or formats, or use delivery: cloudfront"
        )
    # S3 requires the name of an index document; there is none.
    return {"IndexDocument": "index.html", "RoutingRules": rules}


def _rule(folder: str, code: str, api_url: Any) -> dict[str, Any]:
    """Builds the redirect of one folder; other missing keys are not redirected."""
    return {
        "RoutingRuleCondition": {
            "HttpErrorCodeReturnedEquals": code,
            "KeyPrefixEquals": f"{folder}/",
        },
        "RedirectRule": {
            "Protocol": "https",
            "HostName": get_host(api_url),
            "ReplaceKeyPrefixWith": f"{ROUTE}/{folder}/",
            # Temporary: browsers do not cache it.
            "HttpRedirectCode": "307",
        },
    }

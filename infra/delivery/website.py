"""Without a CDN: S3's website sends visitors to the API for what the images bucket lacks.

The API makes the variant, stores it, and sends them back.
"""

from typing import Any

from infra.delivery.parameters import DeliveryParameters
from lib.errors import ConfigError
from lib.sizes import Size

# The API's route that makes missing variants.
ROUTE = "missing"
# S3's limit on the rules of a bucket.
MAX_RULES = 50
# For a missing object S3's website says 404 to those who may list the bucket, 403 to all others.
_MISSING = ("403", "404")


def website(parameters: DeliveryParameters, sizes: list[Size]) -> dict[str, Any]:
    """What the images bucket is told of its website; nothing on stages without one.

    ConfigError where the sizes have more folders than S3 takes rules for.
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
    # There is no index, but S3 makes no website without the name of one.
    return {"IndexDocument": "index.html", "RoutingRules": rules}


def _rule(folder: str, code: str, api_url: Any) -> dict[str, Any]:
    """Only folders of sizes: nobody is sent to the API for anything else."""
    return {
        "RoutingRuleCondition": {
            "HttpErrorCodeReturnedEquals": code,
            "KeyPrefixEquals": f"{folder}/",
        },
        "RedirectRule": {
            "Protocol": "https",
            # The host of https://host
            "HostName": {"Fn::Select": [2, {"Fn::Split": ["/", api_url]}]},
            "ReplaceKeyPrefixWith": f"{ROUTE}/{folder}/",
            # For now, and this once: no browser keeps it.
            "HttpRedirectCode": "307",
        },
    }

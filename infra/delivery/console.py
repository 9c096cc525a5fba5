"""The console's pages behind the CDN: they come from a function of the API, not from S3."""

from typing import Any

from infra.delivery.parameters import DeliveryParameters
from lib.keys import CONSOLE_FOLDER

_ORIGIN = "console"
# AWS's managed policy CachingDisabled: a page and the scripts that it loads are of one deploy.
_CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"


def has_console_origin(parameters: DeliveryParameters) -> bool:
    """Returns whether the CDN has the console; before an emulator's, local/cdn.py serves it."""
    return parameters.console and not parameters.emulator


def console_origin(parameters: DeliveryParameters) -> dict[str, Any]:
    """Builds the API as an origin of the CDN."""
    return {
        "Id": _ORIGIN,
        # The host of https://host
        "DomainName": {"Fn::Select": [2, {"Fn::Split": ["/", parameters.api_url]}]},
        "CustomOriginConfig": {
            "OriginProtocolPolicy": "https-only",
            "OriginSSLProtocols": ["TLSv1.2"],
        },
    }


def console_behaviour() -> dict[str, Any]:
    """Builds the console's cache behaviour; its headers come from its function."""
    return {
        "PathPattern": f"{CONSOLE_FOLDER}/*",
        "TargetOriginId": _ORIGIN,
        "ViewerProtocolPolicy": "redirect-to-https",
        "AllowedMethods": ["GET", "HEAD"],
        "CachedMethods": ["GET", "HEAD"],
        "Compress": False,
        "CachePolicyId": _CACHING_DISABLED,
    }

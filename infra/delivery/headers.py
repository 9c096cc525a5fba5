"""Headers that CloudFront adds to each response: security, CORS and Vary."""

from typing import Any

from infra.delivery.formats import Formats
from infra.delivery.parameters import DeliveryParameters

# An image opened by itself runs and loads nothing; browsers need the style to centre it.
_CSP = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
# Seconds that browsers cache a preflight response: two hours is Chromium's maximum.
_CORS_SECONDS = 7200
# Request headers that decide what `?w=auto` selects (queries.js). Browsers send them from
# pages that delegate them to this host.
_HINTS = ("Sec-CH-Width", "Width", "Sec-CH-DPR", "DPR", "Sec-CH-Viewport-Width", "Viewport-Width")


def headers_resources(parameters: DeliveryParameters, formats: Formats) -> dict[str, Any]:
    """Builds the response headers policy."""
    config: dict[str, Any] = {
        "Name": f"{parameters.prefix}-{parameters.region}",
        "SecurityHeadersConfig": _security(parameters),
    }
    if parameters.image_origins:
        config["CorsConfig"] = _cors(parameters)
    if custom := _custom(parameters, formats):
        config["CustomHeadersConfig"] = {
            "Items": [
                {"Header": name, "Value": value, "Override": True} for name, value in custom.items()
            ]
        }
    return {
        "ResponseHeaders": {
            "Type": "AWS::CloudFront::ResponseHeadersPolicy",
            "Properties": {"ResponseHeadersPolicyConfig": config},
        }
    }


def _security(parameters: DeliveryParameters) -> dict[str, Any]:
    headers: dict[str, Any] = {
        "ContentTypeOptions": {"Override": True},
        "ContentSecurityPolicy": {"ContentSecurityPolicy": _CSP, "Override": True},
    }
    if parameters.hsts:
        headers["StrictTransportSecurity"] = {
            "AccessControlMaxAgeSec": parameters.hsts,
            # Other hosts below the domain may need plain http.
            "IncludeSubdomains": False,
            "Override": True,
        }
    return headers


def _cors(parameters: DeliveryParameters) -> dict[str, Any]:
    # Scripts of named sites may send the cookies that show private images. With credentials, CORS
    # has no wildcards; images need no header but this one.
    takes_cookies = parameters.is_private and parameters.image_origins != ["*"]
    return {
        "AccessControlAllowCredentials": takes_cookies,
        "AccessControlAllowHeaders": {"Items": ["Range"] if takes_cookies else ["*"]},
        "AccessControlAllowMethods": {"Items": ["GET", "HEAD"]},
        "AccessControlAllowOrigins": {"Items": parameters.image_origins},
        "AccessControlMaxAgeSec": _CORS_SECONDS,
        "OriginOverride": True,
    }


def _custom(parameters: DeliveryParameters, formats: Formats) -> dict[str, str]:
    headers = {}
    # CloudFront sends Access-Control-Allow-Origin only if the request has an Origin: a browser must
    # not reuse a response that it cached for a request without one.
    vary = ["Accept"] * bool(formats) + ["Origin"] * bool(parameters.image_origins)
    if parameters.serve_queries:
        vary += _HINTS
    if vary:
        headers["Vary"] = ", ".join(vary)
    if parameters.corp != "none":
        headers["Cross-Origin-Resource-Policy"] = parameters.corp
    return headers

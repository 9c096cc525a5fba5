"""What CloudFront adds to each answer: security headers, CORS, and what caches must heed."""

from typing import Any

from infra.delivery.formats import Formats
from infra.delivery.parameters import DeliveryParameters

# A picture opened by itself runs and loads nothing; browsers need the style to centre it.
_CSP = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
# How long browsers remember the answer to a CORS question: two hours is the most that Chrome does.
_CORS_SECONDS = 7200


def headers_resources(parameters: DeliveryParameters, formats: Formats) -> dict[str, Any]:
    """The response headers policy."""
    config: dict[str, Any] = {
        "Name": f"{parameters.prefix}-{parameters.region}",
        "SecurityHeadersConfig": _security(parameters),
    }
    if parameters.image_origins:
        config["CorsConfig"] = _cors(parameters.image_origins)
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
            # Other hosts below the domain are not ours to decide for.
            "IncludeSubdomains": False,
            "Override": True,
        }
    return headers


def _cors(origins: list[str]) -> dict[str, Any]:
    return {
        "AccessControlAllowCredentials": False,
        "AccessControlAllowHeaders": {"Items": ["*"]},
        "AccessControlAllowMethods": {"Items": ["GET", "HEAD"]},
        "AccessControlAllowOrigins": {"Items": origins},
        "AccessControlMaxAgeSec": _CORS_SECONDS,
        "OriginOverride": True,
    }


def _custom(parameters: DeliveryParameters, formats: Formats) -> dict[str, str]:
    headers = {}
    # A browser that has cached an answer to one question must not take it for another's:
    # CloudFront says Access-Control-Allow-Origin only to those who send an Origin.
    varies = ["Accept"] * bool(formats) + ["Origin"] * bool(parameters.image_origins)
    if varies:
        headers["Vary"] = ", ".join(varies)
    if parameters.corp != "none":
        headers["Cross-Origin-Resource-Policy"] = parameters.corp
    return headers

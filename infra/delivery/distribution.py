"""The CDN's distribution, its origins and its cache policy."""

from typing import Any

from infra.delivery import cloudfront
from infra.delivery.formats import FOLDER_HEADER, Formats, folder_origins
from infra.delivery.parameters import DeliveryParameters
from infra.delivery.relay import ON_DEMAND, relay_origin, relay_resources
from infra.delivery.viewers import VIEWER_RESPONSE, require_signature
from infra.naming import arn, ref
from lib.keys import CONSOLE_FOLDER, SIGNED_FOLDER

_IMAGES, _CONSOLE = "images", "console"
_REDIRECT = "redirect-to-https"
# Errors of S3 and of CloudFront. They are cached briefly: a variant must appear soon after it is
# stored, and a cached failure must not outlast its cause.
_ERRORS = (403, 404, 500, 502, 503, 504)
_ERROR_SECONDS = 5
# Seconds; CloudFront keeps nothing longer, whatever an object's Cache-Control is.
_YEAR = 365 * 24 * 60 * 60


def distribution_resources(parameters: DeliveryParameters, formats: Formats) -> dict[str, Any]:
    """Builds the distribution, its origin access control, its cache policy and its relay."""
    # These names must be unique in an account, whatever the region.
    name = f"{parameters.prefix}-{parameters.region}"
    return {
        "Distribution": _distribution(parameters, formats),
        "OriginAccess": cloudfront.build_origin_access(name, "s3"),
        "CachePolicy": {
            "Type": "AWS::CloudFront::CachePolicy",
            "Properties": {"CachePolicyConfig": _cache_policy(name, parameters, formats)},
        },
        **relay_resources(parameters, list(_ERRORS)),
    }


def _distribution(parameters: DeliveryParameters, formats: Formats) -> dict[str, Any]:
    origins = [
        _origin(_IMAGES),
        *(_origin(name, OriginPath=path) for name, path in folder_origins(parameters, formats)),
    ]
    # What S3 never has: signed images, and the console.
    behaviours = []
    config: dict[str, Any] = {}
    if parameters.has_on_demand_origin:
        origins.append(relay_origin())
        if parameters.serves_signed:
            signed = _behaviour(parameters, ON_DEMAND)
            behaviours.append({"PathPattern": f"{SIGNED_FOLDER}/*", **signed})
    if parameters.has_console_origin:
        origins.append(
            cloudfront.build_https_origin(_CONSOLE, cloudfront.get_host(parameters.api_url))
        )
        # A page and the scripts that it loads are of one deploy. Its function sets the headers.
        pages = cloudfront.build_behaviour(_CONSOLE, cloudfront.CACHING_DISABLED, _REDIRECT)
        behaviours.append({"PathPattern": f"{CONSOLE_FOLDER}/*", **pages})
    if behaviours:
        config["CacheBehaviors"] = behaviours
    default = _IMAGES
    if parameters.has_failover:
        default = "images-then-on-demand"
        config["OriginGroups"] = {"Quantity": 1, "Items": [_origin_group(default)]}
    if parameters.domain:
        config["Aliases"] = [parameters.domain]
        config["ViewerCertificate"] = {
            "AcmCertificateArn": parameters.certificate,
            "SslSupportMethod": "sni-only",
            "MinimumProtocolVersion": "TLSv1.2_2021",
        }
    if parameters.web_acl != "none":
        is_own = parameters.web_acl == "create"
        config["WebACLId"] = arn("WebAcl") if is_own else parameters.web_acl
    if parameters.access_logs:
        bucket = {"Fn::GetAtt": ["CdnLogsBucket", "RegionalDomainName"]}
        config["Logging"] = {"Bucket": bucket, "IncludeCookies": False}
    errors = [{"ErrorCode": code, "ErrorCachingMinTTL": _ERROR_SECONDS} for code in _ERRORS]
    return cloudfront.build_distribution(
        parameters.prefix,
        _behaviour(parameters, default),
        Origins=origins,
        CustomErrorResponses=errors,
        **config,
    )


def _origin(name: str, **properties: Any) -> dict[str, Any]:
    return {
        "Id": name,
        "DomainName": {"Fn::GetAtt": ["ImagesBucket", "RegionalDomainName"]},
        "OriginAccessControlId": {"Fn::GetAtt": ["OriginAccess", "Id"]},
        "S3OriginConfig": {"OriginAccessIdentity": ""},
        **properties,
    }


def _origin_group(name: str) -> dict[str, Any]:
    """Builds the origin failover: S3 first, then the function if S3 has no such object.

    S3 answers 403 instead of 404 if a mistake in a policy denies s3:ListBucket.
    """
    return {
        "Id": name,
        "FailoverCriteria": {"StatusCodes": {"Quantity": 2, "Items": [403, 404]}},
        "Members": {"Quantity": 2, "Items": [{"OriginId": _IMAGES}, {"OriginId": ON_DEMAND}]},
    }


def _behaviour(parameters: DeliveryParameters, origin: str) -> dict[str, Any]:
    """Builds a behaviour that serves images."""
    # It normalizes paths, and removes headers that would add cache entries.
    functions = [cloudfront.associate("viewer-request", "ViewerRequest")]
    if parameters.is_private:
        functions.append(cloudfront.associate("viewer-response", VIEWER_RESPONSE))
    return cloudfront.build_behaviour(
        origin,
        ref("CachePolicy"),
        _REDIRECT,
        ResponseHeadersPolicyId=ref("ResponseHeaders"),
        FunctionAssociations=functions,
        **require_signature(parameters),
    )


def _cache_policy(name: str, parameters: DeliveryParameters, formats: Formats) -> dict[str, Any]:
    """Builds a cache key that no visitor can extend: only our function sets its one header."""
    headers: dict[str, Any] = {"HeaderBehavior": "none"}
    if formats:
        headers = {"HeaderBehavior": "whitelist", "Headers": [FOLDER_HEADER]}
    return {
        "Name": name,
        "MinTTL": 0,
        "DefaultTTL": parameters.cdn_seconds,
        "MaxTTL": _YEAR,
        "ParametersInCacheKeyAndForwardedToOrigin": {
            "CookiesConfig": {"CookieBehavior": "none"},
            "HeadersConfig": headers,
            "QueryStringsConfig": {"QueryStringBehavior": "none"},
            "EnableAcceptEncodingBrotli": False,
            "EnableAcceptEncodingGzip": False,
        },
    }

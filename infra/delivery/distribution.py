"""The CDN's distribution, its origins and its cache policy."""

from typing import Any

from infra.delivery.cloudfront import build_origin_access
from infra.delivery.console import console_behaviour, console_origin, has_console_origin
from infra.delivery.formats import FOLDER_HEADER, Formats, folder_origins
from infra.delivery.on_demand import ON_DEMAND, has_failover, has_on_demand_origin
from infra.delivery.parameters import DeliveryParameters
from infra.delivery.relay import relay_origin, relay_resources
from infra.delivery.viewers import require_signature, response_function
from infra.naming import arn, ref
from lib.keys import SIGNED_FOLDER

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
        "Distribution": {
            "Type": "AWS::CloudFront::Distribution",
            "Properties": {"DistributionConfig": _config(parameters, formats)},
        },
        "OriginAccess": build_origin_access(name, "s3"),
        "CachePolicy": {
            "Type": "AWS::CloudFront::CachePolicy",
            "Properties": {"CachePolicyConfig": _cache_policy(name, parameters, formats)},
        },
        **relay_resources(parameters, list(_ERRORS)),
    }


def _config(parameters: DeliveryParameters, formats: Formats) -> dict[str, Any]:
    folders = folder_origins(parameters, formats)
    group = _origin_group(parameters)
    config: dict[str, Any] = {
        "Comment": parameters.prefix,
        "Enabled": True,
        "HttpVersion": "http2and3",
        "IPV6Enabled": True,
        "PriceClass": "PriceClass_100",
        "Origins": [
            _origin("images"),
            *(_origin(name, OriginPath=path) for name, path in folders.items()),
            *([relay_origin()] if has_on_demand_origin(parameters) else []),
            *([console_origin(parameters)] if has_console_origin(parameters) else []),
        ],
        **({"OriginGroups": {"Quantity": 1, "Items": [group]}} if group else {}),
        "DefaultCacheBehavior": _behaviour(parameters, group["Id"] if group else "images"),
        **_other_behaviours(parameters),
        "CustomErrorResponses": [
            {"ErrorCode": code, "ErrorCachingMinTTL": _ERROR_SECONDS} for code in _ERRORS
        ],
    }
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
    return config


def _origin(name: str, **properties: Any) -> dict[str, Any]:
    return {
        "Id": name,
        "DomainName": {"Fn::GetAtt": ["ImagesBucket", "RegionalDomainName"]},
        "OriginAccessControlId": {"Fn::GetAtt": ["OriginAccess", "Id"]},
        "S3OriginConfig": {"OriginAccessIdentity": ""},
        **properties,
    }


def _origin_group(parameters: DeliveryParameters) -> dict[str, Any] | None:
    """Builds the origin failover: S3 first, then the function if S3 has no such object.

    S3 answers 403 instead of 404 if a mistake in a policy denies s3:ListBucket.
    """
    if not has_failover(parameters):
        return None
    members = [{"OriginId": "images"}, {"OriginId": ON_DEMAND}]
    return {
        "Id": "images-then-on-demand",
        "FailoverCriteria": {"StatusCodes": {"Quantity": 2, "Items": [403, 404]}},
        "Members": {"Quantity": 2, "Items": members},
    }


def _other_behaviours(parameters: DeliveryParameters) -> dict[str, Any]:
    """Builds the cache behaviours of what S3 never has: signed images, and the console."""
    behaviours = []
    if has_on_demand_origin(parameters) and parameters.serves_signed:
        behaviours.append({"PathPattern": f"{SIGNED_FOLDER}/*"} | _behaviour(parameters, ON_DEMAND))
    if has_console_origin(parameters):
        behaviours.append(console_behaviour())
    return {"CacheBehaviors": behaviours} if behaviours else {}


def _behaviour(parameters: DeliveryParameters, origin: str) -> dict[str, Any]:
    function = {"Fn::GetAtt": ["ViewerRequest", "FunctionARN"]}
    return {
        "TargetOriginId": origin,
        "ViewerProtocolPolicy": "redirect-to-https",
        "AllowedMethods": ["GET", "HEAD"],
        "CachedMethods": ["GET", "HEAD"],
        "Compress": False,  # images are compressed already
        "CachePolicyId": ref("CachePolicy"),
        "ResponseHeadersPolicyId": ref("ResponseHeaders"),
        # It normalizes paths, and removes headers that would add cache entries.
        "FunctionAssociations": [
            {"EventType": "viewer-request", "FunctionARN": function},
            *response_function(parameters),
        ],
        **require_signature(parameters),
    }


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

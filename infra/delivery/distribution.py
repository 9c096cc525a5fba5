"""The CDN: the distribution, its way to the bucket, and what makes a cache entry of its own."""

from typing import Any

from infra.delivery.cloudfront import build_origin_access
from infra.delivery.formats import FOLDER_HEADER, Formats, folder_origins
from infra.delivery.on_demand import ON_DEMAND, has_failover, has_on_demand_origin
from infra.delivery.parameters import DeliveryParameters
from infra.delivery.relay import relay_origin, relay_resources
from infra.naming import arn, ref
from lib.keys import SIGNED_FOLDER

# Of S3's and of its own errors. A picture asked for too early must appear soon after, and a
# cached miss or failure must not outlive its cause.
_ERRORS = (403, 404, 500, 502, 503, 504)
_ERROR_SECONDS = 5
# The longest that CloudFront keeps anything, whatever an object says.
_YEAR = 365 * 24 * 60 * 60


def distribution_resources(parameters: DeliveryParameters, formats: Formats) -> dict[str, Any]:
    """Distribution, origin access control, cache policy, and the way to what is made on demand."""
    # These names are unique in an account, whatever the region.
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
        ],
        **({"OriginGroups": {"Quantity": 1, "Items": [group]}} if group else {}),
        "DefaultCacheBehavior": _behaviour(group["Id"] if group else "images"),
        **_signed_behaviours(parameters),
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
        made = parameters.web_acl == "create"
        config["WebACLId"] = arn("WebAcl") if made else parameters.web_acl
    if parameters.access_logs:
        bucket = {"Fn::GetAtt": ["CdnLogsBucket", "RegionalDomainName"]}
        config["Logging"] = {"Bucket": bucket, "IncludeCookies": False}
    return config


def _origin(name: str, **more: Any) -> dict[str, Any]:
    return {
        "Id": name,
        "DomainName": {"Fn::GetAtt": ["ImagesBucket", "RegionalDomainName"]},
        "OriginAccessControlId": {"Fn::GetAtt": ["OriginAccess", "Id"]},
        "S3OriginConfig": {"OriginAccessIdentity": ""},
        **more,
    }


def _origin_group(parameters: DeliveryParameters) -> dict[str, Any] | None:
    """S3 first, and the function where S3 has no such picture.

    It says 403 in place of 404 to those who may not list, which a mistake in a policy makes of us.
    """
    if not has_failover(parameters):
        return None
    members = [{"OriginId": "images"}, {"OriginId": ON_DEMAND}]
    return {
        "Id": "images-then-on-demand",
        "FailoverCriteria": {"StatusCodes": {"Quantity": 2, "Items": [403, 404]}},
        "Members": {"Quantity": 2, "Items": members},
    }


def _signed_behaviours(parameters: DeliveryParameters) -> dict[str, Any]:
    """Signed pictures are nowhere but in the cache and at the function."""
    if not (has_on_demand_origin(parameters) and parameters.serves_signed):
        return {}
    pattern = {"PathPattern": f"{SIGNED_FOLDER}/*"}
    return {"CacheBehaviors": [pattern | _behaviour(ON_DEMAND)]}


def _behaviour(origin: str) -> dict[str, Any]:
    function = {"Fn::GetAtt": ["ViewerRequest", "FunctionARN"]}
    return {
        "TargetOriginId": origin,
        "ViewerProtocolPolicy": "redirect-to-https",
        "AllowedMethods": ["GET", "HEAD"],
        "CachedMethods": ["GET", "HEAD"],
        "Compress": False,  # pictures are compressed already
        "CachePolicyId": ref("CachePolicy"),
        "ResponseHeadersPolicyId": ref("ResponseHeaders"),
        # It spells each path alike, and takes off headers that would make more entries.
        "FunctionAssociations": [{"EventType": "viewer-request", "FunctionARN": function}],
    }


def _cache_policy(name: str, parameters: DeliveryParameters, formats: Formats) -> dict[str, Any]:
    """Nothing a visitor adds makes another entry: the one header is set by our function alone."""
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

"""CloudFront resources of both distributions: the CDN and its relay."""

from typing import Any

# AWS's managed policy CachingDisabled, which forwards no header, cookie or query.
CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"


def build_distribution(comment: str, behaviour: dict[str, Any], **config: Any) -> dict[str, Any]:
    """Builds a distribution with its default behaviour, for HTTP/2 and 3, by IPv4 and 6."""
    return {
        "Type": "AWS::CloudFront::Distribution",
        "Properties": {
            "DistributionConfig": {
                "Comment": comment,
                "Enabled": True,
                "HttpVersion": "http2and3",
                "IPV6Enabled": True,
                "PriceClass": "PriceClass_100",
                "DefaultCacheBehavior": behaviour,
                **config,
            }
        },
    }


def build_behaviour(origin: str, cache_policy: Any, protocol: str, **more: Any) -> dict[str, Any]:
    """Builds a cache behaviour for GET and HEAD; images are compressed already."""
    return {
        "TargetOriginId": origin,
        "ViewerProtocolPolicy": protocol,
        "AllowedMethods": ["GET", "HEAD"],
        "CachedMethods": ["GET", "HEAD"],
        "Compress": False,
        "CachePolicyId": cache_policy,
        **more,
    }


def build_https_origin(
    origin: str, host: dict[str, Any], read_timeout: int | None = None, **more: Any
) -> dict[str, Any]:
    """Builds an origin that is no bucket; the timeout is in seconds."""
    config: dict[str, Any] = {
        "OriginProtocolPolicy": "https-only",
        "OriginSSLProtocols": ["TLSv1.2"],
    }
    if read_timeout:
        config["OriginReadTimeout"] = read_timeout
    return {"Id": origin, "DomainName": host, "CustomOriginConfig": config, **more}


def get_host(url: Any) -> dict[str, Any]:
    """Builds the host of `https://host/…`, which may be an intrinsic function."""
    return {"Fn::Select": [2, {"Fn::Split": ["/", url]}]}


def associate(event: str, function: str) -> dict[str, Any]:
    """Builds the association of a CloudFront Function with an event."""
    return {"EventType": event, "FunctionARN": {"Fn::GetAtt": [function, "FunctionARN"]}}


def build_origin_access(name: str, kind: str) -> dict[str, Any]:
    """Builds an origin access control: CloudFront signs its requests to the origin.

    `kind` is s3 or lambda.
    """
    config = {
        "Name": name,
        "OriginAccessControlOriginType": kind,
        "SigningBehavior": "always",
        "SigningProtocol": "sigv4",
    }
    return {
        "Type": "AWS::CloudFront::OriginAccessControl",
        "Properties": {"OriginAccessControlConfig": config},
    }


def build_function(name: str, code: Any, comment: str) -> dict[str, Any]:
    """Builds a CloudFront Function; `code` is text or an intrinsic function."""
    return {
        "Type": "AWS::CloudFront::Function",
        "Properties": {
            "Name": name,
            "AutoPublish": True,
            "FunctionCode": code,
            "FunctionConfig": {"Comment": comment, "Runtime": "cloudfront-js-2.0"},
        },
    }

"""CloudFront resources that both distributions, the CDN and its relay, have."""

from typing import Any


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

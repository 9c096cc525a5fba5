"""What both distributions, the CDN and its relay, have one of each."""

from typing import Any


def build_origin_access(name: str, kind: str) -> dict[str, Any]:
    """Origin access control: CloudFront signs what it asks an origin of this kind (s3, lambda)."""
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
    """A CloudFront Function; `code` is text, or one of CloudFormation's functions."""
    return {
        "Type": "AWS::CloudFront::Function",
        "Properties": {
            "Name": name,
            "AutoPublish": True,
            "FunctionCode": code,
            "FunctionConfig": {"Comment": comment, "Runtime": "cloudfront-js-2.0"},
        },
    }

"""The relay: a distribution between the CDN and the Function URL that encodes paths.

CloudFront signs its requests to a Function URL (origin access control), and Lambda has answered
SignatureDoesNotMatch for paths with escapes: `a b.jpg`, `a+b.jpg`, `ä.jpg`. An origin group sends
one URI to both of its origins, and S3 needs the real one; CloudFront Functions run before the
failover, and Lambda@Edge exists in us-east-1 only. So the group's second origin is a distribution
whose function encodes the whole path as base64url before it is signed; `handlers/on_demand.py`
decodes it. The CDN's cache keys and invalidations do not change.
"""

from pathlib import Path
from typing import Any

from infra.delivery.cloudfront import build_function, build_origin_access
from infra.delivery.formats import FOLDER_HEADER
from infra.delivery.on_demand import FUNCTION_URL, ON_DEMAND, RELAY, has_on_demand_origin
from infra.delivery.parameters import DeliveryParameters
from infra.naming import ref

# The header that identifies the CDN's requests. It protects no data: without it, anybody could
# bypass the CDN's cache and web ACL, and have the function run more often.
TOKEN_HEADER = "x-fanout-relay"  # noqa: S105  its name, not a token
# The stack's ARN ends in a UUID, which outsiders cannot guess.
_TOKEN = ref("AWS::StackId")
# AWS's managed policy CachingDisabled: no caching, and no header, cookie or query is forwarded.
_CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
# Seconds: more than the function's own timeout, less than the CDN's.
_READ_TIMEOUT = 28
_SOURCE = Path(__file__).parent / "relay.js"


def relay_resources(parameters: DeliveryParameters, errors: list[int]) -> dict[str, Any]:
    """Builds the distribution, its function and its access control; none without a Function URL."""
    if not has_on_demand_origin(parameters):
        return {}
    # These names must be unique in an account, whatever the region.
    name = f"{parameters.prefix}-{parameters.region}-on-demand"
    comment = "Makes paths plain for the signature of a Function URL"
    config = {
        "Comment": f"{parameters.prefix}: on demand",
        "Enabled": True,
        "HttpVersion": "http2and3",
        "IPV6Enabled": True,
        "PriceClass": "PriceClass_100",
        "Origins": [_function_origin()],
        "DefaultCacheBehavior": {
            "TargetOriginId": ON_DEMAND,
            "ViewerProtocolPolicy": "https-only",
            "AllowedMethods": ["GET", "HEAD"],
            "CachedMethods": ["GET", "HEAD"],
            "Compress": False,
            "CachePolicyId": _CACHING_DISABLED,
            "FunctionAssociations": [
                {
                    "EventType": "viewer-request",
                    "FunctionARN": {"Fn::GetAtt": ["RelayRequest", "FunctionARN"]},
                }
            ],
        },
        # Only the CDN caches errors.
        "CustomErrorResponses": [{"ErrorCode": code, "ErrorCachingMinTTL": 0} for code in errors],
    }
    return {
        RELAY: {
            "Type": "AWS::CloudFront::Distribution",
            "Properties": {"DistributionConfig": config},
        },
        "RelayRequest": build_function(name, {"Fn::Join": ["", _code()]}, comment),
        "OnDemandAccess": build_origin_access(name, "lambda"),
    }


def relay_origin() -> dict[str, Any]:
    """Builds the relay as an origin of the CDN."""
    return {
        "Id": ON_DEMAND,
        "DomainName": {"Fn::GetAtt": [RELAY, "DomainName"]},
        # CloudFront replaces a header of this name that a visitor sends.
        "OriginCustomHeaders": [{"HeaderName": TOKEN_HEADER, "HeaderValue": _TOKEN}],
        "CustomOriginConfig": {
            "OriginProtocolPolicy": "https-only",
            "OriginSSLProtocols": ["TLSv1.2"],
            "OriginReadTimeout": 30,
        },
    }


def _function_origin() -> dict[str, Any]:
    url = {"Fn::GetAtt": [FUNCTION_URL, "FunctionUrl"]}
    return {
        "Id": ON_DEMAND,
        # The host of https://host/
        "DomainName": {"Fn::Select": [2, {"Fn::Split": ["/", url]}]},
        "OriginAccessControlId": {"Fn::GetAtt": ["OnDemandAccess", "Id"]},
        "CustomOriginConfig": {
            "OriginProtocolPolicy": "https-only",
            "OriginSSLProtocols": ["TLSv1.2"],
            # The function times out first, and its answer reaches the CDN.
            "OriginReadTimeout": _READ_TIMEOUT,
        },
    }


def _code() -> list[Any]:
    """Returns the function's source in parts; CloudFormation fills in the token."""
    constants = f'const TOKEN_HEADER = "{TOKEN_HEADER}";\nconst FOLDER = "{FOLDER_HEADER}";\n'
    return [constants, 'const TOKEN = "', _TOKEN, '";\n', _SOURCE.read_text(encoding="utf-8")]

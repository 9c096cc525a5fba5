"""The distribution between the CDN and the Function URL, which makes paths plain before signing.

CloudFront signs what it asks a Function URL (origin access control), and has been refused with
SignatureDoesNotMatch for paths with escapes: `a b.jpg`, `a+b.jpg`, `ä.jpg`. An origin group asks
both of its origins for one URI, and S3 needs the real one; CloudFront Functions run before that,
Lambda@Edge in us-east-1 alone. So the group's second origin is a distribution of its own: its
function turns the whole path into base64url, which is signed, and which `handlers/on_demand.py`
turns back. The CDN's cache, its keys and its purges know nothing of it.
"""

from pathlib import Path
from typing import Any

from infra.delivery.cloudfront import build_function, build_origin_access
from infra.delivery.formats import FOLDER_HEADER
from infra.delivery.on_demand import FUNCTION_URL, ON_DEMAND, RELAY, has_on_demand_origin
from infra.delivery.parameters import DeliveryParameters
from infra.naming import ref

# The header by which the CDN's requests are known. What it guards is no data, but a way round the
# CDN's cache and its web ACL, by which strangers could have the function run more often.
TOKEN_HEADER = "x-fanout-relay"  # noqa: S105  its name, not a token
# What no stranger knows of the stack: its ARN ends in a UUID.
_TOKEN = ref("AWS::StackId")
# AWS's own policy CachingDisabled: nothing is kept, and no header, cookie or query forwarded.
_CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
# Beyond the function's own timeout, and within the CDN's.
_READ_TIMEOUT = 28
_SOURCE = Path(__file__).parent / "relay.js"


def relay_resources(parameters: DeliveryParameters, errors: list[int]) -> dict[str, Any]:
    """The distribution, its function and its access control; none without a Function URL."""
    if not has_on_demand_origin(parameters):
        return {}
    # These names are unique in an account, whatever the region.
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
        # The CDN alone decides how long an error is kept.
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
    """This distribution as an origin of the CDN's."""
    return {
        "Id": ON_DEMAND,
        "DomainName": {"Fn::GetAtt": [RELAY, "DomainName"]},
        # CloudFront puts it in place of what a visitor sends under this name.
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
            # Its answer counts, not CloudFront's.
            "OriginReadTimeout": _READ_TIMEOUT,
        },
    }


def _code() -> list[Any]:
    """The function's source in parts: its token is CloudFormation's to fill in."""
    names = f'const TOKEN_HEADER = "{TOKEN_HEADER}";\nconst FOLDER = "{FOLDER_HEADER}";\n'
    return [names, 'const TOKEN = "', _TOKEN, '";\n', _SOURCE.read_text(encoding="utf-8")]

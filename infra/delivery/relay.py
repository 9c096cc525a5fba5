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

from infra.delivery import cloudfront
from infra.delivery.formats import FOLDER_HEADER
from infra.delivery.parameters import DeliveryParameters
from infra.naming import ref

# Name of the origin.
ON_DEMAND = "on-demand"
# Serverless's logical id of the Function URL (infra/on_demand/functions.py).
FUNCTION_URL = "OndemandLambdaFunctionUrl"
# The only distribution that may call it.
RELAY = "OnDemandRelay"
# The header that identifies the CDN's requests. It protects no data: without it, anybody could
# bypass the CDN's cache and web ACL, and have the function run more often.
TOKEN_HEADER = "x-fanout-relay"  # noqa: S105  its name, not a token
# The stack's ARN ends in a UUID, which outsiders cannot guess.
_TOKEN = ref("AWS::StackId")
# Seconds: more than the function's own timeout, less than the CDN's.
_READ_TIMEOUT = 28
_SOURCE = Path(__file__).parent / "relay.js"


def relay_resources(parameters: DeliveryParameters, errors: list[int]) -> dict[str, Any]:
    """Builds the distribution, its function and its access control; none without a Function URL."""
    if not parameters.has_on_demand_origin:
        return {}
    # These names must be unique in an account, whatever the region.
    name = f"{parameters.prefix}-{parameters.region}-on-demand"
    comment = "Makes paths plain for the signature of a Function URL"
    behaviour = cloudfront.build_behaviour(
        ON_DEMAND,
        cloudfront.CACHING_DISABLED,
        "https-only",
        FunctionAssociations=[cloudfront.associate("viewer-request", "RelayRequest")],
    )
    function = cloudfront.build_https_origin(
        ON_DEMAND,
        cloudfront.get_host({"Fn::GetAtt": [FUNCTION_URL, "FunctionUrl"]}),
        # The function times out first, and its answer reaches the CDN.
        _READ_TIMEOUT,
        OriginAccessControlId={"Fn::GetAtt": ["OnDemandAccess", "Id"]},
    )
    return {
        RELAY: cloudfront.build_distribution(
            f"{parameters.prefix}: on demand",
            behaviour,
            Origins=[function],
            # Only the CDN caches errors.
            CustomErrorResponses=[{"ErrorCode": code, "ErrorCachingMinTTL": 0} for code in errors],
        ),
        "RelayRequest": cloudfront.build_function(name, {"Fn::Join": ["", _code()]}, comment),
        "OnDemandAccess": cloudfront.build_origin_access(name, "lambda"),
    }


def relay_origin() -> dict[str, Any]:
    """Builds the relay as an origin of the CDN."""
    return cloudfront.build_https_origin(
        ON_DEMAND,
        {"Fn::GetAtt": [RELAY, "DomainName"]},
        30,
        # CloudFront replaces a header of this name that a visitor sends.
        OriginCustomHeaders=[{"HeaderName": TOKEN_HEADER, "HeaderValue": _TOKEN}],
    )


def _code() -> list[Any]:
    """Returns the function's source in parts; CloudFormation fills in the token."""
    constants = f'const TOKEN_HEADER = "{TOKEN_HEADER}";\nconst FOLDER = "{FOLDER_HEADER}";\n'
    return [constants, 'const TOKEN = "', _TOKEN, '";\n', _SOURCE.read_text(encoding="utf-8")]

"""Who may call the API: bearer tokens of ours, AWS signatures, somebody's JWTs, or everybody."""

from typing import Any

from infra.api.parameters import ApiParameters
from infra.encryption import build_secret

AUTHORIZER = "authorizer"
TOKENS = "Tokens"
TOKENS_ARN = {"Fn::GetAtt": [TOKENS, "Id"]}
# Seconds that API Gateway keeps the authorizer's word. A revoked token is good for as long.
_CACHE_SECONDS = 60
_HEADER = "$request.header.Authorization"


def authorizers(parameters: ApiParameters) -> dict[str, Any]:
    """What serverless.yml says of the API's authorizers, by the key that it expects."""
    if parameters.auth == "token":
        ours = {
            "type": "request",
            "functionName": AUTHORIZER,
            "identitySource": _HEADER,
            "payloadVersion": "2.0",
            "enableSimpleResponses": True,
            "resultTtlInSeconds": _CACHE_SECONDS,
        }
        return {"authorizers": {"token": ours}}
    if parameters.auth == "jwt":
        theirs = {
            "type": "jwt",
            "identitySource": _HEADER,
            "issuerUrl": parameters.jwt_issuer,
            "audience": parameters.jwt_audience,
        }
        return {"authorizers": {"jwt": theirs}}
    return {}


def authorizer(parameters: ApiParameters) -> dict[str, Any]:
    """What a route says of who may call it."""
    if parameters.auth == "none":
        return {}
    if parameters.auth == "iam":
        return {"authorizer": {"type": "aws_iam"}}
    return {"authorizer": {"name": parameters.auth}}


def tokens_secret(parameters: ApiParameters) -> tuple[dict[str, Any], dict[str, Any]]:
    """The secret that the tokens' hashes are kept in, and the output that leads to it."""
    if parameters.auth != "token":
        return {}, {}
    about = "Hashes of the bearer tokens"
    secret = build_secret(parameters, "tokens", about, SecretString='{"tokens": []}')
    return {TOKENS: secret}, {"TokensSecretArn": {"Value": TOKENS_ARN}}

"""Authorizers of the API: bearer tokens, AWS signatures, JWTs, or none."""

from typing import Any

from infra.api.parameters import ApiParameters
from infra.encryption import build_secret
from infra.functions import Part

AUTHORIZER = "authorizer"
TOKENS = "Tokens"
TOKENS_ARN = {"Fn::GetAtt": [TOKENS, "Id"]}
# Seconds that API Gateway caches the authorizer's answer: a revoked token works for this long.
_CACHE_SECONDS = 60
_HEADER = "$request.header.Authorization"


def authorizers(parameters: ApiParameters) -> dict[str, Any]:
    """Builds the `authorizers` section of serverless.yml's `httpApi`."""
    if parameters.auth == "token":
        token = {
            "type": "request",
            "functionName": AUTHORIZER,
            "identitySource": _HEADER,
            "payloadVersion": "2.0",
            "enableSimpleResponses": True,
            "resultTtlInSeconds": _CACHE_SECONDS,
        }
        return {"authorizers": {"token": token}}
    if parameters.auth == "jwt":
        jwt = {
            "type": "jwt",
            "identitySource": _HEADER,
            "issuerUrl": parameters.jwt_issuer,
            "audience": parameters.jwt_audience,
        }
        return {"authorizers": {"jwt": jwt}}
    return {}


def authorizer(parameters: ApiParameters) -> dict[str, Any]:
    """Builds the `authorizer` entry of a route; empty if everybody may call it."""
    if parameters.auth == "none":
        return {}
    if parameters.auth == "iam":
        return {"authorizer": {"type": "aws_iam"}}
    return {"authorizer": {"name": parameters.auth}}


def tokens_secret(parameters: ApiParameters) -> Part:
    """Builds the secret with the tokens' hashes, and the stack output with its ARN."""
    if parameters.auth != "token":
        return Part()
    description = "Hashes of the bearer tokens"
    secret = build_secret(parameters, "tokens", description, SecretString='{"tokens": []}')
    return Part(resources={TOKENS: secret}, outputs={"TokensSecretArn": {"Value": TOKENS_ARN}})

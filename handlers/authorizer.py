"""Authorization: Bearer … -> whether API Gateway lets the request pass (REQUEST, format 2.0)."""

import re
from functools import lru_cache
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config
from pydantic import Field

from handlers.shared.settings import Settings
from lib.auth.tokens import TokenCache, TokenStore, authorize

# Every request waits for the authorizer, and API Gateway times out after 10 s: both attempts end
# before that.
_CLIENT = Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 2})
_BEARER = re.compile(r"Bearer +(\S+)", re.IGNORECASE)


class AuthorizerSettings(Settings):
    """Settings of this function; `tokens_secret` is an ARN."""

    tokens_secret: str = Field(min_length=1)


def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Returns a simple response; its context has the valid token's id and scope."""
    presented = _get_bearer_token(event)
    token = authorize(presented, _tokens()) if presented else None
    if token is None:
        return {"isAuthorized": False}
    return {"isAuthorized": True, "context": {"token": token.id, "scope": token.scope}}


def _get_bearer_token(event: dict[str, Any]) -> str | None:
    """Returns the token of the Authorization header, None if the header has no bearer token.

    Reads the identity source, because it is the key of API Gateway's cache of responses.
    """
    source = event.get("identitySource")
    header = source[0] if isinstance(source, list) and len(source) == 1 else None
    match = _BEARER.fullmatch(header) if isinstance(header, str) else None
    return match[1] if match else None


@lru_cache(maxsize=1)
def _tokens() -> TokenCache:
    settings = AuthorizerSettings.from_environment()
    tokens = TokenStore(boto3.client("secretsmanager", config=_CLIENT), settings.tokens_secret)
    return tokens.make_cache(Logger(service="image-fanout"))

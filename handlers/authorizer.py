"""Authorization: Bearer … -> whether the request may pass (HTTP API, REQUEST, format 2.0)."""

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools import Logger
from botocore.config import Config

from handlers.shared.settings import AuthorizerSettings
from lib.auth.tokens import TokenCache, TokenStore, authorize

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

# Every request of a caller waits for this, and API Gateway gives up after 10 s: two tries end
# before that.
_CLIENT = Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 2})
_BEARER = re.compile(r"Bearer +(\S+)", re.IGNORECASE)


def handler(event: dict[str, Any], _context: "LambdaContext") -> dict[str, Any]:
    """A simple response; `token` in the context is the id of the token that was let in."""
    presented = _bearer(event)
    token = authorize(presented, _tokens()) if presented else None
    if token is None:
        return {"isAuthorized": False}
    return {"isAuthorized": True, "context": {"token": token.id}}


def _bearer(event: dict[str, Any]) -> str | None:
    """What the Authorization header presents, None if it is no bearer token.

    Read from the identity source, since API Gateway keeps the answer for its next occurrence.
    """
    source = event.get("identitySource")
    header = source[0] if isinstance(source, list) and len(source) == 1 else None
    found = _BEARER.fullmatch(header) if isinstance(header, str) else None
    return found[1] if found else None


@lru_cache(maxsize=1)
def _tokens() -> TokenCache:
    """Made once a container."""
    settings = AuthorizerSettings.from_environment()
    tokens = TokenStore(boto3.client("secretsmanager", config=_CLIENT), settings.tokens_secret)
    return tokens.make_cache(Logger(service="image-fanout"))

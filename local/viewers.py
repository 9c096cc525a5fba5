"""Checks signed URLs and cookies as CloudFront does for a behaviour with a key group."""

import json
import re
from base64 import b64decode
from binascii import Error
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_public_key

# Parameters that are CloudFront's own: no cache key has them, and no origin sees them.
_RESERVED = ("Expires", "Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm")
_COOKIE = "CloudFront-"
# What a canned policy with one expiry looks like, to the byte.
_CANNED = '{"Statement":[{"Resource":"%s","Condition":{"DateLessThan":{"AWS:EpochTime":%s}}}]}'
_EPOCH_TIME = "AWS:EpochTime"


class Request(NamedTuple):
    """A viewer's request: path and query as sent, and the base URL that it was sent to."""

    base_url: str
    path: str
    cookies: str = ""


def strip_signature(path: str) -> str:
    """Returns the path and query without CloudFront's own parameters."""
    bare, _, query = path.partition("?")
    rest = [each for each in query.split("&") if each.partition("=")[0] not in _RESERVED]
    return f"{bare}?{'&'.join(rest)}" if any(rest) else bare


def may_see(request: Request, public_keys: Mapping[str, str], now: float) -> bool:
    """Returns whether the request has a valid signature by one of the keys (PEM, by their ids)."""
    signed = _read_query(request.path) or _read_cookies(request.cookies)
    url = request.base_url + strip_signature(request.path)
    try:
        policy = _read_policy(signed, url)
        key = load_pem_public_key(public_keys[signed["Key-Pair-Id"]].encode())
        if not isinstance(key, ec.EllipticCurvePublicKey):
            return False
        key.verify(_decode(signed["Signature"]), policy, ec.ECDSA(hashes.SHA1()))  # noqa: S303
        return _allows(json.loads(policy), url, now)
    except (KeyError, TypeError, ValueError, Error, InvalidSignature):
        return False


def _read_query(path: str) -> dict[str, str]:
    query = dict(parse_qsl(path.partition("?")[2]))
    return query if "Signature" in query else {}


def _read_cookies(header: str) -> dict[str, str]:
    try:
        cookies = SimpleCookie(header)
    except CookieError:
        return {}
    return {name.removeprefix(_COOKIE): each.value for name, each in cookies.items()}


def _read_policy(signed: dict[str, str], url: str) -> bytes:
    if "Policy" in signed:
        return _decode(signed["Policy"])
    return (_CANNED % (url, int(signed["Expires"]))).encode()


def _allows(policy: dict[str, Any], url: str, now: float) -> bool:
    (statement,) = policy["Statement"]
    conditions = statement["Condition"]
    begins = conditions.get("DateGreaterThan", {_EPOCH_TIME: 0})[_EPOCH_TIME]
    # Addresses of viewers are not checked: nothing here signs them, and all are 127.0.0.1.
    is_known = conditions.keys() <= {"DateLessThan", "DateGreaterThan"}
    is_in_time = begins <= now < conditions["DateLessThan"][_EPOCH_TIME]
    return is_known and is_in_time and _matches(statement["Resource"], url)


def _matches(resource: str, url: str) -> bool:
    wildcards = {"*": ".*", "?": "."}
    pattern = "".join(wildcards.get(each, re.escape(each)) for each in resource)
    return re.fullmatch(pattern, url, re.DOTALL) is not None


def _decode(text: str) -> bytes:
    return b64decode(text.translate(str.maketrans("-_~", "+=/")), validate=True)

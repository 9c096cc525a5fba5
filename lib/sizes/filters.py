"""Filter policies of the subscriptions of sizes that `paths` or `except` limit.

SNS reads the key in S3's event, and delivers nothing that a policy drops: a message of another
photo then costs nothing. A policy only compares the beginnings of keys, so that it lets more
through than the patterns do; the worker checks them.
"""

from typing import Any
from urllib.parse import quote_plus

from lib.sizes.paths import TEXT
from lib.sizes.size import Size

SCOPE = "MessageBody"
# SNS' limit on a policy: for each alternative, its values times the levels of their key.
# https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html
MAX_COMPLEXITY = 150
_KEY_LEVELS, _NAME_LEVELS = 4, 2
MAX_PREFIXES = (MAX_COMPLEXITY - _NAME_LEVELS) // _KEY_LEVELS
# S3 writes keys into events as forms do: a space as `+`, other characters as the %XX of their
# UTF-8. URL encoders disagree on these, and S3's documentation does not name them.
_UNCERTAIN = "!'()*~"
# Lets every S3 event through, where CloudFormation cannot take a policy away (infra/hooks).
PASS_ALL: dict[str, Any] = {
    "FilterPolicyScope": SCOPE,
    "FilterPolicy": {"Records": {"s3": {"object": {"key": [{"exists": True}]}}}},
}


def build_filter(size: Size, originals_prefix: str) -> dict[str, Any]:
    """Builds the properties of the size's subscription that filter; {} if no prefix can tell.

    Only uploads are filtered. A size may have variants of photos that it was made of before: their
    removal, whatever their path, has to reach it.
    """
    if not (
        keys := _find_prefixes(size, originals_prefix) or _find_exception(size, originals_prefix)
    ):
        return {}
    others = {"Records": {"eventName": [{"anything-but": {"prefix": "ObjectCreated:"}}]}}
    policy = {"$or": [{"Records": {"s3": {"object": {"key": keys}}}}, others]}
    return {"FilterPolicyScope": SCOPE, "FilterPolicy": policy}


def _find_prefixes(size: Size, originals_prefix: str) -> list[dict[str, Any]]:
    """Returns what the keys of all the size's photos begin with; [] if that is nothing."""
    beginnings = [pattern.partition(TEXT)[0] for pattern in size.paths or ("",)]
    prefixes = {_encode(originals_prefix + each) for each in beginnings}
    shortest = [
        p for p in sorted(prefixes) if not any(p != o and p.startswith(o) for o in prefixes)
    ]
    if _encode(originals_prefix) in shortest or len(shortest) > MAX_PREFIXES:
        return []
    return [{"prefix": prefix} for prefix in shortest]


def _find_exception(size: Size, originals_prefix: str) -> list[dict[str, Any]]:
    """Returns the first folder of `except` as what no key may begin with.

    A policy takes one: of several, each key would be something else than another. S3 sends one
    record a message, so that no other record is dropped with it.
    """
    for pattern in size.except_:
        folder = originals_prefix + pattern
        if pattern.endswith("/") and not set(folder) & set(_UNCERTAIN):
            return [{"anything-but": {"prefix": _encode(folder)}}]
    return []


def _encode(text: str) -> str:
    """Returns the beginning of a key as S3's events have it, up to an uncertain character."""
    end = next((at for at, each in enumerate(text) if each in _UNCERTAIN), len(text))
    return quote_plus(text[:end], safe="/")

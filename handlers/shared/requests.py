"""Normalizes requests of the HTTP API before Powertools reads them.

Powertools also parses forms, and fails without a response on a body that is not text or not JSON.
This API accepts only JSON, and images, which Powertools never parses.
"""

import json
from base64 import b64decode
from collections import Counter
from collections.abc import Mapping
from typing import Any, NoReturn
from urllib.parse import quote, unquote

from lib.errors import ProblemKind, RequestError

_UPLOADS = "/uploads/"
_JSON = "application/json"


def normalize_event(event: dict[str, Any], *, takes_json: bool = True) -> dict[str, Any]:
    """Returns the event with a photo's path as one escaped segment, and the body as JSON text.

    Without `takes_json` the body stays as it is; `decode_body` decodes it. Raises RequestError for
    a body that is not text, or whose Content-Type is not JSON.
    """
    event = {**event, "rawPath": _escape_path(event["rawPath"])}
    if not takes_json or event["requestContext"]["http"]["method"] != "POST":
        return event
    return event | {
        "headers": event["headers"] | {"content-type": _JSON},
        "body": _get_json_text(event),
        "isBase64Encoded": False,
    }


def get_path(segment: str) -> str:
    """Returns the photo's path from the segment that `normalize_event` escaped."""
    return unquote(segment, errors="surrogatepass")


def decode_body(event: Mapping[str, Any]) -> bytes:
    """Returns the bytes of a file, sent as it is or as base64 text; RequestError for other text.

    API Gateway decides by the Content-Type: it passes text on unchanged, and encodes everything
    else in base64.
    """
    body: str = event.get("body") or ""
    try:
        return b64decode("".join(body.split()), validate=True)
    except ValueError as error:
        raise _make_error(
            "text or JSON must be the file in base64; or send the file itself, with its "
            "Content-Type, such as image/jpeg"
        ) from error


def parse_json(text: str) -> Any:
    """Parses a body; raises RequestError if it is not JSON, or if parsers disagree about it."""
    try:
        return json.loads(text, object_pairs_hook=_make_object, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise _make_error(f"it is not JSON: {error}") from error
    except RecursionError as error:
        raise _make_error("it is nested too deeply") from error
    except ValueError as error:  # Python parses no integer of thousands of digits
        raise _make_error("a number in it has too many digits") from error


def _make_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        (duplicate, _), *_ = Counter(key for key, _ in pairs).most_common(1)
        raise _make_error(f"it has {duplicate!r} more than once")
    return result


def _refuse_constant(text: str) -> NoReturn:
    """Refuses NaN and Infinity, which Python accepts and JSON does not."""
    raise _make_error(f"it is not JSON: {text} is not a number")


def _escape_path(raw: str) -> str:
    """Escapes a photo's path, so that a route of Powertools, which ends at a slash, matches it.

    API Gateway decodes every escape of a path except %25. It also finds a route if the path begins
    with several slashes; Powertools does not.
    """
    path = "/" + raw.lstrip("/")
    if not path.startswith(_UPLOADS):
        return path
    segment = unquote(path.removeprefix(_UPLOADS))
    # A lone surrogate passes here; the validation of paths refuses it.
    return _UPLOADS + quote(segment, safe="", errors="surrogatepass")


def _get_json_text(event: dict[str, Any]) -> str:
    body: str = event.get("body") or ""
    content_type = event["headers"].get("content-type", _JSON)
    if body and content_type.partition(";")[0].strip().lower() != _JSON:
        raise RequestError(
            415, ProblemKind.NOT_JSON, f"the Content-Type is {content_type!r}: send {_JSON}"
        )
    if not event.get("isBase64Encoded"):
        return body
    try:
        return b64decode(body).decode()
    except ValueError as error:
        raise _make_error("it is not UTF-8") from error


def _make_error(cause: str) -> RequestError:
    return RequestError(422, ProblemKind.INVALID_REQUEST, f"the body cannot be read: {cause}")

"""How a request of the HTTP API comes in, made plain before Powertools looks at it.

Powertools reads forms too, and fails without an answer at a body that is no text or no JSON. This
API takes JSON alone, but for pictures, which Powertools never looks at.
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
    """The event with a photo's path as one escaped segment, see `path_of`, and its body as text.

    A function that takes no JSON (`takes_json`) gets its body as it came, see `bytes_of`.
    RequestError for a body that is called anything but JSON, or is no text.
    """
    event = {**event, "rawPath": _one_segment(event["rawPath"])}
    if not takes_json or event["requestContext"]["http"]["method"] != "POST":
        return event  # nobody reads its body as JSON
    return event | {
        "headers": event["headers"] | {"content-type": _JSON},
        "body": _text(event),
        "isBase64Encoded": False,
    }


def get_path(segment: str) -> str:
    """The photo's path, from the segment that `readable` made of it."""
    return unquote(segment, errors="surrogatepass")


def decode_body(event: Mapping[str, Any]) -> bytes:
    """A body that is a file, or its base64 as text; RequestError where it is another text.

    API Gateway passes text on as it is, and has everything else in base64 itself. Which of them
    a body is it decides by the Content-Type.
    """
    body: str = event.get("body") or ""
    try:
        return b64decode("".join(body.split()), validate=True)
    except ValueError as error:
        raise _invalid(
            "sent as text or JSON it has to be in base64; or send the file as it is, called "
            "image/jpeg or whatever it is"
        ) from error


def parse_json(text: str) -> Any:
    """The JSON of a body; RequestError where it is none, or what others would read differently."""
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        raise _invalid(f"it is no JSON: {error}") from error
    except RecursionError as error:
        raise _invalid("it is nested too deeply") from error
    except ValueError as error:  # Python reads no integer of thousands of digits
        raise _invalid("a number in it has too many digits") from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        (twice, _), *_ = Counter(key for key, _ in pairs).most_common(1)
        raise _invalid(f"it has {twice!r} more than once")
    return found


def _no_number(text: str) -> NoReturn:
    """JSON knows no NaN and no Infinity; Python does."""
    raise _invalid(f"it is no JSON: {text} is no number of it")


def _one_segment(raw: str) -> str:
    """API Gateway decodes every escape of a path but %25; Powertools' routes end at a slash.

    API Gateway finds a route for a path that begins with several slashes, Powertools none.
    """
    path = "/" + raw.lstrip("/")
    if not path.startswith(_UPLOADS):
        return path
    segment = unquote(path.removeprefix(_UPLOADS))
    # Half of a surrogate pair is no character: the path is refused for it, by what looks at it.
    return _UPLOADS + quote(segment, safe="", errors="surrogatepass")


def _text(event: dict[str, Any]) -> str:
    body: str = event.get("body") or ""
    # Without a type it is taken for JSON.
    said = event["headers"].get("content-type", _JSON)
    if body and said.partition(";")[0].strip().lower() != _JSON:
        raise RequestError(
            415, ProblemKind.NOT_JSON, f"the body is said to be {said!r}: send it as {_JSON}"
        )
    if not event.get("isBase64Encoded"):
        return body
    try:
        return b64decode(body).decode()
    except ValueError as error:
        raise _invalid("it is not UTF-8") from error


def _invalid(why: str) -> RequestError:
    return RequestError(422, ProblemKind.INVALID_REQUEST, f"the body cannot be read: {why}")

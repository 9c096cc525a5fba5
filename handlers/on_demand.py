"""CloudFront asks here for a picture that the images bucket lacks -> the picture, made now."""

import time
from base64 import b64encode
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from aws_lambda_powertools import Logger

from handlers.declared import declared_variants
from handlers.problems import PROBLEM, problem
from handlers.settings import DeclaredSettings
from lib.errors import ProblemKind, RequestError, TransientError
from lib.keys import escaped
from lib.on_demand import MAX_PICTURE_BYTES
from lib.on_demand.declared import DeclaredVariants
from lib.on_demand.picture import Picture
from lib.telemetry import SERVICE, Telemetry

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

# The folder that the CDN's function has chosen by Accept, and taken off the path.
_FOLDER = "x-fanout-folder"
# How long a refusal is kept, as the CDN's own: a picture may be there a moment later.
_REFUSED = "max-age=5"
_NEVER = "no-store"
# Requests that come at once find what the first of them has made; later ones should not come.
_AT_ONCE = timedelta(seconds=60)

_logger = Logger(service=SERVICE)


def handler(event: dict[str, Any], _context: "LambdaContext") -> dict[str, Any]:
    """Answer one request of the distribution."""
    telemetry = _telemetry()
    started = time.monotonic()
    folder, path, action = "", "", "refused"
    with telemetry.batch():
        try:
            folder, path = _asked_for(event)
            action, answer = _answer(folder, path)
        except RequestError as error:
            answer = _refusal(error.status, error.kind, str(error), _REFUSED)
        except TransientError as error:
            action = "busy"
            _logger.warning("busy", reason=error.reason, error=str(error))
            answer = _refusal(503, ProblemKind.BUSY, "ask again in a moment", _NEVER)
        finally:
            telemetry.asked(folder, path, action, (time.monotonic() - started) * 1000)
    return answer


def _asked_for(event: dict[str, Any]) -> tuple[str, str]:
    """Folder and path; a Function URL hands the path over as it was escaped."""
    try:
        path = unquote(event["rawPath"], errors="strict").removeprefix("/")
    except UnicodeDecodeError as error:
        raise RequestError(404, ProblemKind.BAD_PATH, "the path is not UTF-8") from error
    if folder := event["headers"].get(_FOLDER):
        return folder, path
    folder, _, path = path.partition("/")
    return folder, path


def _answer(folder: str, path: str) -> tuple[str, dict[str, Any]]:
    """What came of it, in a word, and the answer."""
    variants = _variants()
    found = variants.find(folder, path)
    action = "made" if found.made_now else "found"
    if found.is_older_than(_AT_ONCE):
        action = "needless"
    if found.stored.length > MAX_PICTURE_BYTES:
        # By now S3 has it, and the CDN asks S3 first.
        headers = {"Location": f"/{escaped(found.key)}", "Cache-Control": _NEVER}
        return action, {"statusCode": 302, "headers": headers, "body": ""}
    return action, _with(variants.picture(found), ETag=f'"{found.stored.etag}"')


def _with(picture: Picture, **headers: str) -> dict[str, Any]:
    headers |= {"Content-Type": picture.content_type, "Cache-Control": picture.cache_control}
    return {
        "statusCode": 200,
        "headers": headers,
        "body": b64encode(picture.data).decode(),
        "isBase64Encoded": True,
    }


def _refusal(status: int, kind: ProblemKind, detail: str, cache_control: str) -> dict[str, Any]:
    return {
        "statusCode": status,
        "headers": {"Content-Type": PROBLEM, "Cache-Control": cache_control},
        "body": problem(status, kind, detail).model_dump_json(),
    }


@lru_cache(maxsize=1)
def _variants() -> DeclaredVariants:
    """Made once a container."""
    return declared_variants(DeclaredSettings.from_environment())


@lru_cache(maxsize=1)
def _telemetry() -> Telemetry:
    """Its own dimension: whoever falls over to this function is counted apart from the workers."""
    return Telemetry("on-demand")

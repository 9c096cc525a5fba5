"""The HTTP API's functions, called as API Gateway calls them."""

import json
import re
from base64 import b64decode, b64encode
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

import boto3
import pytest

from handlers import deletion, focus, openapi, render, status, uploads
from lib.sizes import Size, pack_sizes
from tests.integration.conftest import Context, create_queue
from tests.payloads import ORIGINALS, payload

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

_FUNCTIONS: dict[tuple[str, str], ModuleType] = {
    ("POST", "/uploads"): uploads,
    ("POST", "/uploads/batch"): uploads,
    ("POST", "/uploads/status"): status,
    ("POST", "/render"): render,
    ("GET", "/openapi.json"): openapi,
    ("GET", "/docs"): openapi,
}
# Of `POST /render`: one that crops, and one with formats beside its own.
SIZES = [
    Size(name="40x30", width=40, height=30),
    Size(name="hero", width=60, height=20, format="webp", formats=("avif", "jpeg"), quality=70),
]
# Of the functions for photos.
PHOTO_SIZES = [
    Size(name="400x300", width=400, height=300),
    Size(name="thumbnail", width=200, height=150, formats=("avif",)),
]
_FUNCTIONS_OF_PATHS: dict[str, ModuleType] = {"GET": status, "POST": focus, "DELETE": deletion}


class Response(NamedTuple):
    """What came back; `document` is the body as JSON, or None where it is none."""

    status: int
    document: Any
    headers: dict[str, str]
    body: bytes


class Api:
    """One stage's API."""

    def __init__(self, sqs: "SQSClient") -> None:
        self.fetch_queue_url = create_queue("fetch")
        self._sqs = sqs

    def orders(self) -> list[dict[str, Any]]:
        """What waits to be fetched."""
        found = self._sqs.receive_message(QueueUrl=self.fetch_queue_url, MaxNumberOfMessages=10)
        return [json.loads(message["Body"]) for message in found.get("Messages", [])]

    def __call__(
        self,
        method: str,
        path: str,
        body: Any = None,
        query: dict[str, str] | None = None,
        content_type: str | None = "application/json",
        function: ModuleType | None = None,
        accept_encoding: str = "identity",
    ) -> Response:
        """Send a request; `path` is escaped, as a client would write it.

        Its route leads to the function that answers it, or to another `function`.

        A body of bytes comes in base64, as API Gateway sends on all that is not called a text.
        """
        event = payload("api_create_upload")
        event["routeKey"] = f"{method} {path}"
        event["rawPath"] = _decoded(path)
        event["requestContext"]["http"] |= {"method": method, "path": event["rawPath"]}
        event["queryStringParameters"] = query or {}
        event["rawQueryString"] = "&".join(f"{k}={quote(v)}" for k, v in (query or {}).items())
        event["headers"].pop("content-type")
        event["headers"]["accept-encoding"] = accept_encoding
        if content_type:
            event["headers"]["content-type"] = content_type
        event["body"] = _text(body)
        event["isBase64Encoded"] = isinstance(body, bytes)
        function = function or _FUNCTIONS.get((method, path)) or _FUNCTIONS_OF_PATHS[method]
        response = function.handler(event, Context())
        text = response["body"]
        is_json = "json" in response["headers"].get("Content-Type", "") and text
        document = json.loads(text) if is_json else None
        data = b64decode(text) if response["isBase64Encoded"] else text.encode()
        return Response(response["statusCode"], document, response["headers"], data)


def _text(body: Any) -> str:
    if isinstance(body, bytes):
        return b64encode(body).decode()
    return body if isinstance(body, str) else json.dumps(body)


def _decoded(path: str) -> str:
    """The path as API Gateway hands it over: decoded, but for %25."""
    return re.sub(
        r"(?:%(?!25)[0-9A-F]{2})+", lambda m: bytes.fromhex(m[0].replace("%", "")).decode(), path
    )


@pytest.fixture
def api(s3: "S3Client", monkeypatch: pytest.MonkeyPatch) -> Api:
    """The functions, with their settings in the environment."""
    made = Api(boto3.client("sqs"))
    for name, value in {
        "ORIGINALS_BUCKET": ORIGINALS.bucket,
        "ORIGINALS_PREFIX": ORIGINALS.prefix,
        "IMAGES_BUCKET": "images-bucket",
        "FAILURES_BUCKET": "failures-bucket",
        "FETCH_QUEUE_URL": made.fetch_queue_url,
        "FETCH_LOOPBACK": "false",
        "IMAGES_URL": "https://cdn.example",
        "BROWSER_SECONDS": "3600",
        "CDN_SECONDS": "86400",
        "IMMUTABLE": "false",
        "SIZES": pack_sizes(PHOTO_SIZES),
        "UPLOAD_TYPES": '["image/jpeg", "image/png"]',
        "MAX_UPLOAD_BYTES": "5000",
        "API_URL": "https://api.example",
        "AUTH": "token",
        "SWAGGER": "true",
        "HAS_FOCUS": "true",
        "RENDER_SIZES": json.dumps([size.name for size in SIZES]),
        "PACKED_SIZES": pack_sizes(SIZES),
    }.items():
        monkeypatch.setenv(name, value)
    return made

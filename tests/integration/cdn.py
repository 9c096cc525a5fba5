"""The function that renders missing variants, called as CloudFront calls it, on moto."""

import json
from base64 import b64decode
from typing import Any, NamedTuple

import pytest

from handlers import on_demand
from lib import images
from lib.aws import sqs as queues
from lib.on_demand.plain_paths import pack
from lib.sizes import Size, pack_sizes
from tests.integration.conftest import SIZE, Context, WorkerCall, create_queue
from tests.payloads import payload

HERO = Size(name="hero", width=60, height=40, formats=("webp",))


class Response(NamedTuple):
    """The response of the function."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def kind(self) -> str:
        return str(json.loads(self.body)["type"])


class Cdn:
    """Calls the function as the origin failover of the distribution does."""

    def __call__(self, path: str, **headers: str) -> Response:
        event = payload("cloudfront_function_url")
        event["rawPath"] = event["requestContext"]["http"]["path"] = pack(path)
        event["headers"] |= {name.replace("_", "-"): value for name, value in headers.items()}
        response = on_demand.handler(event, Context())  # type: ignore[arg-type]
        body = response["body"]
        data = b64decode(body) if response.get("isBase64Encoded") else body.encode()
        return Response(response["statusCode"], response["headers"], data)


@pytest.fixture
def cdn(deliver: WorkerCall, monkeypatch: pytest.MonkeyPatch) -> Cdn:
    """The function, with its settings in the environment; `deliver` has the worker's."""
    for size in (SIZE, HERO):
        create_queue(f"stage-{size.name}")
    for name, value in {
        "PACKED_SIZES": pack_sizes([SIZE, HERO]),
        "QUEUE_PREFIX": "stage-",
        "CHECK_DELAY": "85",
        "ATTEMPT_SECONDS": "25",
        "BROWSER_SECONDS": "60",
        "CDN_SECONDS": "120",
        "IMMUTABLE": "false",
    }.items():
        monkeypatch.setenv(name, value)
    return Cdn()


@pytest.fixture
def renders(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The sizes at which something was rendered."""
    done = []
    render_all = images.render_all

    def counting(source: bytes, size: Size, *more: Any) -> list[images.Rendition]:
        done.append(size.name)
        return render_all(source, size, *more)

    monkeypatch.setattr(images, "render_all", counting)
    return done


@pytest.fixture
def rechecks(cdn: Cdn, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Rechecks for one size: the keys, and the delays in seconds."""
    sent = []
    send = queues.send

    def recording(sqs: Any, url: str, body: str, attributes: Any, *, delay: int = 0) -> None:
        send(sqs, url, body, attributes, delay=delay)
        if url.endswith("/stage-40x30"):
            sent.append((json.loads(body)["Records"][0]["s3"]["object"]["key"], delay))

    monkeypatch.setattr(queues, "send", recording)
    return sent

"""The CDN on this machine: a proxy in front of the emulator's CloudFront distribution.

The emulator selects a distribution by the Host header; the proxy sets it. The proxy also adds what
the emulator lacks: s3:ListBucket of CloudFront, origin groups, origin access control of Function
URLs, and signatures of viewers.
"""

import argparse
import json
import threading
import time
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException, HTTPMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError

from lib.aws.stacks import find_outputs
from lib.errors import FanoutError
from lib.on_demand.plain_paths import pack
from lib.pipeline.put_options import make_private
from local.console import LocalConsole
from local.emulator import REGION, ROOT_KEY, client
from local.viewers import Request, may_see, strip_signature

_FORBIDDEN, _NOT_FOUND, _BROKEN, _UNAVAILABLE, _TIMED_OUT = 403, 404, 502, 503, 504
# The statuses of an object that S3 lacks.
_MISSING = (_FORBIDDEN, _NOT_FOUND)
_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "host"}
# Longer than any origin takes.
_TIMEOUT_SECONDS = 40
# If a request has the first header, the distribution's function returns the URI that it maps the
# request to, in the second, and forwards nothing (infra/delivery/emulated.js).
_MAP_ONLY, _URI = "X-Fanout-Ask", "X-Fanout-Uri"
# Without it, the function of a private stage refuses every request: so no request is answered by
# an earlier configuration, in which the stage was public.
_CHECKED = "X-Fanout-Viewer"
_OWN_HEADERS = {_MAP_ONLY.lower(), _CHECKED.lower()}


class CdnResponse(NamedTuple):
    """Response of an origin or of the distribution."""

    status: int
    headers: HTTPMessage
    body: bytes


class _Forwarded(NamedTuple):
    """A viewer's request without its signature."""

    method: str
    path: str
    headers: dict[str, str]


class DistributionConfig(NamedTuple):
    """A distribution's domain, and the id of the Function URL behind its origin failover.

    Without a distribution the domain is ""; without origin failover the id is. `public_keys` are
    those of a private stage, as JSON: PEM texts by CloudFront's ids; "" on other stages.
    """

    domain: str
    on_demand: str
    public_keys: str = ""


class Distribution:
    """The emulator's distribution.

    A deploy may replace it, or the function behind its origin failover. Both show in a response
    without an object, so the configuration is read again before one is passed on.
    """

    def __init__(self, port: int, read_config: Callable[[], DistributionConfig]) -> None:
        self._port = port
        self._read_config = read_config
        self._lock = threading.Lock()
        self._config = DistributionConfig("", "")

    def get(
        self, method: str, path: str, headers: dict[str, str], base_url: str = ""
    ) -> CdnResponse:
        """Returns the distribution's response, with origin failover.

        `base_url` is the address that a viewer signs for.
        """
        headers = {k: v for k, v in headers.items() if k.lower() not in _OWN_HEADERS}
        cookies = next((v for k, v in headers.items() if k.lower() == "cookie"), "")
        viewer = Request(base_url, path, cookies)
        request = _Forwarded(method, strip_signature(path), headers)
        with self._lock:
            config = self._config
        response = self._answer(config, viewer, request) if config.domain else None
        if response and response.status not in _MISSING:
            return response
        current = self._read_config()
        with self._lock:
            self._config = current
        if not current.domain:
            return _make_text(_UNAVAILABLE, "The stage is deployed without a CDN.\n")
        # An unchanged configuration answers alike.
        if response is None or current._replace(on_demand="") != config._replace(on_demand=""):
            response = self._answer(current, viewer, request)
        if response is None:
            return _make_text(_FORBIDDEN, "This URL is not signed for you.\n")
        if response.status not in _MISSING:
            return response
        return self._replace_missing(current, response, request)

    def _answer(
        self, config: DistributionConfig, viewer: Request, request: _Forwarded
    ) -> CdnResponse | None:
        """Returns the response; None if the viewer may not see it."""
        if config.public_keys and not may_see(viewer, json.loads(config.public_keys), time.time()):
            return None
        return self._request(config, request)

    def _replace_missing(
        self, config: DistributionConfig, response: CdnResponse, request: _Forwarded
    ) -> CdnResponse:
        if config.on_demand:
            mapped = self._request(config, request, **{_MAP_ONLY: "uri"})
            if mapped.headers[_URI] is None:  # the emulator is too busy to run the function
                return mapped
            rendered = self._fail_over(config, request.method, mapped.headers[_URI])
            # CloudFront adds the distribution's headers to the responses of every origin.
            for name, value in response.headers.items():
                if name not in rendered.headers:
                    rendered.headers[name] = value
            if config.public_keys and rendered.headers["Cache-Control"]:
                private = make_private(rendered.headers["Cache-Control"])
                rendered.headers.replace_header("Cache-Control", private)
            return rendered
        if "Accept" in response.headers.get("Vary", "").split(", "):
            # The accepted format may be missing: without Accept, S3 has the size's own.
            without = {k: v for k, v in request.headers.items() if k.lower() != "accept"}
            return self._request(config, request._replace(headers=without))
        return response

    def _request(self, config: DistributionConfig, request: _Forwarded, **more: str) -> CdnResponse:
        # The distribution refuses plain http, which is all that this machine has.
        own = {"Host": config.domain, "X-Forwarded-Proto": "https", **more}
        if config.public_keys:
            own[_CHECKED] = "yes"
        response = self._send(request.method, request.path, request.headers | own)
        return response._replace(status=_map_status(response.status, request.path))

    def _fail_over(self, config: DistributionConfig, method: str, path: str) -> CdnResponse:
        """Requests the function as CloudFront does: packed (infra/delivery/relay.js) and signed."""
        path = f"/_aws/lambda-url/{config.on_demand}{pack(path)}"
        request = AWSRequest(method, f"http://127.0.0.1:{self._port}{path}")
        SigV4Auth(Credentials(*ROOT_KEY.values()), "lambda", REGION).add_auth(request)
        return self._send(method, path, dict(request.headers.items()))

    def _send(self, method: str, path: str, headers: dict[str, str]) -> CdnResponse:
        emulator = HTTPConnection("127.0.0.1", self._port, timeout=_TIMEOUT_SECONDS)
        try:
            emulator.request(method, path, headers=headers)
            response = emulator.getresponse()
            return CdnResponse(response.status, response.headers, response.read())
        finally:
            emulator.close()


class _Server(ThreadingHTTPServer):
    # Length of the backlog: the library's default of 5 refuses connections under load.
    request_queue_size = 128


def serve(port: int, distribution: Distribution, console: LocalConsole) -> None:
    """Serves a distribution on 127.0.0.1:`port` until stopped."""

    class Handler(BaseHTTPRequestHandler):
        """Forwards one request."""

        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            """Forwards a GET or a HEAD."""
            headers = {k: v for k, v in self.headers.items() if k.lower() not in _HOP_BY_HOP}
            try:
                base_url = f"http://{self.headers['Host']}"
                response = self._get_console() or distribution.get(
                    self.command, self.path, headers, base_url
                )
            except (OSError, BotoCoreError, FanoutError):  # no response in time: 504 as CloudFront
                self.send_error(_TIMED_OUT)
                return
            except HTTPException:  # an incomplete or invalid response
                self.send_error(_BROKEN)
                return
            self.send_response_only(response.status)
            for name, value in response.headers.items():
                if name.lower() not in _HOP_BY_HOP:
                    self.send_header(name, value)
            if response.headers.get("Content-Length") is None:
                self.send_header("Content-Length", str(len(response.body)))
            self.end_headers()
            self.wfile.write(response.body)

        do_HEAD = do_GET  # noqa: N815  its name upstream

        def _get_console(self) -> CdnResponse | None:
            file = console.get(self.path)
            if file is None:
                return None
            headers = HTTPMessage()
            for name, value in file.headers.items():
                headers[name] = value
            headers["Content-Length"] = str(len(file.body))
            return CdnResponse(file.status, headers, file.body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  its name upstream
            """Logs nothing: the emulator logs every request."""

    _Server(("127.0.0.1", port), Handler).serve_forever()


def _map_status(status: int, path: str) -> int:
    """Returns 404 for a missing object, as S3 does if CloudFront has s3:ListBucket.

    The emulator ignores that permission and returns 403. The bucket's policy lets CloudFront read
    every object, so a 403 below a folder always means a missing object.
    """
    folder = path.partition("?")[0].strip("/").partition("/")[1]
    return _NOT_FOUND if status == _FORBIDDEN and folder else status


def read_config(cloudformation: Any, stack: str) -> DistributionConfig:
    """Returns the configuration of the distribution that is deployed now."""
    outputs = find_outputs(cloudformation, stack) or {}  # none if the stack was removed
    return DistributionConfig(
        outputs.get("CdnUrl", "").removeprefix("https://"),
        outputs.get("OnDemandUrl", "").removeprefix("https://").partition(".")[0],
        outputs.get("ViewerPublicKeys", ""),
    )


def _make_text(status: int, text: str) -> CdnResponse:
    headers = HTTPMessage()
    headers["Content-Type"] = "text/plain"
    return CdnResponse(status, headers, text.encode())


def main() -> None:
    """Serves the distribution of the stack that the arguments name."""
    parser = argparse.ArgumentParser(prog="python -m local.cdn", description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("emulator_port", type=int)
    parser.add_argument("stack")
    arguments = parser.parse_args()
    emulator = f"http://127.0.0.1:{arguments.emulator_port}"
    cloudformation = client(emulator, REGION, "cloudformation")
    serve(
        arguments.port,
        Distribution(arguments.emulator_port, lambda: read_config(cloudformation, arguments.stack)),
        LocalConsole(client(emulator, REGION, "lambda"), arguments.stack),
    )


if __name__ == "__main__":
    main()

"""The CDN on this machine: a proxy in front of the emulator's CloudFront distribution.

The emulator selects a distribution by the Host header; the proxy sets it. The proxy also adds what
the emulator lacks: s3:ListBucket of CloudFront, origin groups, and origin access control of
Function URLs.
"""

import argparse
from http.client import HTTPConnection, HTTPException, HTTPMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from lib.on_demand.plain_paths import pack
from local.emulator import REGION, ROOT_KEY

_FORBIDDEN, _NOT_FOUND, _BROKEN, _TIMED_OUT = 403, 404, 502, 504
_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "host"}
# Longer than any origin takes.
_TIMEOUT_SECONDS = 40
# If a request has the first header, the distribution's function returns the URI that it maps the
# request to, in the second, and forwards nothing (infra/delivery/emulated.js).
_MAP_ONLY, _URI = "X-Fanout-Ask", "X-Fanout-Uri"


class CdnResponse(NamedTuple):
    """Response of an origin or of the distribution."""

    status: int
    headers: HTTPMessage
    body: bytes


class Distribution(NamedTuple):
    """The emulator's distribution, and the id of the Function URL behind its origin failover."""

    port: int
    domain: str
    on_demand: str

    def get(self, method: str, path: str, headers: dict[str, str]) -> CdnResponse:
        """Returns the distribution's response, with origin failover."""
        response = self._request(method, path, headers)
        if response.status not in (_FORBIDDEN, _NOT_FOUND):
            return response
        if self.on_demand:
            mapped = self._request(method, path, {**headers, _MAP_ONLY: "uri"})
            if mapped.headers[_URI] is None:  # the emulator is too busy to run the function
                return mapped
            rendered = self._fail_over(method, mapped.headers[_URI])
            # CloudFront adds the distribution's headers to the responses of every origin.
            for name, value in response.headers.items():
                if name not in rendered.headers:
                    rendered.headers[name] = value
            return rendered
        if "Accept" in response.headers.get("Vary", "").split(", "):
            # The accepted format may be missing: without Accept, S3 has the size's own.
            without = {k: v for k, v in headers.items() if k.lower() != "accept"}
            return self._request(method, path, without)
        return response

    def _request(self, method: str, path: str, headers: dict[str, str]) -> CdnResponse:
        # The distribution refuses plain http, which is all that this machine has.
        headers = {**headers, "Host": self.domain, "X-Forwarded-Proto": "https"}
        response = self._send(method, path, headers)
        return response._replace(status=_map_status(response.status, path))

    def _fail_over(self, method: str, path: str) -> CdnResponse:
        """Requests the function as CloudFront does: packed (infra/delivery/relay.js) and signed."""
        path = f"/_aws/lambda-url/{self.on_demand}{pack(path)}"
        request = AWSRequest(method, f"http://127.0.0.1:{self.port}{path}")
        SigV4Auth(Credentials(*ROOT_KEY.values()), "lambda", REGION).add_auth(request)
        return self._send(method, path, dict(request.headers.items()))

    def _send(self, method: str, path: str, headers: dict[str, str]) -> CdnResponse:
        emulator = HTTPConnection("127.0.0.1", self.port, timeout=_TIMEOUT_SECONDS)
        try:
            emulator.request(method, path, headers=headers)
            response = emulator.getresponse()
            return CdnResponse(response.status, response.headers, response.read())
        finally:
            emulator.close()


class _Server(ThreadingHTTPServer):
    # Length of the backlog: the library's default of 5 refuses connections under load.
    request_queue_size = 128


def serve(port: int, distribution: Distribution) -> None:
    """Serves a distribution on 127.0.0.1:`port` until stopped."""

    class Handler(BaseHTTPRequestHandler):
        """Forwards one request."""

        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            """Forwards a GET."""
            self._forward()

        def do_HEAD(self) -> None:
            """Forwards a HEAD."""
            self._forward()

        def _forward(self) -> None:
            headers = {k: v for k, v in self.headers.items() if k.lower() not in _HOP_BY_HOP}
            try:
                response = distribution.get(self.command, self.path, headers)
            except OSError:  # no response in time; CloudFront returns 504 too
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


def main() -> None:
    """Serves the distribution that the arguments name."""
    parser = argparse.ArgumentParser(prog="python -m local.cdn", description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("emulator_port", type=int)
    parser.add_argument("domain")
    parser.add_argument(
        "--on-demand", default="", help="id of the Function URL for origin failover"
    )
    arguments = parser.parse_args()
    serve(
        arguments.port, Distribution(arguments.emulator_port, arguments.domain, arguments.on_demand)
    )


if __name__ == "__main__":
    main()

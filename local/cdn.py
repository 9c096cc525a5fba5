"""The CDN's address on this machine.

The emulator answers for a CloudFront distribution by the request's Host, which clients cannot
set by an address alone: this passes requests on with the right one. It also stands in for what the
emulator lacks of CloudFront: the leave to list a bucket, and origin groups.
"""

import sys
from http.client import HTTPConnection, HTTPMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_FORBIDDEN, _NOT_FOUND = 403, 404
_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "host"}


def serve(port: int, emulator_port: int, domain: str) -> None:
    """Answer on 127.0.0.1:`port` for the distribution of this domain, until stopped."""

    class Handler(BaseHTTPRequestHandler):
        """Passes one request on."""

        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            """Pass on a GET."""
            self._pass_on()

        def do_HEAD(self) -> None:
            """Pass on a HEAD."""
            self._pass_on()

        def _pass_on(self) -> None:
            headers = {k: v for k, v in self.headers.items() if k.lower() not in _HOP_BY_HOP}
            status, told, body = self._ask(headers)
            if status == _NOT_FOUND and "Accept" in told.get("Vary", "").split(", "):
                # A format may be missing: who asks for none gets the size's own.
                without = {k: v for k, v in headers.items() if k.lower() != "accept"}
                status, told, body = self._ask(without)
            self.send_response_only(status)
            for name, value in told.items():
                if name.lower() not in _HOP_BY_HOP:
                    self.send_header(name, value)
            if told.get("Content-Length") is None:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _ask(self, headers: dict[str, str]) -> tuple[int, HTTPMessage, bytes]:
            emulator = HTTPConnection("127.0.0.1", emulator_port, timeout=30)
            # The distribution turns plain http away; on this machine there is nothing else.
            emulator.request(
                self.command,
                self.path,
                headers={**headers, "Host": domain, "X-Forwarded-Proto": "https"},
            )
            answer = emulator.getresponse()
            body = answer.read()
            emulator.close()
            return _status(answer.status, self.path), answer.headers, body

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  its name upstream
            """Say nothing: the emulator logs every request."""

    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


def _status(status: int, path: str) -> int:
    """404 for a missing picture, as CloudFront has it from a bucket that it may list.

    The emulator answers 403 without looking at that leave. The bucket's policy lets CloudFront
    read every object, so below a folder a 403 can mean nothing else.
    """
    folder = path.partition("?")[0].strip("/").partition("/")[1]
    return _NOT_FOUND if status == _FORBIDDEN and folder else status


if __name__ == "__main__":
    serve(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])

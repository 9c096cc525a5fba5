"""The CDN's address on this machine.

The emulator answers for a CloudFront distribution by the request's Host, which clients cannot
set by an address alone: this passes requests on with the right one. It also stands in for what the
emulator lacks of CloudFront: the leave to list a bucket, origin groups, and origin access control
for Function URLs.
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
# Longer than anything behind it takes.
_SECONDS = 40
# What the distribution's function says, instead of passing a request on, to this header; of the URI
# that it has made of the request's (infra/delivery/emulated.js).
_ASK, _URI = "X-Fanout-Ask", "X-Fanout-Uri"


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: HTTPMessage
    body: bytes


class Distribution(NamedTuple):
    """A distribution of the emulator, and the id of the Function URL that it falls over to."""

    port: int
    domain: str
    on_demand: str

    def ask(self, method: str, path: str, headers: dict[str, str]) -> Answer:
        """What the distribution answers, with its origin groups."""
        answer = self._ask(method, path, headers)
        if answer.status not in (_FORBIDDEN, _NOT_FOUND):
            return answer
        if self.on_demand:
            mapped = self._ask(method, path, {**headers, _ASK: "uri"})
            made = self._fall_over(method, mapped.headers[_URI])
            # The distribution adds its headers to every answer, whichever origin it comes from.
            for name, value in answer.headers.items():
                if name not in made.headers:
                    made.headers[name] = value
            return made
        if "Accept" in answer.headers.get("Vary", "").split(", "):
            # A format may be missing: who asks for none gets the size's own.
            without = {k: v for k, v in headers.items() if k.lower() != "accept"}
            return self._ask(method, path, without)
        return answer

    def _ask(self, method: str, path: str, headers: dict[str, str]) -> Answer:
        # The distribution turns plain http away; on this machine there is nothing else.
        own = {"Host": self.domain, "X-Forwarded-Proto": "https"}
        answer = self._send(method, path, {**headers, **own})
        return answer._replace(status=_status(answer.status, path))

    def _fall_over(self, method: str, path: str) -> Answer:
        """As CloudFront asks for what S3 lacks: packed (infra/delivery/relay.js) and signed."""
        path = f"/_aws/lambda-url/{self.on_demand}{pack(path)}"
        request = AWSRequest(method, f"http://127.0.0.1:{self.port}{path}")
        SigV4Auth(Credentials(*ROOT_KEY.values()), "lambda", REGION).add_auth(request)
        return self._send(method, path, dict(request.headers.items()))

    def _send(self, method: str, path: str, headers: dict[str, str]) -> Answer:
        emulator = HTTPConnection("127.0.0.1", self.port, timeout=_SECONDS)
        try:
            emulator.request(method, path, headers=headers)
            answer = emulator.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            emulator.close()


class _Server(ThreadingHTTPServer):
    # Connections that may wait: with the 5 of the library a crowd is turned away.
    request_queue_size = 128


def serve(port: int, distribution: Distribution) -> None:
    """Answer on 127.0.0.1:`port` for a distribution, until stopped."""

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
            try:
                answer = distribution.ask(self.command, self.path, headers)
            except OSError:  # no answer in time: CloudFront says the same
                self.send_error(_TIMED_OUT)
                return
            except HTTPException:  # an answer that breaks off, or is none
                self.send_error(_BROKEN)
                return
            self.send_response_only(answer.status)
            for name, value in answer.headers.items():
                if name.lower() not in _HOP_BY_HOP:
                    self.send_header(name, value)
            if answer.headers.get("Content-Length") is None:
                self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  its name upstream
            """Say nothing: the emulator logs every request."""

    _Server(("127.0.0.1", port), Handler).serve_forever()


def _status(status: int, path: str) -> int:
    """404 for a missing picture, as CloudFront has it from a bucket that it may list.

    The emulator answers 403 without looking at that leave. The bucket's policy lets CloudFront
    read every object, so below a folder a 403 can mean nothing else.
    """
    folder = path.partition("?")[0].strip("/").partition("/")[1]
    return _NOT_FOUND if status == _FORBIDDEN and folder else status


def main() -> None:
    """Serve the distribution that the arguments name."""
    parser = argparse.ArgumentParser(prog="python -m local.cdn", description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("emulator_port", type=int)
    parser.add_argument("domain")
    parser.add_argument("--on-demand", default="", help="id of a Function URL")
    given = parser.parse_args()
    serve(given.port, Distribution(given.emulator_port, given.domain, given.on_demand))


if __name__ == "__main__":
    main()

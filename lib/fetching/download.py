"""Downloads a photo from a URL in chunks, with redirects, size and time under control.

Uses only the standard library: an HTTP library brings proxies, cookies, redirects and name look-ups
of its own, and each would have to be switched off.
"""

import ssl
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse, IncompleteRead
from typing import Any, NamedTuple

from lib.errors import PermanentError, Reason, TransientError
from lib.fetching.connection import CHUNK_BYTES, DownloadDeadline, connect, resolve
from lib.fetching.urls import Url, parse_url

# Enough for http to https, on to www, on to the file's host, and two more.
MAX_REDIRECTS = 5
_OK = 200
_REDIRECTS = {301, 302, 303, 307, 308}
# Request Timeout, Too Early, Too Many Requests: a later request may succeed.
_RETRYABLE = {408, 425, 429}
_SERVER_ERRORS = 500
_HEADERS = {
    "Accept": "image/*",
    "Accept-Encoding": "identity",
    "Connection": "close",
    "User-Agent": "image-fanout",
}


class DownloadResponse(NamedTuple):
    """Response whose body is still to be read; `content_type` is "" if the server sends none.

    `chunks` can be read once. It raises TransientError if the body is truncated, and
    PermanentError if it is empty or too large.
    """

    content_type: str
    chunks: Iterator[bytes]


@dataclass(frozen=True)
class Downloader:
    """Downloads files of up to `max_bytes`; `allow_loopback` is for local stages only."""

    max_bytes: int
    allow_loopback: bool = False
    tls: ssl.SSLContext = field(default_factory=ssl.create_default_context)

    @contextmanager
    def stream(self, url: str, seconds: float) -> Iterator[DownloadResponse]:
        """Sends a GET request and yields the response, which must end within `seconds`.

        Raises PermanentError if the URL cannot or must not be fetched, and TransientError if a
        retry may succeed. The errors' texts contain no more of the URL than its host.
        """
        deadline = DownloadDeadline(seconds)
        hop = parse_url(url)
        for _ in range(MAX_REDIRECTS + 1):
            with ExitStack() as stack:
                addresses = resolve(hop, deadline, allow_loopback=self.allow_loopback)
                with _map_errors(hop):
                    connection = stack.enter_context(connect(hop, addresses, deadline, self.tls))
                    response = stack.enter_context(closing(_send_request(hop, connection)))
                    if connection.has_ended:  # http.client accepts truncated headers
                        raise _truncated_error(hop)
                if response.status not in _REDIRECTS:
                    yield self._build_response(hop, response)
                    return
            hop = hop.resolve_redirect(_get_location(hop, response))
        raise _refused_error(hop, f"redirects more than {MAX_REDIRECTS} times")

    def _build_response(self, hop: Url, response: HTTPResponse) -> DownloadResponse:
        _check_response(hop, response)
        if response.length is not None:
            self._check_length(response.length)
        content_type = response.getheader("Content-Type", "").partition(";")[0].strip().lower()
        return DownloadResponse(content_type, self._chunks(hop, response))

    def _chunks(self, hop: Url, response: HTTPResponse) -> Iterator[bytes]:
        expected, count = response.length, 0
        while chunk := _read(hop, response):
            count += len(chunk)
            self._check_length(count)
            yield chunk
        if expected is not None and count < expected:
            raise _truncated_error(hop)
        if not count:
            raise PermanentError(Reason.EMPTY, f"{hop.host} sent an empty file")

    def _check_length(self, length: int) -> None:
        if length > self.max_bytes:
            raise PermanentError(
                Reason.TOO_MANY_BYTES,
                f"the file has {length:,} bytes or more, the limit is {self.max_bytes:,}: "
                "give the URL of a smaller one",
            )


def _send_request(hop: Url, connection: Any) -> HTTPResponse:
    http = HTTPConnection(hop.host, hop.port)
    http.sock = connection
    http.request("GET", hop.request_target, headers={"Host": hop.authority, **_HEADERS})
    return http.getresponse()


def _read(hop: Url, response: HTTPResponse) -> bytes:
    # Not `read`: for a chunk of negative length it would read everything at once.
    with _map_errors(hop):
        return response.read1(CHUNK_BYTES)


def _get_location(hop: Url, response: HTTPResponse) -> str:
    location = response.getheader("Location")
    if not location:
        raise _refused_error(hop, f"answers {response.status} without a Location header")
    return location


def _check_response(hop: Url, response: HTTPResponse) -> None:
    """Raises an error for all but an uncompressed file of known length."""
    status = response.status
    if status in _RETRYABLE or status >= _SERVER_ERRORS:
        raise TransientError("source_failed", f"{hop.host} answers {status}")
    if status != _OK:
        raise _refused_error(hop, f"answers {status}")
    encoding = response.getheader("Content-Encoding", "").strip().lower()
    if encoding not in ("", "identity"):
        raise _refused_error(hop, "sends the file compressed")
    if not response.chunked and (
        response.length is None or response.getheader("Transfer-Encoding")
    ):
        raise _refused_error(hop, "does not say where the file ends, so it may be truncated")


def _refused_error(hop: Url, why: str) -> PermanentError:
    return PermanentError(
        Reason.SOURCE_REFUSED, f"{hop.host} {why}: give a URL that anybody can open"
    )


def _truncated_error(hop: Url) -> TransientError:
    return TransientError("source_truncated", f"{hop.host} sent only a part of the file")


@contextmanager
def _map_errors(hop: Url) -> Iterator[None]:
    """Maps errors of sockets, TLS and http.client by type; their texts may quote the URL."""
    try:
        yield
    except IncompleteRead as error:
        raise _truncated_error(hop) from error
    except ssl.SSLCertVerificationError as error:
        raise _refused_error(hop, f"has no valid certificate ({error.verify_message})") from error
    except TimeoutError as error:
        raise TransientError("source_timeout", f"{hop.host} took too long to answer") from error
    except (OSError, HTTPException) as error:
        raise TransientError(
            "source_unreachable", f"{hop.host} could not be reached ({type(error).__name__})"
        ) from error

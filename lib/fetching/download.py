"""A photo from the web, as an iterator of its bytes; never the whole of it at once.

Only the standard library: what is promised here (no proxy, no cookie, no second look-up, no
redirect that nobody checked, no wait without end) is easier to keep with little than to take
away from much.
"""

import ssl
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse, IncompleteRead
from typing import Any, NamedTuple

from lib.errors import PermanentError, Reason, TransientError
from lib.fetching.connection import CHUNK_BYTES, DeadlineSocket, DownloadDeadline, connect, resolve
from lib.fetching.urls import Url, parse_url

# What leads from http to https, from there to www and on to the file's host; with one to spare.
MAX_REDIRECTS = 5
_OK = 200
_REDIRECTS = {301, 302, 303, 307, 308}
# Request Timeout, Too Early, Too Many Requests: the server itself says "later".
_LATER = {408, 425, 429}
_SERVER_ERRORS = 500
_HEADERS = {
    "Accept": "image/*",
    "Accept-Encoding": "identity",
    "Connection": "close",
    "User-Agent": "image-fanout",
}


class DownloadResponse(NamedTuple):
    """A photo that begins to come; `content_type` is "" where the server says none.

    `chunks` can be read once. It raises TransientError for a photo that breaks off, and
    PermanentError for one without bytes or with too many.
    """

    content_type: str
    chunks: Iterator[bytes]


@dataclass(frozen=True)
class Downloader:
    """Opens URLs; `allow_loopback` only on a stage that runs on one's own machine."""

    max_bytes: int
    allow_loopback: bool = False
    tls: ssl.SSLContext = field(default_factory=ssl.create_default_context)

    @contextmanager
    def stream(self, url: str, seconds: float) -> Iterator[DownloadResponse]:
        """The answer to a GET, all of which must have come after so many seconds.

        Raises PermanentError for what may not or cannot be fetched, TransientError for what may
        be better later. No error's text has more of the URL than its host.
        """
        deadline = DownloadDeadline(seconds)
        hop = parse_url(url)
        for _ in range(MAX_REDIRECTS + 1):
            with ExitStack() as stack:
                places = resolve(hop, deadline, allow_loopback=self.allow_loopback)
                with _translated(hop):
                    wire = stack.enter_context(connect(hop, places, deadline, self.tls))
                    response = stack.enter_context(closing(_ask(hop, wire)))
                    if wire.is_at_its_end:  # http.client takes half a head for a whole one
                        raise _truncated(hop)
                if response.status not in _REDIRECTS:
                    yield self._answer(hop, response)
                    return
            hop = hop.resolve_redirect(_location(hop, response))
        raise _refused(hop, f"redirects more than {MAX_REDIRECTS} times")

    def _answer(self, hop: Url, response: HTTPResponse) -> DownloadResponse:
        _check(hop, response)
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
            raise _truncated(hop)
        if not count:
            raise PermanentError(Reason.EMPTY, f"{hop.host} gave a file without bytes")

    def _check_length(self, length: int) -> None:
        if length > self.max_bytes:
            raise PermanentError(
                Reason.TOO_MANY_BYTES,
                f"the file has {length:,} bytes or more, the limit is {self.max_bytes:,}: "
                "give the address of a smaller one",
            )


def _ask(hop: Url, wire: DeadlineSocket) -> HTTPResponse:
    connection = HTTPConnection(hop.host, hop.port)
    given: Any = wire
    connection.sock = given
    connection.request("GET", hop.request_target, headers={"Host": hop.authority, **_HEADERS})
    return connection.getresponse()


def _read(hop: Url, response: HTTPResponse) -> bytes:
    # Not `read`: of a chunk that claims a negative length it would read all there is at once.
    with _translated(hop):
        return response.read1(CHUNK_BYTES)


def _location(hop: Url, response: HTTPResponse) -> str:
    location = response.getheader("Location")
    if not location:
        raise _refused(hop, f"answers {response.status} without saying where to go")
    return location


def _check(hop: Url, response: HTTPResponse) -> None:
    """Refuse all but a plain file whose end can be told."""
    status = response.status
    if status in _LATER or status >= _SERVER_ERRORS:
        raise TransientError("source_failed", f"{hop.host} answers {status}")
    if status != _OK:
        raise _refused(hop, f"answers {status}")
    encoding = response.getheader("Content-Encoding", "").strip().lower()
    if encoding not in ("", "identity"):
        raise _refused(hop, "sends the file compressed, which was not asked for")
    if not response.chunked and (
        response.length is None or response.getheader("Transfer-Encoding")
    ):
        raise _refused(hop, "does not say where the file ends, so that half of it looks whole")


def _refused(hop: Url, why: str) -> PermanentError:
    return PermanentError(
        Reason.SOURCE_REFUSED, f"{hop.host} {why}: give an address that anybody can open"
    )


def _truncated(hop: Url) -> TransientError:
    return TransientError("source_truncated", f"{hop.host} broke off in the middle of the file")


@contextmanager
def _translated(hop: Url) -> Iterator[None]:
    """Turn what sockets, TLS and http.client raise into ours, by kind: their texts may quote."""
    try:
        yield
    except IncompleteRead as error:
        raise _truncated(hop) from error
    except ssl.SSLCertVerificationError as error:
        raise _refused(hop, f"has no valid certificate ({error.verify_message})") from error
    except TimeoutError as error:
        raise TransientError("source_timeout", f"{hop.host} took too long to answer") from error
    except (OSError, HTTPException) as error:
        raise TransientError(
            "source_unreachable", f"{hop.host} could not be talked to ({type(error).__name__})"
        ) from error

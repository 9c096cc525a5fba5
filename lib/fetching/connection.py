"""A connection to exactly the address that was checked, and all of it before one deadline.

The host's name is looked up once, every address that it has must be allowed, and the socket is
opened to one of those very addresses: a name server that answers differently a second time is
never asked a second time.
"""

import io
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any, NamedTuple

from lib.errors import PermanentError, Reason, TransientError
from lib.fetching.ssrf import get_block_reason, is_loopback, parse_address
from lib.fetching.urls import Url, check_port

# Seconds for one address to answer, before the host's next one is tried: a packet that is lost
# is sent again after 1 s and 3 s.
_CONNECT_SECONDS = 5.0
# Bytes that are read at a time, and the most that one read can take: what a disk likes.
CHUNK_BYTES = 1 << 16
# The name servers' words for a name without an address; others mean that they could not say.
_NOBODY = {socket.EAI_NONAME, socket.EAI_NODATA}


class DownloadDeadline:
    """The moment by which everything has to be done."""

    def __init__(self, seconds: float) -> None:
        self._at = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds that are left, more than none; TransientError once the time is over."""
        left = self._at - time.monotonic()
        if left <= 0:
            raise TransientError("source_timeout", "the photo did not come in the time for it")
        return left


class SocketAddress(NamedTuple):
    """One address of a host, as the socket wants it."""

    family: int
    address: Any


def resolve(url: Url, deadline: DownloadDeadline, *, allow_loopback: bool) -> list[SocketAddress]:
    """All addresses of a URL's host, each of them allowed.

    Raises PermanentError for an address or a port that is not, and for a name that nobody has.
    """
    found = _looked_up(url, deadline)
    addresses = [parse_address(address[0]) for _, address in found]
    for address in addresses:
        why = get_block_reason(address, allow_loopback=allow_loopback)
        if why is not None:
            raise PermanentError(
                Reason.ADDRESS_REFUSED,
                f"{url.host} has an address that is {why}: only what is public is fetched",
            )
    # Here, and nowhere else, a server under test may have any port.
    if not all(is_loopback(address) for address in addresses):
        check_port(url)
    return found


class DeadlineSocket:
    """What http.client uses of a socket; no wait on it goes beyond the deadline.

    A socket's own timeout starts anew with every byte, so that a server could go on for ever.
    """

    def __init__(self, connection: socket.socket, deadline: DownloadDeadline) -> None:
        self._connection, self._deadline = connection, deadline
        self._received = _Received(connection, deadline)

    @property
    def is_at_its_end(self) -> bool:
        """Whether somebody wanted to read on where nothing came any more."""
        return self._received.ended

    def sendall(self, data: bytes) -> None:
        """Send all of it."""
        self._connection.settimeout(self._deadline.left())
        self._connection.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        """What is received, to be read."""
        return io.BufferedReader(self._received, CHUNK_BYTES)

    def close(self) -> None:
        """Nothing: the answer is read after http.client has closed its side."""


@contextmanager
def connect(
    url: Url, places: list[SocketAddress], deadline: DownloadDeadline, tls: ssl.SSLContext
) -> Iterator[DeadlineSocket]:
    """A socket to the first of the addresses that answers; with TLS to exactly this host."""
    connection = _first_that_answers(url, places, deadline)
    try:
        if url.scheme == "https":
            connection.settimeout(deadline.left())
            connection = tls.wrap_socket(connection, server_hostname=url.host)
        yield DeadlineSocket(connection, deadline)
    finally:
        connection.close()


class _Received(io.RawIOBase):
    def __init__(self, connection: socket.socket, deadline: DownloadDeadline) -> None:
        self._connection, self._deadline, self.ended = connection, deadline, False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._connection.settimeout(self._deadline.left())
        count = self._connection.recv_into(buffer)
        self.ended = not count
        return count


def _looked_up(url: Url, deadline: DownloadDeadline) -> list[SocketAddress]:
    """What getaddrinfo says, if it says it in time: it takes no timeout of its own."""
    answers: list[list[SocketAddress] | OSError] = []

    def look_up() -> None:
        try:
            found = socket.getaddrinfo(url.host, url.port, type=socket.SOCK_STREAM)
            answers.append([SocketAddress(family, address) for family, _, _, _, address in found])
        except OSError as error:
            answers.append(error)

    # A daemon: a look-up that hangs must not keep the process.
    asking = Thread(target=look_up, daemon=True)
    asking.start()
    asking.join(deadline.left())
    if not answers:
        raise TransientError("source_timeout", f"the name {url.host} was not looked up in time")
    answer = answers[0]
    if isinstance(answer, list):
        return answer
    if isinstance(answer, socket.gaierror) and answer.errno in _NOBODY:
        raise PermanentError(
            Reason.SOURCE_REFUSED, f"there is no host {url.host}: give another address"
        ) from answer
    raise TransientError(
        "source_unreachable", f"the name {url.host} could not be looked up"
    ) from answer


def _first_that_answers(
    url: Url, places: list[SocketAddress], deadline: DownloadDeadline
) -> socket.socket:
    for place in places:
        connection = socket.socket(place.family, socket.SOCK_STREAM)
        connection.settimeout(min(_CONNECT_SECONDS, deadline.left()))
        try:
            connection.connect(place.address)
        except OSError:  # the next address may answer
            connection.close()
        else:
            return connection
    deadline.left()
    raise TransientError("source_unreachable", f"{url.host} could not be reached")

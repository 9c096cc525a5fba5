"""Connects to exactly the address that was checked, within one deadline.

A host is looked up once, all its addresses must be allowed, and the socket connects to one of them.
So a name server cannot return another address after the check (DNS rebinding).
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

# Seconds for one address to accept, before the host's next one is tried: TCP sends a lost packet
# again after 1 s and 3 s.
_CONNECT_SECONDS = 5.0
# Bytes of one read: large enough for fast writes to disk, small enough for memory.
CHUNK_BYTES = 1 << 16
# The host has no address. Other errors mean that the look-up failed.
_NO_ADDRESS = {socket.EAI_NONAME, socket.EAI_NODATA}


class DownloadDeadline:
    """The time by which a download must end."""

    def __init__(self, seconds: float) -> None:
        self._ends_at = time.monotonic() + seconds

    def left(self) -> float:
        """Returns the seconds left, more than 0; TransientError if there are none."""
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise TransientError("source_timeout", "the download took too long")
        return left


class SocketAddress(NamedTuple):
    """One address of a host, as `socket.connect` takes it."""

    family: int
    address: Any


def resolve(url: Url, deadline: DownloadDeadline, *, allow_loopback: bool) -> list[SocketAddress]:
    """Looks up all addresses of a URL's host.

    Raises PermanentError if an address or the port is not allowed, or the host does not exist.
    """
    addresses = _look_up(url, deadline)
    parsed = [parse_address(address[0]) for _, address in addresses]
    for address in parsed:
        reason = get_block_reason(address, allow_loopback=allow_loopback)
        if reason is not None:
            raise PermanentError(
                Reason.ADDRESS_REFUSED,
                f"{url.host} has an address that is {reason}: give a URL on the public internet",
            )
    # A local stage's test server may have any port.
    if not all(is_loopback(address) for address in parsed):
        check_port(url)
    return addresses


class DeadlineSocket:
    """The methods of a socket that http.client uses, limited by a deadline.

    A socket's own timeout restarts with every byte, so a slow server could send forever.
    """

    def __init__(self, connection: socket.socket, deadline: DownloadDeadline) -> None:
        self._connection, self._deadline = connection, deadline
        self._received = _Received(connection, deadline)

    @property
    def has_ended(self) -> bool:
        """Whether a read reached the end of the stream."""
        return self._received.ended

    def sendall(self, data: bytes) -> None:
        """Sends all of `data`."""
        self._connection.settimeout(self._deadline.left())
        self._connection.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        """Returns a buffered reader of what the server sends."""
        return io.BufferedReader(self._received, CHUNK_BYTES)

    def close(self) -> None:
        """Does nothing: the response is read after http.client closes its socket."""


@contextmanager
def connect(
    url: Url, addresses: list[SocketAddress], deadline: DownloadDeadline, tls: ssl.SSLContext
) -> Iterator[DeadlineSocket]:
    """Connects to the first address that accepts; https verifies the host's certificate."""
    connection = _connect_first(url, addresses, deadline)
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


def _look_up(url: Url, deadline: DownloadDeadline) -> list[SocketAddress]:
    """Calls getaddrinfo in a thread, because it has no timeout."""
    results: list[list[SocketAddress] | OSError] = []

    def look_up() -> None:
        try:
            infos = socket.getaddrinfo(url.host, url.port, type=socket.SOCK_STREAM)
            results.append([SocketAddress(family, address) for family, _, _, _, address in infos])
        except OSError as error:
            results.append(error)

    # A daemon thread: a look-up that hangs must not keep the process alive.
    thread = Thread(target=look_up, daemon=True)
    thread.start()
    thread.join(deadline.left())
    if not results:
        raise TransientError("source_timeout", f"the host {url.host} was not looked up in time")
    result = results[0]
    if isinstance(result, list):
        return result
    if isinstance(result, socket.gaierror) and result.errno in _NO_ADDRESS:
        raise PermanentError(
            Reason.SOURCE_REFUSED, f"there is no host {url.host}: give another URL"
        ) from result
    raise TransientError(
        "source_unreachable", f"the host {url.host} could not be looked up"
    ) from result


def _connect_first(
    url: Url, addresses: list[SocketAddress], deadline: DownloadDeadline
) -> socket.socket:
    for address in addresses:
        connection = socket.socket(address.family, socket.SOCK_STREAM)
        connection.settimeout(min(_CONNECT_SECONDS, deadline.left()))
        try:
            connection.connect(address.address)
        except OSError:  # the next address may accept
            connection.close()
        else:
            return connection
    deadline.left()
    raise TransientError("source_unreachable", f"{url.host} could not be reached")

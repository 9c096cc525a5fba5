"""A web server on 127.0.0.1 that says, byte for byte, what a test tells it to."""

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self

Says = bytes | Callable[[Callable[[bytes], None], Event], None]
# Nothing a test waits for takes so long; a server that is waited for longer is a bug.
PATIENCE = 60.0


def answer(body: bytes = b"", status: str = "200 OK", **headers: str) -> bytes:
    """A whole answer; header names are written with underscores, a value of "" leaves one out."""
    given = {"Content-Type": "image/jpeg", "Content-Length": str(len(body))}
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in given.items() if value)
    return f"HTTP/1.1 {status}\r\n{lines}\r\n".encode("latin-1") + body


def redirect(to: str, status: str = "302 Found") -> bytes:
    return answer(b"", status, Location=to)


def chunked(*chunks: bytes, end: bytes = b"0\r\n\r\n", **headers: str) -> bytes:
    head = answer(b"", "200 OK", **{"Transfer_Encoding": "chunked", "Content_Length": ""} | headers)
    return head + b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + end


class WebServer:
    """Runs while a `with` block does; `pages` say what comes at a path, `heads` what was asked."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.pages: dict[str, Says] = {}
        self.heads: list[str] = []
        self._tls = tls
        self._stop = Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.05)
        self.port: int = self._listener.getsockname()[1]
        self._thread = Thread(target=self._serve)

    def url(self, path: str = "/photo.jpg", host: str = "127.0.0.1") -> str:
        return f"{'https' if self._tls else 'http'}://{host}:{self.port}{path}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        while not self._stop.is_set():
            # A client that hangs up, or refuses the certificate, is what tests are about; so is
            # none that comes for a while.
            with suppress(OSError), self._accepted() as connection:
                self._talk(connection)

    @contextmanager
    def _accepted(self) -> Iterator[socket.socket]:
        connection, _ = self._listener.accept()
        connection.settimeout(PATIENCE)
        try:
            yield connection
        finally:
            connection.close()

    def _talk(self, connection: socket.socket) -> None:
        if not self._tls:
            self._answer(connection)
            return
        with self._tls.wrap_socket(connection, server_side=True) as secure:
            self._answer(secure)

    def _answer(self, connection: Any) -> None:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            received = connection.recv(1 << 16)
            if not received:
                return
            head += received
        self.heads.append(head.decode("latin-1"))
        said = self.pages.get(self.heads[-1].split(" ")[1], answer(b"", "404 Not Found"))
        if isinstance(said, bytes):
            connection.sendall(said)
        else:
            said(connection.sendall, self._stop)

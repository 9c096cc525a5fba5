"""A server that is the upload API and S3 at once, as far as `fanout upload` knows them."""

import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "a-token"  # noqa: S105
# Longer bodies are counted, not stored.
_LONG = 10_000_000


class UploadSite(ThreadingHTTPServer):
    """Issues tickets for itself and stores what is posted."""

    daemon_threads = True
    # For all connections that a test opens at once.
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.lock = threading.Lock()
        self.ticket_requests: list[dict[str, Any]] = []
        self.forms: list[dict[str, bytes]] = []
        self.stored: dict[str, bytes] = {}
        # Sizes that its photos are made at.
        self.sizes = ["40x30"]
        self.received = self.connections = self.throttled = 0
        # By the request's path: answers that are given once each, and one that is given always.
        self.answers: dict[str, list[tuple[int, str, dict[str, str]]]] = {}
        self.refusals: dict[str, tuple[int, str]] = {}
        # Tickets a second, as API Gateway throttles: a bucket that holds two seconds' worth.
        self.rate: float | None = None
        self._tokens, self._filled_at = 0.0, time.monotonic()
        # Forms that are taken before those that stay under way, and a count of the latter.
        self._takes_forms: int | None = None
        self._closed = threading.Event()
        self.held = threading.Semaphore(0)

    def limit(self, rate: float) -> None:
        self.rate, self._tokens, self._filled_at = rate, 2 * rate, time.monotonic()

    def takes(self) -> bool:
        """Whether the throttle lets a ticket request through."""
        if self.rate is None:
            return True
        with self.lock:
            now = time.monotonic()
            grown = self._tokens + (now - self._filled_at) * self.rate
            self._tokens, self._filled_at = min(2 * self.rate, grown), now
            if self._tokens < 1:
                self.throttled += 1
                return False
            self._tokens -= 1
            return True

    def hold_after(self, count: int | None) -> None:
        """Takes that many forms; those that follow are not answered until the site closes."""
        with self.lock:
            self._takes_forms = count

    def hold(self) -> bool:
        """Whether a form is not taken; then its client has hung up, or the site closes."""
        with self.lock:
            if self._takes_forms is None:
                return False
            self._takes_forms -= 1
            if self._takes_forms >= 0:
                return False
        self.held.release()
        self._closed.wait()
        return True

    def close(self) -> None:
        self._closed.set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self.connections += 1
        super().process_request(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that hang up."""


class Handler(BaseHTTPRequestHandler):
    """Answers as API and as S3."""

    server: UploadSite
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        site = self.server
        length = int(self.headers["Content-Length"])
        if self.path == "/form" and site.hold():
            self.close_connection = True
            return None
        if length > _LONG:
            left = length
            while left and (part := self.rfile.read(min(left, 65536))):
                left -= len(part)
            site.received += length - left
            return self.answer(204, "")
        body = self.rfile.read(length)
        if len(body) < length:
            self.close_connection = True
            return None
        with site.lock:
            answers = site.answers.get(self.path)
            once = answers.pop(0) if answers else None
        if once:
            return self.answer(*once)
        if self.path in site.refusals:
            return self.answer(*site.refusals[self.path])
        return self.issue(json.loads(body)) if self.path == "/uploads" else self.store(body)

    def issue(self, request: dict[str, Any]) -> None:
        site = self.server
        if self.headers["Authorization"] != f"Bearer {TOKEN}":
            return self.answer(403, '{"message": "Forbidden"}')
        if not site.takes():
            return self.answer(429, '{"message": "Too Many Requests"}')
        path = request["path"]
        with site.lock:
            site.ticket_requests.append(request)
            stored = site.stored.get(path)
        photo = {
            "path": path,
            "key": f"originals/{path}",
            "variants": {
                size: f"https://images.example/{size}/{path}" for size in self.server.sizes
            },
        }
        if stored is not None and hashlib.sha256(stored).hexdigest() == request["sha256"]:
            return self.answer(200, json.dumps(photo))
        if stored is not None and not request["overwrite"]:
            problem = {"type": "path_taken", "detail": "there is a photo"}
            return self.answer(409, json.dumps(problem))
        fields = {"key": photo["key"], "Content-Type": request["content_type"]}
        return self.answer(201, json.dumps({**photo, "url": f"{site.url}/form", "fields": fields}))

    def store(self, body: bytes) -> None:
        kind = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n"
        parts: Any = BytesParser().parsebytes(kind.encode() + body).get_payload()
        form = {
            part.get_param("name", header="Content-Disposition"): part.get_payload(decode=True)
            for part in parts
        }
        site = self.server
        with site.lock:
            site.forms.append(form)
            site.stored[form["key"].decode().removeprefix("originals/")] = form["file"]
        self.answer(204, "")

    def answer(self, status: int, text: str, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def serving() -> Iterator[UploadSite]:
    """A site that answers until the block ends."""
    with UploadSite() as site:
        thread = threading.Thread(target=site.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield site
        finally:
            site.close()
            site.shutdown()
            thread.join()

"""HTTP client of the upload API and of presigned forms, as a site's own code would have one."""

import io
import secrets
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from lib.errors import FanoutError

if TYPE_CHECKING:
    from botocore.credentials import ReadOnlyCredentials

# Timeouts of connecting and of each read, as requests takes them.
_SECONDS = (10, 60)
# requests calls it with each request, to add credentials.
Authorize = Callable[[requests.PreparedRequest], requests.PreparedRequest]


class ShorterFileError(FanoutError):
    """The file has fewer bytes than its form declares: it changed meanwhile."""


def make_bearer_auth(token: str) -> Authorize:
    """Returns the `auth` of requests that sends a bearer token."""

    def authorize(request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {token}"
        return request

    return authorize


def make_sigv4_auth(
    read_credentials: "Callable[[], ReadOnlyCredentials]", region: str
) -> Authorize:
    """Returns the `auth` of requests that signs with AWS credentials for an API in a region.

    They are read for each request: temporary ones may expire while a folder is uploaded.
    """

    def authorize(request: requests.PreparedRequest) -> requests.PreparedRequest:
        content_type = {"Content-Type": request.headers.get("Content-Type", "")}
        signed = AWSRequest(request.method, request.url, data=request.body, headers=content_type)
        SigV4Auth(read_credentials(), "execute-api", region).add_auth(signed)
        request.headers.update(signed.headers)
        return request

    return authorize


def ask_for_ticket(
    api_url: str,
    authorize: Authorize | None,
    ticket_request: dict[str, Any],
    session: requests.Session | None = None,
) -> requests.Response:
    """Sends POST /uploads, on a connection of the session if there is one."""
    url = f"{api_url}/uploads"
    post = session.post if session else requests.post
    return post(url, json=ticket_request, auth=authorize, timeout=_SECONDS)


def post_form(
    ticket: dict[str, Any],
    file: BinaryIO,
    length: int,
    on_sent: Callable[[int], None],
    session: requests.Session | None = None,
) -> requests.Response:
    """Posts a file of `length` bytes with a ticket; `on_sent` gets the bytes of each part."""
    form = _Form(ticket["fields"], file, length, on_sent)
    post = session.post if session else requests.post
    return post(
        ticket["url"], data=form, headers={"Content-Type": form.content_type}, timeout=_SECONDS
    )


class _Form:
    """multipart/form-data that streams the file; requests itself would load it into memory."""

    def __init__(
        self, fields: dict[str, str], file: BinaryIO, length: int, on_sent: Callable[[int], None]
    ) -> None:
        boundary = secrets.token_hex(16)
        self.content_type = f"multipart/form-data; boundary={boundary}"
        part = f'--{boundary}\r\nContent-Disposition: form-data; name="'
        head = "".join(f'{part}{name}"\r\n\r\n{value}\r\n' for name, value in fields.items())
        # The file comes last: S3 ignores fields after it.
        head += f'{part}file"; filename="file"\r\n\r\n'
        self._head = io.BytesIO(head.encode())
        self._tail = io.BytesIO(f"\r\n--{boundary}--\r\n".encode())
        self._length = len(self._head.getvalue()) + length + len(self._tail.getvalue())
        self._file, self._remaining, self._on_sent = file, length, on_sent

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[bytes]:
        """Makes requests stream the form: it streams only iterables, and then calls `read`."""
        return iter(lambda: self.read(io.DEFAULT_BUFFER_SIZE), b"")

    def read(self, size: int) -> bytes:
        return self._head.read(size) or self._read_file(size) or self._tail.read(size)

    def _read_file(self, size: int) -> bytes:
        if not self._remaining:
            return b""
        data = self._file.read(min(size, self._remaining))
        if not data:
            raise ShorterFileError("the file became shorter while it was uploaded")
        self._remaining -= len(data)
        self._on_sent(len(data))
        return data

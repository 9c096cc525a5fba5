"""The upload API and its forms over HTTP, as a site's own code would talk to them."""

import io
import secrets
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from lib.errors import FanoutError

if TYPE_CHECKING:
    from botocore.credentials import Credentials, ReadOnlyCredentials

# To connect, and between two signs of life.
_SECONDS = (10, 60)


# What requests calls with each request, to add who is asking.
Authorize = Callable[[requests.PreparedRequest], requests.PreparedRequest]


def make_bearer_auth(token: str) -> Authorize:
    """Requests that carry a bearer token."""

    def authorize(request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {token}"
        return request

    return authorize


def make_sigv4_auth(credentials: "Credentials | ReadOnlyCredentials", region: str) -> Authorize:
    """Requests that are signed with AWS credentials, for an API in this region."""

    def authorize(request: requests.PreparedRequest) -> requests.PreparedRequest:
        content_type = {"Content-Type": request.headers.get("Content-Type", "")}
        ours = AWSRequest(request.method, request.url, data=request.body, headers=content_type)
        SigV4Auth(credentials, "execute-api", region).add_auth(ours)
        request.headers.update(ours.headers)
        return request

    return authorize


def ask_for_ticket(
    api_url: str, authorize: Authorize | None, wish: dict[str, Any]
) -> requests.Response:
    """POST /uploads; the response."""
    return requests.post(f"{api_url}/uploads", json=wish, auth=authorize, timeout=_SECONDS)


def post_form(
    ticket: dict[str, Any], file: BinaryIO, length: int, sent: Callable[[int], None]
) -> requests.Response:
    """Post a file of `length` bytes with a ticket's fields; `sent` hears of each part's bytes."""
    form = _Form(ticket["fields"], file, length, sent)
    return requests.post(
        ticket["url"], data=form, headers={"Content-Type": form.content_type}, timeout=_SECONDS
    )


class _Form:
    """multipart/form-data that is read from disk while it is sent; requests would load it all."""

    def __init__(
        self, fields: dict[str, str], file: BinaryIO, length: int, sent: Callable[[int], None]
    ) -> None:
        boundary = secrets.token_hex(16)
        self.content_type = f"multipart/form-data; boundary={boundary}"
        part = f'--{boundary}\r\nContent-Disposition: form-data; name="'
        head = "".join(f'{part}{name}"\r\n\r\n{value}\r\n' for name, value in fields.items())
        # The file comes last: S3 ignores what is behind it.
        head += f'{part}file"; filename="file"\r\n\r\n'
        self._head = io.BytesIO(head.encode())
        self._tail = io.BytesIO(f"\r\n--{boundary}--\r\n".encode())
        self._length = len(self._head.getvalue()) + length + len(self._tail.getvalue())
        self._file, self._left, self._sent = file, length, sent

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[bytes]:
        """Only what can be iterated does requests take for a stream; it then calls `read`."""
        return iter(lambda: self.read(io.DEFAULT_BUFFER_SIZE), b"")

    def read(self, size: int) -> bytes:
        return self._head.read(size) or self._of_file(size) or self._tail.read(size)

    def _of_file(self, size: int) -> bytes:
        if not self._left:
            return b""
        data = self._file.read(min(size, self._left))
        if not data:
            raise FanoutError("the file became shorter while it was uploaded")
        self._left -= len(data)
        self._sent(len(data))
        return data

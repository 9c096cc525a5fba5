"""Sends HTTP requests as visitors and API callers do, and records their AWS request ids."""

import io
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import requests

from lib.errors import StepError
from lib.uploads import client

# To connect, and between two signs of life. A cold start on a busy machine takes tens of seconds.
_SECONDS = (10, 60)
# The requests that a failed step shows: what it request last, and what led there.
_SHOWN = 5
# CloudFront, API Gateway, S3 and Lambda each name a request in their own way.
_IDS = ("x-amz-cf-id", "apigw-requestid", "x-amz-request-id", "x-amzn-requestid")


class Request(NamedTuple):
    """A request that was answered; `id` is AWS's name for it, "" if the response has none."""

    method: str
    url: str
    status: int
    id: str


class Web:
    """Sends the requests of one step after the other, and keeps the last of them."""

    def __init__(
        self,
        api_url: str,
        authorize: client.Authorize | None,
        sign_url: Callable[[str], str] | None = None,
    ) -> None:
        self._api_url, self._authorize, self._sign_url = api_url, authorize, sign_url
        self._sent: deque[Request] = deque(maxlen=_SHOWN)

    def take_requests(self) -> list[Request]:
        """Returns the last requests since the previous call, without repetitions."""
        taken = list(dict.fromkeys(self._sent))
        self._sent.clear()
        return taken

    def visit(self, url: str, **headers: str) -> requests.Response:
        """Requests an image as viewers of the stage do, following redirects."""
        return self.visit_unsigned(self.sign(url), **headers)

    def visit_unsigned(self, url: str, **headers: str) -> requests.Response:
        """Requests a URL as it is, following redirects."""
        return self._send(lambda: requests.get(url, headers=headers, timeout=_SECONDS))

    def sign(self, url: str) -> str:
        """Returns the URL of an image as viewers of the stage have it."""
        return self._sign_url(url) if self._sign_url else url

    def call(
        self,
        method: str,
        path: str,
        *,
        authorized: bool = True,
        headers: Mapping[str, str] | None = None,
        **body: Any,
    ) -> requests.Response:
        """Calls the API; without `authorized`, it sends no credentials."""
        return self._send(
            lambda: requests.request(
                method,
                self._api_url + path,
                auth=self._authorize if authorized else None,
                headers=headers,
                timeout=_SECONDS,
                **body,
            )
        )

    def post(self, ticket: dict[str, Any], data: bytes) -> requests.Response:
        """Posts a file with an upload ticket."""
        return self._send(
            lambda: client.post_form(ticket, io.BytesIO(data), len(data), lambda _: None)
        )

    def _send(self, send: Callable[[], requests.Response]) -> requests.Response:
        try:
            response = send()
        except requests.RequestException as error:
            where = f"{error.request.method} {error.request.url}: " if error.request else ""
            raise StepError(
                f"{where}no answer: {error}", "the address: DNS, proxies, firewalls"
            ) from error
        for each in (*response.history, response):
            found = next((each.headers[name] for name in _IDS if name in each.headers), "")
            request = Request(str(each.request.method), each.url, each.status_code, found)
            # Of repeated requests, only the last response counts.
            if self._sent and self._sent[-1][:3] == request[:3]:
                self._sent.pop()
            self._sent.append(request)
        return response

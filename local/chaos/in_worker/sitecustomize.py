"""Drops responses inside a worker; Python imports this module from its path at start-up.

The proxy cannot drop them, because the response to a PUT has no body to interrupt. The write takes
place, and then the worker gets a read timeout.
"""

import os
import random
from typing import Any

from botocore.exceptions import ReadTimeoutError
from botocore.httpsession import URLLib3Session

_SHARE = float(os.environ["LOST_ANSWERS"])
_send = URLLib3Session.send


def _send_and_drop(session: URLLib3Session, request: Any) -> Any:
    response = _send(session, request)
    if (
        request.method in ("PUT", "DELETE") and random.random() < _SHARE  # noqa: S311  chance, not secrecy
    ):
        raise ReadTimeoutError(endpoint_url=request.url)
    return response


URLLib3Session.send = _send_and_drop  # type: ignore[method-assign, assignment]

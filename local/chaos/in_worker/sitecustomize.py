"""Loses answers inside a worker: Python imports this by itself from a folder on its path.

A proxy cannot do it: an answer to a PUT has no body that could break off. So the write is sent
and carried out, and then the worker is told that nobody answered.
"""

import os
import random
from typing import Any

from botocore.exceptions import ReadTimeoutError
from botocore.httpsession import URLLib3Session

_SHARE = float(os.environ["LOST_ANSWERS"])
_send = URLLib3Session.send


def _send_and_lose(session: URLLib3Session, request: Any) -> Any:
    answer = _send(session, request)
    if (
        request.method in ("PUT", "DELETE") and random.random() < _SHARE  # noqa: S311  chance, not secrecy
    ):
        raise ReadTimeoutError(endpoint_url=request.url)
    return answer


URLLib3Session.send = _send_and_lose  # type: ignore[method-assign, assignment]

"""What the doors for pictures on demand share: refusals, and a count of who had to ask."""

import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from handlers.shared.problems import make_error_response
from lib.errors import ProblemKind, RequestError, TransientError
from lib.on_demand import ON_DEMAND
from lib.pipeline.telemetry import Telemetry

# Cache-Control of what must not be kept anywhere.
NO_STORE = "no-store"
# Refusals that CloudFront keeps for no time at all, whatever they say: repeated, each would cost a
# rendering. It keeps a 404.
_NOT_KEPT = (413, 422)


def respond(
    folder: str, path: str, answer: Callable[[], tuple[str, dict[str, Any]]], *, refused: str
) -> dict[str, Any]:
    """What `answer` gives beside a word for the log, or the refusal that it raises.

    `refused` is a refusal's Cache-Control.
    """
    telemetry = _telemetry()
    started = time.monotonic()
    action = "crashed"
    with telemetry.batch():
        try:
            action, given = answer()
        except RequestError as error:
            action = "refused"
            status = 404 if error.status in _NOT_KEPT else error.status
            given = make_error_response(status, error.kind, str(error), refused)
        except TransientError as error:
            action = "busy"
            telemetry.log_best_effort_failure("a picture on demand", error)
            given = make_error_response(503, ProblemKind.BUSY, "ask again in a moment", NO_STORE)
        finally:
            telemetry.record_on_demand(folder, path, action, (time.monotonic() - started) * 1000)
    return given


@lru_cache(maxsize=1)
def _telemetry() -> Telemetry:
    """Its own dimension: what is made here is counted apart from what workers make."""
    return Telemetry(ON_DEMAND)

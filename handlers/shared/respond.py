"""Error responses and telemetry of the functions that serve images on demand."""

import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from handlers.shared.problems import make_error_response
from lib.errors import ProblemKind, RequestError, TransientError
from lib.on_demand import ON_DEMAND
from lib.pipeline.telemetry import Telemetry

# Cache-Control of responses that no cache may store.
NO_STORE = "no-store"
# CloudFront caches a 404, but not these: each repeated request would cost a rendering.
_UNCACHED = (413, 422)


def respond(
    folder: str,
    path: str,
    serve: Callable[[], tuple[str, dict[str, Any]]],
    *,
    error_cache_control: str,
) -> dict[str, Any]:
    """Returns the response of `serve`, or an error response if it raises; records the request.

    `serve` returns the action that the log names, and the response.
    """
    telemetry = _telemetry()
    started = time.monotonic()
    action = "crashed"
    with telemetry.batch():
        try:
            action, response = serve()
        except RequestError as error:
            action = "refused"
            status = 404 if error.status in _UNCACHED else error.status
            response = make_error_response(status, error.kind, str(error), error_cache_control)
        except TransientError as error:
            action = "busy"
            telemetry.log_best_effort_failure("a picture on demand", error)
            response = make_error_response(503, ProblemKind.BUSY, "try again in a moment", NO_STORE)
        finally:
            telemetry.record_on_demand(folder, path, action, (time.monotonic() - started) * 1000)
    return response


@lru_cache(maxsize=1)
def _telemetry() -> Telemetry:
    """Counts images on demand under a dimension of their own, apart from the workers'."""
    return Telemetry(ON_DEMAND)

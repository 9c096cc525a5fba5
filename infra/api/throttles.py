"""Request rates of the API's routes."""

from typing import Any

from infra.api.console import CONSOLE
from infra.api.focus import FOCUS
from infra.api.operators import LIST, PURGE, RECHECK, REPLAY
from infra.api.parameters import ApiParameters
from infra.api.rendering import RENDER
from infra.delivery.website import ROUTE

DOCS = "GET /docs"
MISSING = f"GET /{ROUTE}/{{path+}}"
# Each route's share of `requests_per_second`. A client reads the status several times for each
# ticket, or that of up to a hundred photos at once; a batch issues up to a hundred tickets;
# documents are read by people; a render takes a whole core for half a second or more.
_SHARES = {
    "POST /uploads": 1.0,
    "POST /uploads/batch": 0.05,
    "GET /uploads": 4.0,
    "GET /uploads/{path+}": 4.0,
    FOCUS: 0.5,
    "POST /uploads/status": 0.2,
    "DELETE /uploads": 0.5,
    "DELETE /uploads/{path+}": 0.5,
    "GET /openapi.json": 0.05,
    DOCS: 0.05,
    RENDER: 0.2,
    # A page is some ten files.
    CONSOLE: 1.0,
    # Each takes seconds, and hides the letters meanwhile.
    LIST: 0.05,
    REPLAY: 0.05,
    PURGE: 0.05,
    RECHECK: 0.2,
    # A gallery page whose variants are all missing.
    MISSING: 1.0,
}
# Requests a second; below this a route would hardly be usable.
_MIN_RATE = 1.0
# A burst allows the requests of this many seconds.
_BURST_SECONDS = 2


def find_absent_routes(functions: dict[str, Any]) -> list[str]:
    """Lists the routes that have no function because the stage has switched them off."""
    present = {
        f"{event['httpApi']['method']} {event['httpApi']['path']}"
        for function in functions.values()
        for event in function.get("events", [])
        if "httpApi" in event
    }
    return [route for route in _SHARES if route not in present]


def stage_settings(parameters: ApiParameters, absent: list[str]) -> dict[str, Any]:
    """Builds the extension of the API's stage with the rate of each route.

    Every stage has the same routes: those that are `absent` get a function that answers 404. If a
    route were removed, its settings could remain, and then, by public reports, each later update
    fails with "Unable to find Route by key". AWS does not document when settings are deleted.
    """
    rates = {route: parameters.requests_per_second * share for route, share in _SHARES.items()}
    # The minimum rate: these routes only answer 404, and some of them are open to everybody.
    rates |= dict.fromkeys(absent, 0)
    return {
        "HttpApiStage": {
            # API Gateway rejects settings of a route that does not exist yet.
            "DependsOn": [_logical_id(route) for route in rates],
            "Properties": {
                "DefaultRouteSettings": _throttle(parameters.requests_per_second),
                "RouteSettings": {route: _throttle(rate) for route, rate in rates.items()},
            },
        }
    }


def _throttle(rate: float) -> dict[str, Any]:
    rate = max(rate, _MIN_RATE)
    return {
        "DetailedMetricsEnabled": False,
        "ThrottlingRateLimit": rate,
        "ThrottlingBurstLimit": round(rate * _BURST_SECONDS),
    }


def _logical_id(route: str) -> str:
    """Returns Serverless's logical id of a route, such as HttpApiRouteGetUploadsPathVar."""
    method, _, path = route.partition(" /")
    parts = [method.lower(), *path.replace("{path+}", "pathVar").split("/")]
    return "HttpApiRoute" + "".join(map(_letters, parts))


def _letters(part: str) -> str:
    """Returns a part of a path as Serverless spells it: `-` as Dash, other marks dropped."""
    letters = "".join(each for each in part.replace("-", "Dash") if each.isalnum())
    return letters[0].upper() + letters[1:]

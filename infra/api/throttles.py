"""How often each route of the API may be called."""

from typing import Any

from infra.api.parameters import ApiParameters
from infra.api.rendering import RENDER
from infra.delivery.website import ROUTE

DOCS = "GET /docs"
MISSING = f"GET /{ROUTE}/{{path+}}"
# Of a stage's rate, requests a second for each route. A client asks for a status several times
# for each ticket; a batch stands for a hundred tickets; documents are for people.
# A render keeps a whole core busy for half a second or more.
_SHARES = {
    "POST /uploads": 1.0,
    "POST /uploads/batch": 0.05,
    "GET /uploads": 4.0,
    "GET /uploads/{path+}": 4.0,
    "DELETE /uploads": 0.5,
    "DELETE /uploads/{path+}": 0.5,
    "GET /openapi.json": 0.05,
    DOCS: 0.05,
    RENDER: 0.2,
    # A page of a gallery that nobody has looked at yet.
    MISSING: 1.0,
}
# A burst may be this many seconds' worth of requests.
_BURST_SECONDS = 2


def stage_settings(parameters: ApiParameters, functions: dict[str, Any]) -> dict[str, Any]:
    """What the API's stage is given beyond what Serverless makes of it: how often each route."""
    routes = [
        f"{event['httpApi']['method']} {event['httpApi']['path']}"
        for function in functions.values()
        for event in function.get("events", [])
        if "httpApi" in event
    ]
    each = {route: _throttle(parameters.requests_per_second * _SHARES[route]) for route in routes}
    return {
        "HttpApiStage": {
            # API Gateway knows no settings for routes that are still to be made.
            "DependsOn": [_logical_id(route) for route in routes],
            "Properties": {
                "DefaultRouteSettings": _throttle(parameters.requests_per_second),
                "RouteSettings": each,
            },
        }
    }


def _throttle(rate: float) -> dict[str, Any]:
    rate = max(rate, 1.0)
    return {
        "DetailedMetricsEnabled": False,
        "ThrottlingRateLimit": rate,
        "ThrottlingBurstLimit": round(rate * _BURST_SECONDS),
    }


def _logical_id(route: str) -> str:
    """How Serverless names the route's resource: HttpApiRouteGetUploadsPathVar."""
    parts = route.replace("{path+}", "path-Var").split("/")
    return "HttpApiRoute" + "".join(_letters(part) for part in parts)


def _letters(part: str) -> str:
    return "".join(word.strip(" .").capitalize() for word in part.replace(".", "").split("-"))

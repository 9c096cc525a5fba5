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
# Requests a second: the least that leaves a route usable.
_LEAST = 1.0
# A burst may be this many seconds' worth of requests.
_BURST_SECONDS = 2


def find_absent_routes(functions: dict[str, Any]) -> list[str]:
    """Lists the routes that no function of the stage answers, since it has switched them off."""
    answered = {
        f"{event['httpApi']['method']} {event['httpApi']['path']}"
        for function in functions.values()
        for event in function.get("events", [])
        if "httpApi" in event
    }
    return [route for route in _SHARES if route not in answered]


def stage_settings(parameters: ApiParameters, absent: list[str]) -> dict[str, Any]:
    """What the API's stage is given beyond what Serverless makes of it: how often each route.

    The keys are the same on every stage and after every deploy. By public reports a setting can
    outlive its route, because an update of a stage adds settings and takes none away, and then each
    later update fails with "Unable to find Route by key". Whether CloudFormation deletes settings
    by itself is nowhere documented. So no route ever goes, and none of this can happen: those that
    are `absent` lead to a function that answers with a 404.
    """
    rates = {route: parameters.requests_per_second * share for route, share in _SHARES.items()}
    # As seldom as can be: everybody may call some of these, and none has anything to say.
    rates |= dict.fromkeys(absent, 0)
    return {
        "HttpApiStage": {
            # API Gateway knows no settings for routes that are still to be made.
            "DependsOn": [_logical_id(route) for route in rates],
            "Properties": {
                "DefaultRouteSettings": _throttle(parameters.requests_per_second),
                "RouteSettings": {route: _throttle(rate) for route, rate in rates.items()},
            },
        }
    }


def _throttle(rate: float) -> dict[str, Any]:
    rate = max(rate, _LEAST)
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

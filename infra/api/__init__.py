"""The HTTP API: a function for each concern, who may call it, how often, and from which sites.

`routes` are the functions and their roles, `rendering` the one of them that needs a core,
`throttles` how often each may be called, `auth` the ways to know callers, `fetching` what a route
leaves to the background.
"""

from infra.api.auth import tokens_secret
from infra.api.fetching import fetch_function, fetch_resources
from infra.api.parameters import ApiParameters
from infra.api.routes import api_functions, api_resources, http_api, refuse_absent_routes
from infra.api.throttles import find_absent_routes, stage_settings

__all__ = [
    "ApiParameters",
    "api_functions",
    "api_resources",
    "fetch_function",
    "fetch_resources",
    "find_absent_routes",
    "http_api",
    "refuse_absent_routes",
    "stage_settings",
    "tokens_secret",
]

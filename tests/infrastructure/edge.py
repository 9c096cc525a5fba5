"""A CloudFront edge as far as our function goes: it runs under Node, on a template's origins."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from infra.delivery.formats import FOLDER_HEADER
from infra.delivery.relay import ON_DEMAND
from tests.infrastructure.template import Template
from tests.node import run_script

_EVENT = Path(__file__).parents[1] / "events" / "cloudfront_viewer_request.json"
# CloudFront's own module is a stand-in that notes which origins it is to ask; like there, the
# code is strict.
_HARNESS = """
let group = null;
const cf = { createRequestOriginGroup: (asked) => { group = asked; } };
const handler = (() => {
'use strict';
CODE
return handler;
})();
given.events.map((event) => {
  group = null;
  return { answer: handler(event), group };
});
"""


class Asked(NamedTuple):
    """What becomes of a request: its place in the cache, and S3's keys in the order of asking."""

    cache_key: tuple[str, ...]
    keys: list[str]


class Edge:
    """A distribution of a template."""

    def __init__(self, template: Template) -> None:
        config = template.properties("Distribution")["DistributionConfig"]
        self._paths = {each["Id"]: each.get("OriginPath", "") for each in config["Origins"]}
        groups = config.get("OriginGroups", {}).get("Items", [])
        members = {g["Id"]: [m["OriginId"] for m in g["Members"]["Items"]] for g in groups}
        target = config["DefaultCacheBehavior"]["TargetOriginId"]
        self._origins = members.get(target, [target])
        policy = template.properties("CachePolicy")["CachePolicyConfig"]
        keyed = policy["ParametersInCacheKeyAndForwardedToOrigin"]
        self._headers = keyed["HeadersConfig"].get("Headers", [])
        self.code: str = template.properties("ViewerRequest")["FunctionCode"]

    def ask(self, uri: str, *accepts: str | list[str] | None, **headers: str) -> list[Asked]:
        """What becomes of requests for one URI, one for each Accept header (None: it has none)."""
        return [self._asked(each) for each in self._run([event(uri, a, headers) for a in accepts])]

    def one(self, uri: str, accept: str | list[str] | None, **headers: str) -> Asked:
        """What becomes of one request."""
        return self.ask(uri, accept, **headers)[0]

    def asked(self, uris: Iterable[str], accept: str | None = None) -> dict[str, Asked]:
        """What becomes of requests for each of these, with the same Accept header."""
        uris = list(uris)
        ran = self._run([event(uri, accept, {}) for uri in uris])
        return {uri: self._asked(each) for uri, each in zip(uris, ran, strict=True)}

    def answers(self, uris: Iterable[str], **headers: str) -> dict[str, Any]:
        """What the function itself makes of requests: each a request still, or an answer."""
        uris = list(uris)
        ran = self._run([event(uri, None, headers) for uri in uris])
        return {uri: each["answer"] for uri, each in zip(uris, ran, strict=True)}

    def _run(self, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
        own = self.code.replace("import cf from 'cloudfront';", "")
        ran: list[dict[str, Any]] = run_script(_HARNESS.replace("CODE", own), events=events)
        return ran

    def _asked(self, answer: dict[str, Any]) -> Asked:
        request, group = answer["answer"], answer["group"]
        assert "statusCode" not in request, f"it is not passed on: {request}"
        origins = self._origins
        if group:
            assert group["failoverCriteria"]["statusCodes"] == [403, 404]
            origins = [each["originId"] for each in group["originIds"]]
        sent = {name: each["value"] for name, each in request["headers"].items()}
        counted = [sent.get(name, "") for name in self._headers]
        uri = request["uri"]
        # The on-demand function gets the folder in the header (infra/delivery/relay.js).
        folder = f"/{sent[FOLDER_HEADER]}" if FOLDER_HEADER in sent else ""
        paths = self._paths | {ON_DEMAND: f"{ON_DEMAND}:{folder}"}
        keys = [f"{paths[origin]}{uri}".removeprefix("/") for origin in origins]
        return Asked((uri, *counted), keys)


def event(uri: str, accept: str | list[str] | None, headers: dict[str, str]) -> dict[str, Any]:
    """A viewer's request; several Accept headers where a list is given."""
    made: dict[str, Any] = json.loads(_EVENT.read_text())
    made["request"]["uri"], asks, query = uri.partition("?")
    if asks:
        made["request"]["querystring"] = querystring(query)
    made["request"]["headers"] |= {name: {"value": value} for name, value in headers.items()}
    if isinstance(accept, list):
        values = [{"value": each} for each in accept]
        made["request"]["headers"]["accept"] = {"value": accept[0], "multiValue": values}
    elif accept is not None:
        made["request"]["headers"]["accept"] = {"value": accept}
    return made


def querystring(query: str) -> dict[str, Any]:
    """A query as CloudFront hands it over: as it was sent, nothing decoded."""
    values: dict[str, list[dict[str, str]]] = {}
    for part in filter(None, query.split("&")):
        name, _, value = part.partition("=")
        values.setdefault(name, []).append({"value": value})
    return {
        name: {**each[0], "multiValue": each} if len(each) > 1 else each[0]
        for name, each in values.items()
    }

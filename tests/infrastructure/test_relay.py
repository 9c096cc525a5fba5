"""What is signed for the Function URL: our function under Node, beside Python's reader of it."""

import re
from base64 import b64encode
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lib import keys
from lib.errors import RequestError
from lib.on_demand.plain_paths import pack, unpack
from tests.infrastructure.edge import Edge, event
from tests.infrastructure.generated import HERO, generated_template
from tests.infrastructure.template import Template
from tests.infrastructure.test_formats import CHROME
from tests.infrastructure.test_function import NEWER
from tests.infrastructure.test_spelling import PATHS
from tests.node import run_script

EVERYTHING = {"on_demand": "declared,signed", "serve_formats": "true", "serve_queries": "true"}
URIS = [f"/40x30/{keys.url_path(path)}" for path in PATHS]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return generated_template(tmp_path_factory.mktemp("relay"), [HERO, "40x30"], **EVERYTHING)


@pytest.fixture(scope="module")
def token(template: Template) -> dict[str, str]:
    """The header that the CDN sends along."""
    config = template.properties("Distribution")["DistributionConfig"]
    (origin,) = [each for each in config["Origins"] if each["Id"] == "on-demand"]
    (header,) = origin["OriginCustomHeaders"]
    return {header["HeaderName"]: header["HeaderValue"]}


def relayed(template: Template, uris: Iterable[str], headers: dict[str, str]) -> list[Any]:
    """What the function in front of the Function URL makes of requests."""
    code = template.properties("RelayRequest")["FunctionCode"]
    events = [event(uri, None, headers) for uri in uris]
    script = f"'use strict';\n{code}\ngiven.events.map((event) => handler(event));"
    answers: list[Any] = run_script(script, events=events)
    return answers


def signed_alike(path: str) -> bool:
    """Whether S3's way to sign a path and everybody else's agree on it."""
    request = AWSRequest("GET", f"https://host{path}")
    request.context["payload_signing_enabled"] = False
    signers = [
        signer(Credentials("a", "b"), "lambda", "eu-west-1") for signer in (SigV4Auth, S3SigV4Auth)
    ]
    return {each.canonical_request(request).splitlines()[1] for each in signers} == {path}


def test_what_is_signed_is_plain_whatever_the_photo_is_called(
    template: Template, token: dict[str, str]
) -> None:
    assert not all(signed_alike(uri) for uri in URIS)
    asked = [each["uri"] for each in relayed(template, URIS, token)]
    assert all(re.fullmatch("/[A-Za-z0-9_-]+", uri) and signed_alike(uri) for uri in asked)
    assert [unpack(uri) for uri in asked] == URIS == [unpack(pack(uri)) for uri in URIS]


@settings(max_examples=8, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(paths=st.lists(st.text(st.characters(codec="utf-8"), min_size=1), min_size=50))
def test_javascript_packs_what_python_unpacks(
    template: Template, token: dict[str, str], paths: list[str]
) -> None:
    uris = [f"/{keys.url_path(path)}" for path in paths]
    asked = [each["uri"] for each in relayed(template, uris, token)]
    assert asked == [pack(uri) for uri in uris]
    assert [unpack(each) for each in asked] == uris


def test_a_signed_picture_keeps_its_url_to_the_letter(
    template: Template, token: dict[str, str]
) -> None:
    uri = f"/_signed/{keys.url_path('2026/photo (1)+~@é*%.jpg')}/w=64,h=36/{'x-_' * 14}x"
    (asked,) = relayed(template, [uri], token)
    assert unpack(asked["uri"]) == uri


def test_the_longest_path_fits_into_what_cloudfront_takes(
    template: Template, token: dict[str, str]
) -> None:
    uri = f"/_signed/{keys.url_path('é' * 507)}/{'x' * 200}/{'x' * 43}"
    (asked,) = relayed(template, [uri], token)
    assert len(asked["uri"]) < 8192 - len("https://") - 253


def test_the_folder_that_was_chosen_by_accept_is_in_it(
    template: Template, token: dict[str, str]
) -> None:
    """The CDN's own function has taken it off, and named it in a header that it alone sets."""
    sent = Edge(template).answers(["/hero/a%20b.jpg"], accept=CHROME)["/hero/a%20b.jpg"]
    headers = {name: each["value"] for name, each in sent["headers"].items()} | token
    assert headers["x-fanout-folder"] == "hero.avif"
    (asked,) = relayed(template, [sent["uri"]], headers)
    assert unpack(asked["uri"]) == "/hero.avif/a%20b.jpg"


def test_what_a_visitor_sends_decides_nothing(template: Template) -> None:
    """Neither of the two headers gets through: the CDN takes one off, and sets the other."""
    edge, uri = Edge(template), "/hero/a.jpg"
    forged = {"x-fanout-folder": "hero.webp", "x-fanout-relay": "x"}
    assert edge.one(uri, None, **forged) == edge.one(uri, None)
    policy = template.properties("CachePolicy")["CachePolicyConfig"]
    keyed = policy["ParametersInCacheKeyAndForwardedToOrigin"]
    assert keyed["HeadersConfig"]["Headers"] == ["x-fanout-folder"]
    assert keyed["QueryStringsConfig"] == {"QueryStringBehavior": "none"}


@pytest.mark.parametrize("headers", [{}, {"x-fanout-relay": ""}, {"x-fanout-relay": "guessed"}])
def test_nobody_but_the_cdn_gets_through(template: Template, headers: dict[str, str]) -> None:
    refused = {"statusCode": 403, "statusDescription": "Forbidden"}
    assert relayed(template, ["/hero/a.jpg"], headers) == [refused]


def test_the_token_is_what_no_stranger_knows(template: Template, token: dict[str, str]) -> None:
    assert token == {"x-fanout-relay": template.resolved({"Ref": "AWS::StackId"})}


def test_the_way_through_keeps_nothing_and_hands_nothing_on(template: Template) -> None:
    config = template.properties("OnDemandRelay")["DistributionConfig"]
    behaviour = config["DefaultCacheBehavior"]
    assert "CacheBehaviors" not in config
    # CachingDisabled, as AWS has named it in all accounts.
    assert behaviour["CachePolicyId"] == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
    assert "OriginRequestPolicyId" not in behaviour
    assert behaviour["ViewerProtocolPolicy"] == "https-only"
    assert behaviour["FunctionAssociations"] == [
        {"EventType": "viewer-request", "FunctionARN": "RelayRequest.FunctionARN"}
    ]
    kept = {
        each["ErrorCode"]: each["ErrorCachingMinTTL"] for each in config["CustomErrorResponses"]
    }
    assert kept == dict.fromkeys((403, 404, 500, 502, 503, 504), 0)


def test_s3_is_asked_for_the_real_key_and_the_cache_knows_the_real_path(tmp_path: Path) -> None:
    """As without anything on demand: the packed path is beyond the origin group."""
    plain = Edge(generated_template(tmp_path, ["40x30"]))
    asking = Edge(generated_template(tmp_path, ["40x30"], on_demand="declared"))
    before, after = plain.asked(URIS), asking.asked(URIS)
    for uri in URIS:
        assert after[uri].cache_key == before[uri].cache_key
        assert after[uri].keys[0] == before[uri].keys[0]
        assert after[uri].keys[1] == f"on-demand:{uri}"


@pytest.mark.parametrize("newer", NEWER)
def test_the_code_is_of_the_javascript_that_cloudfront_runs(template: Template, newer: str) -> None:
    assert not re.search(newer, template.properties("RelayRequest")["FunctionCode"])


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/40x30/a.jpg",
        "/a",
        "/_signed/a.jpg/w=1/x",
        pack("/40x30/a.jpg") + "=",
        pack("/40x30/a.jpg") + "==",
        pack("/40x30/a.jpg") + "/",
        f"/{b64encode(b'/40x30/aa?.jpg').decode()}",
        "/LzQweDMwL2FhLmpwZx",  # the bytes of /LzQweDMwL2FhLmpwZw, spelled otherwise
        pack("/40x30/a.jpg").replace("/", "", 1),
        f"/{pack('/40x30/a.jpg')}",
        f"/a{pack('/40x30/a.jpg')}",
        pack("40x30/a.jpg"),
        pack("/40x30/é.jpg"),
        "/%4C",
        "/é",
        "/\udcff",
        pack("/40x30/a.jpg").replace("a", " a"),
    ],
)
def test_what_nobody_has_packed_is_refused(path: str) -> None:
    with pytest.raises(RequestError, match="use the address of the CDN") as caught:
        unpack(path)
    assert caught.value.status == 400

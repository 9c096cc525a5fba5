"""The local CDN answers each request, and from what is deployed then."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from threading import Event

import pytest
from botocore.stub import Stubber

from lib.auth.viewer_signatures import ViewerSigner, make_key_pair
from local.cdn import Distribution, DistributionConfig, read_config
from local.emulator import client as emulator_client
from tests.web_server import WebServer, answer

PATH = "/400x300/a.jpg"


@pytest.fixture
def emulator() -> Iterator[WebServer]:
    with WebServer() as server:
        yield server


def responses(*statuses: str) -> Callable[[Callable[[bytes], None], Event], None]:
    rest = iter(statuses)

    def respond(send: Callable[[bytes], None], _stop: Event) -> None:
        send(answer(b"", next(rest)))

    return respond


def hosts(emulator: WebServer) -> list[str]:
    """The domains that were asked, in order."""
    lines = [line for head in emulator.heads for line in head.splitlines()]
    return [line.split()[1] for line in lines if line.lower().startswith("host:")]


def deployed(*configs: DistributionConfig) -> Callable[[], DistributionConfig]:
    """What is deployed, each time that it is read."""
    rest = iter(configs)
    return lambda: next(rest)


def test_a_failed_function_is_the_answer_and_breaks_nothing_off(emulator: WebServer) -> None:
    emulator.pages[PATH] = responses("404 Not Found", "503 Service Unavailable")
    config = DistributionConfig("cdn.example", "function")
    response = Distribution(emulator.port, lambda: config).get("GET", PATH, {})
    assert response.status == 503
    assert len(emulator.heads) == 2


def test_what_is_deployed_is_read_again_only_before_nothing_is_found(emulator: WebServer) -> None:
    emulator.pages[PATH] = responses("200 OK", "200 OK")
    distribution = Distribution(emulator.port, deployed(DistributionConfig("cdn.example", "")))
    assert [distribution.get("GET", PATH, {}).status for _ in range(2)] == [200, 200]


def test_a_replaced_distribution_is_found(emulator: WebServer) -> None:
    emulator.pages[PATH] = responses("200 OK", "404 Not Found", "200 OK")
    configs = deployed(DistributionConfig("old.example", ""), DistributionConfig("new.example", ""))
    distribution = Distribution(emulator.port, configs)
    assert [distribution.get("GET", PATH, {}).status for _ in range(2)] == [200, 200]
    assert hosts(emulator) == ["old.example", "old.example", "new.example"]


def test_an_origin_failover_that_was_switched_off_is_not_tried(emulator: WebServer) -> None:
    emulator.pages[PATH] = responses("404 Not Found", "503 Service Unavailable", "404 Not Found")
    configs = deployed(
        DistributionConfig("cdn.example", "function"), DistributionConfig("cdn.example", "")
    )
    distribution = Distribution(emulator.port, configs)
    assert [distribution.get("GET", PATH, {}).status for _ in range(2)] == [503, 404]


def test_without_a_distribution_that_is_the_answer() -> None:
    response = Distribution(9, lambda: DistributionConfig("", "")).get("GET", PATH, {})
    assert (response.status, response.body) == (503, b"The stage is deployed without a CDN.\n")


KEY = make_key_pair(datetime(2026, 1, 1, tzinfo=UTC))
BASE = "http://127.0.0.1:9"
PUBLIC = DistributionConfig("cdn.example", "")
PRIVATE = PUBLIC._replace(public_keys=json.dumps({"K1": KEY.public}))


def signed(path: str) -> str:
    signer = ViewerSigner(lambda: [KEY], {KEY.id: "K1"})
    url = signer.sign_url(BASE + path, datetime.now(UTC) + timedelta(hours=1))
    return url.removeprefix(BASE)


def test_a_private_stage_answers_signed_requests_alone(emulator: WebServer) -> None:
    emulator.pages[PATH] = responses("200 OK")
    distribution = Distribution(emulator.port, lambda: PRIVATE)
    assert distribution.get("GET", PATH, {}, BASE).status == 403
    assert emulator.heads == []
    assert distribution.get("GET", signed(PATH), {}, BASE).status == 200
    assert "Signature" not in emulator.heads[0]


def test_a_stage_is_private_from_its_deploy_on(emulator: WebServer) -> None:
    """The emulator's function refuses what was not checked."""
    emulator.pages[PATH] = responses("200 OK", "403 Forbidden", "200 OK")
    distribution = Distribution(emulator.port, deployed(PUBLIC, PRIVATE))
    assert distribution.get("GET", PATH, {}, BASE).status == 200
    assert distribution.get("GET", PATH, {}, BASE).status == 403
    assert distribution.get("GET", signed(PATH), {}, BASE).status == 200
    checked = ["x-fanout-viewer" in head.lower() for head in emulator.heads]
    assert checked == [False, False, True]


def test_a_stage_is_public_from_its_deploy_on(emulator: WebServer) -> None:
    emulator.pages[PATH] = responses("200 OK", "200 OK")
    distribution = Distribution(emulator.port, deployed(PRIVATE, PUBLIC))
    assert distribution.get("GET", signed(PATH), {}, BASE).status == 200
    assert distribution.get("GET", PATH, {}, BASE).status == 200


def test_nobody_claims_to_be_checked(emulator: WebServer) -> None:
    emulator.pages[PATH] = responses("403 Forbidden")
    forged = {"X-Fanout-Viewer": "yes", "x-fanout-ask": "uri"}
    Distribution(emulator.port, lambda: PUBLIC).get("GET", PATH, forged, BASE)
    assert all("x-fanout" not in head.lower() for head in emulator.heads)


def test_the_configuration_is_that_of_the_stacks_outputs() -> None:
    cloudformation = emulator_client("http://127.0.0.1:9", "us-east-1", "cloudformation")
    outputs = {
        "CdnUrl": "https://d1.cloudfront.net",
        "OnDemandUrl": "https://abc.lambda-url.us-east-1.on.aws/",
        "ViewerPublicKeys": "{}",
    }

    def describe(outputs: dict[str, str]) -> dict[str, object]:
        listed = [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()]
        stack = {"StackName": "s", "CreationTime": "2026-01-01T00:00:00Z", "Outputs": listed}
        return {"Stacks": [{**stack, "StackStatus": "UPDATE_COMPLETE"}]}

    with Stubber(cloudformation) as stub:
        stub.add_response("describe_stacks", describe(outputs))
        assert read_config(cloudformation, "s") == ("d1.cloudfront.net", "abc", "{}")
        stub.add_response("describe_stacks", describe({}))
        assert read_config(cloudformation, "s") == ("", "", "")
        stub.add_client_error("describe_stacks", "ValidationError", "does not exist")
        assert read_config(cloudformation, "s") == ("", "", "")

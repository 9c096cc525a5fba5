"""The console's part of the template: off by default, with least privilege, behind the CDN."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from infra.generate import generate
from lib.console import CONSOLE_FUNCTIONS
from lib.errors import ConfigError
from tests.infrastructure.generated import PARAMETERS, generated

Resources = dict[str, Any]
ON = {"console": "true"}
FUNCTIONS = set(CONSOLE_FUNCTIONS)
ROUTES = {
    "GET /dead-letters": "dlq-list",
    "POST /dead-letters/replay": "dlq-replay",
    "POST /dead-letters/purge": "dlq-purge",
    "POST /rechecks": "recheck",
}


@pytest.fixture(scope="module")
def on(tmp_path_factory: pytest.TempPathFactory) -> Resources:
    """The resources as they are generated, with their references."""
    made = generated(tmp_path_factory.mktemp("on"), ["40x30", "80x60"], **ON)
    found: Resources = made["resources"]["Resources"]
    return found


def refused(**changes: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        generate({**PARAMETERS, "sizes_file": "sizes.yml", **changes})
    return str(caught.value)


def routes(function: dict[str, Any]) -> list[str]:
    return [f"{e['httpApi']['method']} {e['httpApi']['path']}" for e in function["events"]]


def test_a_stage_without_it_has_nothing_of_it_but_routes_that_answer_404(tmp_path: Path) -> None:
    made = generated(tmp_path, ["40x30"])
    on = generated(tmp_path, ["40x30"], **ON)["functions"].keys()
    assert on - made["functions"].keys() == FUNCTIONS
    assert not [name for name in made["resources"]["Resources"] if "RoleOfDlq" in name]
    assert "ConsoleUrl" not in made["resources"]["Outputs"]
    missing = routes(made["functions"]["openapi"])
    assert {*ROUTES, "GET /_console/{path+}"} <= {*missing}
    assert "console" not in json.loads(made["resources"]["Outputs"]["Features"]["Value"])


def test_each_route_has_a_function_of_its_own_behind_the_authorizer(tmp_path: Path) -> None:
    functions = generated(tmp_path, ["40x30"], **ON)["functions"]
    for route, name in ROUTES.items():
        assert routes(functions[name]) == [route]
        assert functions[name]["events"][0]["httpApi"]["authorizer"] == {"name": "token"}
        assert functions[name]["environment"]["AUTH"] == "token"
    (page,) = functions["console"]["events"]
    assert "authorizer" not in page["httpApi"]


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("eu-west-1", "eu-west-1.console.aws.amazon.com"),
        ("cn-north-1", "cn-north-1.console.amazonaws.cn"),
        ("us-gov-west-1", "us-gov-west-1.console.amazonaws-us-gov.com"),
    ],
)
def test_the_page_links_to_the_dashboard_of_a_stage_in_the_cloud(
    tmp_path: Path, region: str, host: str
) -> None:
    made = generated(tmp_path, ["40x30"], **ON, region=region)
    name = made["resources"]["Resources"]["Dashboard"]["Properties"]["DashboardName"]
    address = made["functions"]["console"]["environment"]["DASHBOARD_URL"]
    assert address == (
        f"https://{host}/cloudwatch/home?region={region}#dashboards/dashboard/{name}"
    )


def test_a_jwt_must_have_the_scope_for_these_routes_and_for_no_other(tmp_path: Path) -> None:
    jwt = {"auth": "jwt", "jwt_issuer": "https://id.example/", "jwt_audience": "shop"}
    functions = generated(tmp_path, ["40x30"], **ON, **jwt)["functions"]
    scoped = {
        route
        for function in functions.values()
        for event in function.get("events", [])
        if "httpApi" in event and event["httpApi"].get("authorizer", {}).get("scopes")
        for route in [f"{event['httpApi']['method']} {event['httpApi']['path']}"]
    }
    assert scoped == set(ROUTES)


@pytest.mark.parametrize(
    ("role", "action", "logical", "allowed"),
    [
        ("DlqList", "sqs:ReceiveMessage", "Dlq40x30", True),
        ("DlqList", "sqs:ChangeMessageVisibility", "FetchDlq", True),
        ("DlqList", "sqs:DeleteMessage", "Dlq40x30", False),
        ("DlqList", "sqs:SendMessage", "Queue40x30", False),
        ("DlqList", "sqs:ReceiveMessage", "Queue40x30", False),
        ("DlqList", "sqs:GetQueueAttributes", "Queue80x60", True),
        ("DlqReplay", "sqs:DeleteMessage", "Dlq80x60", True),
        ("DlqReplay", "sqs:SendMessage", "Queue40x30", True),
        ("DlqReplay", "sqs:SendMessage", "FetchQueue", True),
        ("DlqReplay", "sqs:SendMessage", "PurgeQueue", True),
        ("DlqReplay", "sqs:SendMessage", "SubscriptionDlq40x30", False),
        ("DlqList", "sqs:ReceiveMessage", "SubscriptionDlq40x30", True),
        ("DlqList", "sqs:ReceiveMessage", "PurgeDlq", True),
        ("DlqList", "sqs:ReceiveMessage", "PurgeQueue", False),
        ("DlqReplay", "sqs:ReceiveMessage", "Queue40x30", False),
        ("DlqPurge", "sqs:DeleteMessage", "Dlq40x30", True),
        ("DlqPurge", "sqs:SendMessage", "Queue40x30", False),
        ("DlqPurge", "sqs:DeleteMessage", "SubscriptionDlq80x60", True),
        ("DlqPurge", "sqs:DeleteMessage", "Queue40x30", False),
        ("DlqPurge", "sqs:GetQueueAttributes", "Queue40x30", False),
        ("Recheck", "sqs:SendMessage", "Queue40x30", True),
        ("Recheck", "sqs:SendMessage", "FetchQueue", False),
        ("Recheck", "sqs:SendMessage", "PurgeQueue", False),
        ("Recheck", "sqs:SendMessage", "Dlq40x30", False),
        ("Recheck", "sqs:ReceiveMessage", "Queue40x30", False),
    ],
)
def test_functions_may_do_what_they_are_for(
    on: Resources, role: str, action: str, logical: str, allowed: bool
) -> None:
    statements = on[f"RoleOf{role}"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    reached = [
        resource["Fn::GetAtt"][0]
        for statement in statements
        if action in statement["Action"]
        for resource in statement["Resource"]
        if isinstance(resource, dict) and "Fn::GetAtt" in resource
    ]
    assert (logical in reached) is allowed


def test_a_stage_that_invalidates_nothing_has_no_such_queue_to_read(tmp_path: Path) -> None:
    made = generated(tmp_path, ["40x30"], **ON, delivery="public-read")
    assert "PurgeDlq" not in json.dumps(made["resources"]["Resources"]["RoleOfDlqList"])
    assert made["functions"]["dlq-list"]["environment"]["PURGES"] == "false"


def test_roles_have_room_for_as_many_sizes_as_a_stack(tmp_path: Path) -> None:
    """Their policies may have 10,240 characters, of which a queue's ARN takes about a hundred."""
    names = [f"{number:02}".ljust(33, "x") for number in range(29)]  # of a stage called production
    sizes = [{"name": name, "width": 40} for name in names]
    made = generated(tmp_path, sizes, **ON, stage="production")["resources"]["Resources"]
    for role in ("DlqList", "DlqReplay", "DlqPurge", "Recheck"):
        policies = made[f"RoleOf{role}"]["Properties"]["Policies"]
        text = json.dumps(policies[0]["PolicyDocument"], separators=(",", ":"))
        arn = "arn:aws:sqs:ap-southeast-2:123456789012:image-fanout-production-" + names[0]
        for kind, ending in (
            ("SubscriptionDlq", "-subscription-dlq"),
            ("Dlq", "-dlq"),
            ("Queue", ""),
        ):
            text = re.sub(rf'{{"Fn::GetAtt":\["{kind}\w*","Arn"\]}}', f'"{arn}{ending}"', text)
        assert len(text) < 10_240, role


def test_only_purging_touches_records_and_nothing_touches_photos(on: Resources) -> None:
    for role in ("DlqList", "DlqReplay", "DlqPurge", "Recheck", "Console"):
        text = json.dumps(on[f"RoleOf{role}"]["Properties"])
        assert ("FailuresBucket" in text) is (role == "DlqPurge")
        assert "OriginalsBucket" not in text
        assert "ImagesBucket" not in text
    statements = on["RoleOfConsole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    assert [s["Action"] for s in statements] == [["logs:CreateLogStream", "logs:PutLogEvents"]]


def test_the_cdn_has_the_page_from_the_api_and_caches_none_of_it(on: Resources) -> None:
    config = on["Distribution"]["Properties"]["DistributionConfig"]
    (behaviour,) = config["CacheBehaviors"]
    assert behaviour["PathPattern"] == "_console/*"
    assert behaviour["AllowedMethods"] == ["GET", "HEAD"]
    assert behaviour["ViewerProtocolPolicy"] == "redirect-to-https"
    assert behaviour["CachePolicyId"] == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
    (origin,) = [o for o in config["Origins"] if o["Id"] == behaviour["TargetOriginId"]]
    assert origin["CustomOriginConfig"]["OriginProtocolPolicy"] == "https-only"
    assert "HttpApi" in json.dumps(origin["DomainName"])


def test_signed_images_keep_their_behaviour_beside_it(tmp_path: Path) -> None:
    made = generated(tmp_path, ["40x30"], **ON, on_demand=["signed"])
    distribution = made["resources"]["Resources"]["Distribution"]["Properties"]
    behaviours = distribution["DistributionConfig"]["CacheBehaviors"]
    assert [each["PathPattern"] for each in behaviours] == ["_signed/*", "_console/*"]


@pytest.mark.parametrize(
    ("changes", "base"),
    [
        ({}, "https://${Distribution.DomainName}"),
        ({"domain": "img.shop.example", "certificate": "C"}, "https://img.shop.example"),
        ({"delivery": "public-read"}, "https://${HttpApi}.execute-api"),
    ],
)
def test_an_output_has_its_address(tmp_path: Path, changes: dict[str, str], base: str) -> None:
    if "certificate" in changes:
        changes["certificate"] = "arn:aws:acm:us-east-1:123456789012:certificate/x"
    outputs = generated(tmp_path, ["40x30"], **ON, **changes)["resources"]["Outputs"]
    address = json.dumps(outputs["ConsoleUrl"]["Value"])
    assert base in address
    assert "/_console/index.html" in address


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"auth": "none"}, "console: true with auth: none: everybody could replay and purge"),
        ({"auth": "iam"}, "console: true with auth: iam: a page has no AWS credentials"),
        (
            {"upload_origins": "https://shop.example"},
            "upload_origins: https://shop.example: .*add the CDN's address",
        ),
    ],
)
def test_what_would_not_work_or_be_open_to_all_is_refused(
    changes: dict[str, str], expected: str
) -> None:
    assert re.search(expected, refused(**ON, **changes))


def test_the_consoles_own_domain_may_call_the_api(tmp_path: Path) -> None:
    made = generated(
        tmp_path,
        ["40x30"],
        **ON,
        upload_origins="https://shop.example",
        domain="img.shop.example",
        certificate="arn:aws:acm:us-east-1:123456789012:certificate/x",
    )
    origins = ["https://shop.example", "https://img.shop.example"]
    assert made["http_api"]["cors"]["allowedOrigins"] == origins
    bucket = made["resources"]["Resources"]["OriginalsBucket"]["Properties"]
    assert bucket["CorsConfiguration"]["CorsRules"][0]["AllowedOrigins"] == origins

"""The HTTP API: who may call it, how often, and from which sites."""

import re
from collections.abc import Sequence
from typing import Any

import pytest

from handlers.render import STORED_PATH
from infra.generate import generate
from lib.errors import ConfigError
from lib.upload_paths import ROUTES
from tests.infrastructure.conftest import LESS, UPLOAD_SITES, Package
from tests.infrastructure.generated import PARAMETERS
from tests.infrastructure.template import Template

OPEN = {"GET /openapi.json", "GET /docs", "GET /missing/{path+}", "GET /_console/{path+}"}
CLOSED = {
    "POST /uploads",
    "POST /uploads/batch",
    "POST /uploads/status",
    "GET /uploads",
    "GET /uploads/{path+}",
    "POST /uploads/{path+}",
    "DELETE /uploads",
    "DELETE /uploads/{path+}",
    "POST /render",
    "GET /dead-letters",
    "POST /dead-letters/replay",
    "POST /dead-letters/purge",
    "POST /rechecks",
}
JWT = {"auth": "jwt", "jwt_issuer": "https://id.example/", "jwt_audience": "shop, news"}


def routes(template: Template) -> dict[str, Any]:
    found = template.of_type("AWS::ApiGatewayV2::Route").values()
    return {route["RouteKey"]: route for route in found}


def refused(**changes: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        generate({**PARAMETERS, **changes})
    return str(caught.value)


def is_local(template: Template) -> bool:
    return "-local-" in str(template.properties("Topic")["TopicName"] + "-")


class TestTokens:
    """The default."""

    def test_every_route_but_the_documents_asks_the_authorizer(self, each_stage: Template) -> None:
        found = routes(each_stage)
        assert found.keys() == CLOSED | OPEN
        for key in CLOSED:
            assert found[key]["AuthorizationType"] == "CUSTOM"
            assert found[key]["AuthorizerId"] == "HttpApiAuthorizerToken"
        for key in OPEN:
            assert found[key].get("AuthorizationType", "NONE") == "NONE"

    def test_a_yes_is_kept_for_a_minute_by_the_token_alone(self, dev: Template) -> None:
        authorizer = dev.properties("HttpApiAuthorizerToken")
        assert authorizer["AuthorizerType"] == "REQUEST"
        assert authorizer["IdentitySource"] == ["$request.header.Authorization"]
        assert authorizer["AuthorizerPayloadFormatVersion"] == "2.0"
        assert authorizer["EnableSimpleResponses"] is True
        assert authorizer["AuthorizerResultTtlInSeconds"] == 60

    def test_the_secret_begins_empty_and_is_found_by_its_output(self, dev: Template) -> None:
        secret = dev.properties("Tokens")
        assert secret["Name"] == "image-fanout-dev-tokens"
        assert secret["SecretString"] == '{"tokens": []}'
        output = dev.document["Outputs"]["TokensSecretArn"]["Value"]
        assert output == {"Fn::GetAtt": ["Tokens", "Id"]}
        assert dev.role_allows("RoleOfAuthorizer", "secretsmanager:GetSecretValue", "Tokens.Id")

    def test_nobody_else_may_read_the_secret_and_nobody_may_write_it(self, dev: Template) -> None:
        for role in dev.of_type("AWS::IAM::Role"):
            reads = dev.role_allows(role, "secretsmanager:GetSecretValue", "Tokens.Id")
            assert reads is (role == "RoleOfAuthorizer"), role
            assert not dev.role_allows(role, "secretsmanager:PutSecretValue", "Tokens.Id")


@pytest.mark.parametrize(
    ("made", "kind"),
    [(LESS, "AWS_IAM"), ("public-read-local", "JWT"), (["--param=auth=none"], "NONE")],
    ids=["iam", "jwt", "none"],
)
def test_other_ways_to_know_callers(
    package: Package, package_way: Package, made: str | Sequence[str], kind: str
) -> None:
    template = package_way(made) if isinstance(made, str) else package("dev", *made)
    found = routes(template)
    assert {found[key].get("AuthorizationType", "NONE") for key in CLOSED} == {kind}
    assert template.document["Outputs"]["Auth"]["Value"] == kind.removeprefix("AWS_").lower()
    assert "TokensSecretArn" not in template.document["Outputs"]
    assert template.of_type("AWS::SecretsManager::Secret") == {}
    assert "AuthorizerLambdaFunction" not in template.resources
    if kind == "JWT":
        (authorizer,) = template.of_type("AWS::ApiGatewayV2::Authorizer").values()
        assert authorizer["JwtConfiguration"] == {
            "Issuer": "https://id.example/",
            "Audience": ["shop", "news"],
        }


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"auth": "password"}, "auth: .*token, iam, jwt or none, got 'password'"),
        ({**JWT, "jwt_issuer": "http://id.example"}, "jwt needs jwt_issuer, an https:// URL"),
        ({**JWT, "jwt_audience": ""}, "jwt needs .*jwt_audience"),
        ({"auth": "none", "stage": "prod"}, "auth: none on stage prod.*force_open"),
        ({"fetch_loopback": "true"}, "fetch_loopback.*only stage local"),
        ({"upload_origins": ""}, "upload_origins: .*at least 1"),
        ({"requests_per_second": "0"}, "requests_per_second: .*got '0'"),
    ],
)
def test_settings_that_would_open_or_break_the_api_are_refused(
    changes: dict[str, Any], expected: str
) -> None:
    assert re.search(expected, refused(**changes))


def test_an_open_api_on_prod_can_be_forced() -> None:
    made = generate({**PARAMETERS, "auth": "none", "stage": "prod", "force_open": "true"})
    assert "authorizers" not in made["http_api"]


def test_no_photo_is_uploaded_to_the_path_of_a_route() -> None:
    """A POST to its path, which sets its focal point, would reach that route."""
    posts = [route.removeprefix("POST /uploads/") for route in CLOSED]
    assert {each for each in posts if " " not in each and "{" not in each} == set(ROUTES)


def test_every_route_is_throttled_and_settings_wait_for_their_routes(each_stage: Template) -> None:
    stage = each_stage.resources["HttpApiStage"]
    settings = stage["Properties"]["RouteSettings"]
    found = {
        route["RouteKey"]: logical
        for logical, route in each_stage.of_type("AWS::ApiGatewayV2::Route").items()
    }
    assert settings.keys() == found.keys()
    for each in (*settings.values(), stage["Properties"]["DefaultRouteSettings"]):
        assert 1 <= each["ThrottlingRateLimit"] <= each["ThrottlingBurstLimit"]
    assert set(found.values()) <= set(stage["DependsOn"])
    batch, single = settings["POST /uploads/batch"], settings["POST /uploads"]
    assert batch["ThrottlingRateLimit"] < single["ThrottlingRateLimit"]


def test_sites_that_may_upload_are_named_once_for_the_api_and_the_forms(
    optioned: Template,
) -> None:
    cors = optioned.properties("HttpApi")["CorsConfiguration"]
    assert cors["AllowOrigins"] == UPLOAD_SITES
    assert set(cors["AllowMethods"]) == {"GET", "POST", "DELETE"}
    assert {"authorization", "content-type"} <= set(cors["AllowHeaders"])
    assert set(cors["ExposeHeaders"]) == {"retry-after", STORED_PATH.lower()}
    (rule,) = optioned.properties("OriginalsBucket")["CorsConfiguration"]["CorsRules"]
    assert rule["AllowedOrigins"] == UPLOAD_SITES


def test_no_parameter_takes_a_route_or_its_settings_away(each_way: Template) -> None:
    """Settings would outlive their route, and stop every later deploy."""
    settings = each_way.properties("HttpApiStage")["RouteSettings"]
    assert settings.keys() == routes(each_way).keys() == CLOSED | OPEN


def test_routes_that_are_switched_off_lead_to_a_function_without_rights(
    dev: Template, package_way: Package
) -> None:
    def leads_to(template: Template, route: str) -> str:
        target = template.resolved(routes(template)[route]["Target"])
        uri = template.properties(target.removeprefix("integrations/"))["IntegrationUri"]
        return str(uri).removesuffix("LambdaFunction.Arn")

    limits = dev.properties("HttpApiStage")["RouteSettings"]
    for route in ("POST /render", "GET /missing/{path+}"):
        assert leads_to(dev, route) == "Openapi"
        assert limits[route]["ThrottlingRateLimit"] == 1
    assert leads_to(package_way("everything"), "POST /render") == "Render"
    assert leads_to(package_way("website"), "GET /missing/{path+}") == "Website"
    (policy,) = dev.properties("RoleOfOpenapi")["Policies"]
    (logging,) = policy["PolicyDocument"]["Statement"]
    assert logging["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]


def test_the_page_to_try_the_api_with_is_not_on_prod(package: Package) -> None:
    function = package("prod").properties("OpenapiLambdaFunction")
    assert function["Environment"]["Variables"]["SWAGGER"] == "false"


def test_only_the_local_stage_fetches_from_its_own_machine(each_stage: Template) -> None:
    variables = each_stage.properties("FetchLambdaFunction")["Environment"]["Variables"]
    assert variables["FETCH_LOOPBACK"] == str(is_local(each_stage)).lower()


def test_a_url_is_fetched_one_at_a_time_and_given_up_after_some_tries(dev: Template) -> None:
    queue, dlq = dev.properties("FetchQueue"), dev.properties("FetchDlq")
    function = dev.properties("FetchLambdaFunction")
    assert queue["VisibilityTimeout"] >= 6 * function["Timeout"]
    assert queue["RedrivePolicy"]["deadLetterTargetArn"].endswith(dlq["QueueName"])
    assert queue["RedrivePolicy"]["maxReceiveCount"] == int(
        function["Environment"]["Variables"]["MAX_RECEIVE_COUNT"]
    )
    mappings = dev.of_type("AWS::Lambda::EventSourceMapping").values()
    (mapping,) = [each for each in mappings if each["EventSourceArn"].endswith("-fetch")]
    assert mapping["BatchSize"] == 1
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert dev.properties("AlarmOnFetchDlq")["Dimensions"][0]["Value"] == dlq["QueueName"]

"""Pictures made on demand: who may ask for them, whom the CDN asks, and what the makers may do."""

import json
from pathlib import Path
from typing import Any

import pytest

from lib.errors import ConfigError
from lib.sizes import Size, unpack_sizes
from tests.infrastructure.conftest import Package
from tests.infrastructure.generated import HERO, generated, generated_template
from tests.infrastructure.template import Template

ORIGINALS = "arn:aws:s3:::image-fanout-dev-originals-123456789012-eu-west-1"
IMAGES = "arn:aws:s3:::image-fanout-dev-images-123456789012-eu-west-1"
FAILURES = "arn:aws:s3:::image-fanout-dev-failures-123456789012-eu-west-1"
SQS = "arn:aws:sqs:eu-west-1:123456789012:image-fanout-dev"
ROLE = "RoleOfOnDemand"


@pytest.fixture(scope="session")
def declared(package: Package) -> Template:
    return package("dev", "--param=on_demand=declared")


@pytest.fixture(scope="session")
def website(package_way: Package) -> Template:
    return package_way("website")


def distribution(template: Template) -> Any:
    return template.properties("Distribution")["DistributionConfig"]


def relay(template: Template) -> Any:
    """The distribution between that one and the function."""
    return template.properties("OnDemandRelay")["DistributionConfig"]


class TestDeclared:
    def test_s3_is_asked_first_and_the_function_where_it_has_none(self, declared: Template) -> None:
        config = distribution(declared)
        (group,) = config["OriginGroups"]["Items"]
        assert config["DefaultCacheBehavior"]["TargetOriginId"] == group["Id"]
        assert [member["OriginId"] for member in group["Members"]["Items"]] == [
            "images",
            "on-demand",
        ]
        assert group["FailoverCriteria"]["StatusCodes"]["Items"] == [403, 404]

    def test_the_function_is_asked_with_a_signature_and_over_tls(self, declared: Template) -> None:
        (origin,) = relay(declared)["Origins"]
        access = declared.properties("OnDemandAccess")["OriginAccessControlConfig"]
        assert origin["OriginAccessControlId"] == "OnDemandAccess.Id"
        assert access["OriginAccessControlOriginType"] == "lambda"
        assert (access["SigningBehavior"], access["SigningProtocol"]) == ("always", "sigv4")
        assert origin["CustomOriginConfig"]["OriginProtocolPolicy"] == "https-only"

    def test_each_waits_longer_than_what_is_behind_it(self, declared: Template) -> None:
        (far,) = [o for o in distribution(declared)["Origins"] if o["Id"] == "on-demand"]
        (near,) = relay(declared)["Origins"]
        timeout = declared.properties("OndemandLambdaFunction")["Timeout"]
        waits = [each["CustomOriginConfig"]["OriginReadTimeout"] for each in (far, near)]
        assert waits[0] > waits[1] > timeout

    def test_the_origin_is_the_host_of_the_functions_own_url(self, declared: Template) -> None:
        config = declared.resources["OnDemandRelay"]["Properties"]["DistributionConfig"]
        (origin,) = config["Origins"]
        url = {"Fn::GetAtt": ["OndemandLambdaFunctionUrl", "FunctionUrl"]}
        assert origin["DomainName"] == {"Fn::Select": [2, {"Fn::Split": ["/", url]}]}
        assert declared.properties("OndemandLambdaFunctionUrl")["AuthType"] == "AWS_IAM"

    def test_both_grants_are_this_distributions_alone(self, declared: Template) -> None:
        grants = [
            grant
            for grant in declared.of_type("AWS::Lambda::Permission").values()
            if grant["FunctionName"] == "OndemandLambdaFunction.Arn"
        ]
        assert {grant["Action"] for grant in grants} == {
            "lambda:InvokeFunctionUrl",
            "lambda:InvokeFunction",
        }
        for grant in grants:
            assert grant["Principal"] == "cloudfront.amazonaws.com"
            assert grant["SourceArn"].endswith(":distribution/OnDemandRelay")

    def test_nothing_of_it_is_there_unless_asked_for(self, dev: Template) -> None:
        assert "OriginGroups" not in distribution(dev)
        assert not dev.of_type("AWS::Lambda::Url")
        assert ROLE not in dev.resources
        assert "OnDemandRelay" not in dev.resources

    def test_the_function_knows_every_size_and_can_render_it(self, declared: Template) -> None:
        function = declared.properties("OndemandLambdaFunction")
        sizes = unpack_sizes(function["Environment"]["Variables"]["PACKED_SIZES"])
        workers = [
            json.loads(each["Environment"]["Variables"]["SIZE"])
            for each in declared.of_type("AWS::Lambda::Function").values()
            if "SIZE" in each["Environment"]["Variables"]
        ]
        assert sizes == [Size.model_validate(worker) for worker in workers]
        assert function["MemorySize"] == max(size.memory for size in sizes)

    def test_workers_look_after_it_has_surely_ended(self, declared: Template) -> None:
        function = declared.properties("OndemandLambdaFunction")
        settings = function["Environment"]["Variables"]
        worker = declared.properties("ResizeDash400x300LambdaFunction")
        landing = int(worker["Environment"]["Variables"]["LANDING_SECONDS"])
        assert int(settings["CHECK_DELAY"]) == function["Timeout"] + landing
        assert int(settings["ATTEMPT_SECONDS"]) == function["Timeout"]
        assert int(settings["PURGE_DELAY"]) >= function["Timeout"] + landing

    def test_it_caches_as_the_workers_do(self, declared: Template) -> None:
        settings = declared.properties("OndemandLambdaFunction")["Environment"]["Variables"]
        worker = declared.properties("ResizeDash400x300LambdaFunction")["Environment"]["Variables"]
        assert (
            worker["CACHE_CONTROL"]
            == f"public, max-age={settings['BROWSER_SECONDS']}, s-maxage={settings['CDN_SECONDS']}"
        )

    @pytest.mark.parametrize(
        ("action", "resource"),
        [
            ("s3:GetObject", f"{ORIGINALS}/originals/a.jpg"),
            ("s3:PutObject", f"{IMAGES}/400x300/a.jpg"),
            ("s3:GetObject", f"{IMAGES}/400x300/a.jpg"),
            ("s3:GetObject", f"{FAILURES}/400x300/a.jpg"),
            ("s3:GetObject", f"{FAILURES}/_attempts/0f"),
            ("s3:PutObject", f"{FAILURES}/_attempts/0f"),
            ("s3:DeleteObject", f"{FAILURES}/_attempts/0f"),
            ("sqs:SendMessage", f"{SQS}-400x300"),
            ("sqs:GetQueueUrl", f"{SQS}-thumbnail"),
            ("sqs:SendMessage", f"{SQS}-purge"),
        ],
    )
    def test_its_role_allows(self, declared: Template, action: str, resource: str) -> None:
        assert declared.role_allows(ROLE, action, resource)

    @pytest.mark.parametrize(
        ("action", "resource"),
        [
            ("s3:PutObject", f"{ORIGINALS}/originals/a.jpg"),
            ("s3:DeleteObject", f"{ORIGINALS}/originals/a.jpg"),
            ("s3:GetObject", f"{ORIGINALS}/other/a.jpg"),
            ("s3:PutObjectAcl", f"{IMAGES}/400x300/a.jpg"),
            ("s3:PutObject", f"{FAILURES}/400x300/a.jpg"),
            ("s3:DeleteObject", f"{FAILURES}/_fetch/a.jpg"),
            ("sqs:ReceiveMessage", f"{SQS}-400x300"),
            ("sqs:SendMessage", f"{SQS}-400x300-dlq"),
            ("sqs:SendMessage", f"{SQS}-fetch"),
            ("secretsmanager:GetSecretValue", "Tokens.Id"),
        ],
    )
    def test_its_role_denies(self, declared: Template, action: str, resource: str) -> None:
        assert not declared.role_allows(ROLE, action, resource)

    def test_pictures_asked_for_although_they_are_there_wake_somebody(
        self, declared: Template
    ) -> None:
        alarm = declared.properties("AlarmOnNeedless")
        settings = declared.properties("OndemandLambdaFunction")["Environment"]["Variables"]
        assert alarm["Namespace"] == settings["POWERTOOLS_METRICS_NAMESPACE"]
        assert alarm["MetricName"] == "Needless"
        assert alarm["Dimensions"] == [{"Name": "size", "Value": "on-demand"}]
        assert alarm["AlarmActions"]

    def test_an_emulator_has_the_function_and_no_origin_of_it(self, tmp_path: Path) -> None:
        made = generated(tmp_path, [HERO], on_demand="declared", emulator="http://127.0.0.1:1")
        config = made["resources"]["Resources"]["Distribution"]["Properties"]["DistributionConfig"]
        assert [origin["Id"] for origin in config["Origins"]] == ["images"]
        assert "OriginGroups" not in config
        assert "OnDemandRelay" not in made["resources"]["Resources"]
        assert "ondemand" in made["functions"]
        assert "OnDemandUrl" in made["resources"]["Outputs"]


class TestWebsite:
    def rules(self, template: Template) -> list[Any]:
        config = template.resources["ImagesBucket"]["Properties"]["WebsiteConfiguration"]
        return list(config["RoutingRules"])

    def test_what_is_missing_below_a_size_is_asked_of_the_api(self, website: Template) -> None:
        asked = {
            (
                rule["RoutingRuleCondition"]["KeyPrefixEquals"],
                rule["RoutingRuleCondition"]["HttpErrorCodeReturnedEquals"],
            ): rule["RedirectRule"]
            for rule in self.rules(website)
        }
        sizes = json.loads(website.document["Outputs"]["Sizes"]["Value"])
        folders = {*sizes, "hero.avif", "hero.webp"}
        assert set(asked) == {(f"{each}/", code) for each in folders for code in ("403", "404")}
        rule = asked["400x300/", "404"]
        api = website.document["Outputs"]["ApiUrl"]["Value"]
        assert rule["HostName"] == {"Fn::Select": [2, {"Fn::Split": ["/", api]}]}
        assert rule["ReplaceKeyPrefixWith"] == "missing/400x300/"
        assert rule["HttpRedirectCode"] == "307"
        assert rule["Protocol"] == "https"

    def test_the_api_takes_everybody_there_and_nowhere_else(self, website: Template) -> None:
        routes = website.of_type("AWS::ApiGatewayV2::Route").values()
        open_ = {
            route["RouteKey"] for route in routes if route.get("AuthorizationType") != "CUSTOM"
        }
        assert open_ == {
            "GET /missing/{path+}",
            "GET /openapi.json",
            "GET /docs",
            "GET /_console/{path+}",
        }

    def test_how_often_is_bounded(self, website: Template) -> None:
        settings = website.properties("HttpApiStage")["RouteSettings"]
        assert settings["GET /missing/{path+}"]["ThrottlingRateLimit"] == 100

    def test_variants_are_public_one_by_one_and_originals_never(self, website: Template) -> None:
        function = website.properties("WebsiteLambdaFunction")
        assert function["Environment"]["Variables"]["ACL"] == "public-read"
        assert website.properties("ImagesBucket")["OwnershipControls"]["Rules"] == [
            {"ObjectOwnership": "BucketOwnerPreferred"}
        ]
        blocked = website.properties("OriginalsBucket")["PublicAccessBlockConfiguration"]
        assert all(blocked.values())
        assert "WebsiteConfiguration" not in website.properties("OriginalsBucket")

    def test_plain_http_is_refused_but_for_pictures(self, website: Template) -> None:
        buckets = {
            each["Bucket"]
            for each in website.of_type("AWS::S3::BucketPolicy").values()
            for statement in each["PolicyDocument"]["Statement"]
            if statement["Effect"] == "Deny"
        }
        assert any("originals" in bucket for bucket in buckets)
        assert not any("images" in bucket for bucket in buckets)

    def test_pictures_are_at_the_websites_address(self, website: Template) -> None:
        url = website.document["Outputs"]["ImagesUrl"]["Value"]
        assert url == {"Fn::GetAtt": ["ImagesBucket", "WebsiteURL"]}

    def test_its_role_is_that_of_all_workers_together(self, website: Template) -> None:
        assert website.role_allows("RoleOfWebsite", "s3:PutObjectAcl", f"{IMAGES}/400x300/a.jpg")
        assert not website.role_allows(
            "RoleOfWebsite", "s3:PutObject", f"{ORIGINALS}/originals/a.jpg"
        )

    def test_more_folders_than_s3_has_rules_for_are_refused(self, tmp_path: Path) -> None:
        sizes = [f"{width}x" for width in range(1, 27)]
        with pytest.raises(ConfigError, match=r"26 folders.*S3 takes 50 rules"):
            generated(tmp_path, sizes, delivery="website")
        assert generated_template(tmp_path, sizes[:25], delivery="website")

    @pytest.mark.parametrize(
        "wrong",
        [{"on_demand": "declared"}, {"serve_queries": "true"}, {"serve_formats": "true"}],
    )
    def test_what_needs_a_cdn_is_refused(self, tmp_path: Path, wrong: dict[str, str]) -> None:
        with pytest.raises(ConfigError, match=f"{next(iter(wrong))}.*delivery: website"):
            generated(tmp_path, [HERO], delivery="website", **wrong)

"""The two ways of delivery and their options, on what is generated for them."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from botocore.session import get_session
from botocore.validate import ParamValidator

from infra.delivery.parameters import DeliveryParameters
from lib.errors import ConfigError
from lib.sizes import Size
from tests.infrastructure.generated import HERO, generated, generated_template, images_url
from tests.infrastructure.template import Template

PROJECT = Path(__file__).parents[2]
DOMAIN = "images.shop.example"
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/8d1d-1"
WEB_ACL = "arn:aws:wafv2:us-east-1:123456789012:global/webacl/ours/8d1d-1"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
PUBLIC = {"delivery": "public-read"}


def made(tmp_path: Path, *sizes: Any, **options: str) -> Template:
    return generated_template(tmp_path, list(sizes) or ["400x300"], **options)


def distribution(template: Template) -> Any:
    return template.properties("Distribution")["DistributionConfig"]


def headers(template: Template) -> Any:
    return template.properties("ResponseHeaders")["ResponseHeadersPolicyConfig"]


def custom_headers(template: Template) -> dict[str, str]:
    items = headers(template).get("CustomHeadersConfig", {}).get("Items", [])
    return {item["Header"]: item["Value"] for item in items}


class TestPublicRead:
    def test_the_bucket_takes_public_acls_and_no_public_policy(self, tmp_path: Path) -> None:
        bucket = made(tmp_path, **PUBLIC).properties("ImagesBucket")
        assert bucket["PublicAccessBlockConfiguration"] == {
            "BlockPublicAcls": False,
            "IgnorePublicAcls": False,
            "BlockPublicPolicy": True,
            "RestrictPublicBuckets": True,
        }
        rules = bucket["OwnershipControls"]["Rules"]
        assert rules == [{"ObjectOwnership": "BucketOwnerPreferred"}]

    def test_there_is_no_cdn_and_nothing_that_purges_it(self, tmp_path: Path) -> None:
        template = made(tmp_path, **PUBLIC)
        kinds = {resource["Type"].split("::")[1] for resource in template.resources.values()}
        assert "CloudFront" not in kinds
        assert "PurgeQueue" not in template.resources
        assert "ImagesUrl" in template.document["Outputs"]
        assert not {"CdnUrl", "DistributionId"} & template.document["Outputs"].keys()

    def test_workers_write_public_variants_and_may_do_so_in_their_folder_alone(
        self, tmp_path: Path
    ) -> None:
        parts = generated(tmp_path, ["400x300"], **PUBLIC)
        assert parts["functions"]["resize-400x300"]["environment"]["ACL"] == "public-read"
        template = made(tmp_path, **PUBLIC)
        role, action = "RoleOfResize400x300", "s3:PutObjectAcl"
        assert template.role_allows(role, action, "arn:aws:s3:::imagesbucket/400x300/a.jpg")
        assert not template.role_allows(role, action, "arn:aws:s3:::imagesbucket/800x600/a.jpg")
        assert not template.role_allows(role, action, "arn:aws:s3:::originalsbucket/originals/a")

    def test_pictures_are_at_the_buckets_own_regional_address(self, tmp_path: Path) -> None:
        url = images_url(generated(tmp_path, ["1x1"], **PUBLIC))
        assert url == {"Fn::Sub": "https://${ImagesBucket.RegionalDomainName}"}

    def test_on_an_emulator_they_are_below_its_address(self, tmp_path: Path) -> None:
        options = {"emulator": "http://127.0.0.1:1", "images_url": "http://127.0.0.1:2"}
        url = images_url(generated(tmp_path, ["1x1"], **PUBLIC, **options))
        assert url == {"Fn::Sub": "http://127.0.0.1:1/${ImagesBucket}"}

    def test_the_buckets_cors_is_that_of_the_pictures(self, tmp_path: Path) -> None:
        sites = "https://a.example, https://b.example:8443"
        bucket = made(tmp_path, **PUBLIC, image_origins=sites).properties("ImagesBucket")
        assert bucket["CorsConfiguration"]["CorsRules"] == [
            {
                "AllowedMethods": ["GET", "HEAD"],
                "AllowedOrigins": ["https://a.example", "https://b.example:8443"],
            }
        ]
        closed = made(tmp_path, **PUBLIC, image_origins="").properties("ImagesBucket")
        assert "CorsConfiguration" not in closed

    @pytest.mark.parametrize(
        ("option", "why"),
        [
            ({"kms_key": KEY}, r"kms_key: .*delivery: public-read.*S3 decrypts for nobody"),
            ({"domain": DOMAIN, "certificate": CERTIFICATE}, "domain: .*no certificate for it"),
            ({"serve_formats": "true"}, "serve_formats: got True .*one object for a URL"),
            ({"web_acl": WEB_ACL}, "web_acl: .*cannot stand in front of a bucket"),
        ],
    )
    def test_what_it_excludes_is_refused_with_the_reason(
        self, tmp_path: Path, option: dict[str, str], why: str
    ) -> None:
        with pytest.raises(ConfigError, match=why):
            made(tmp_path, **PUBLIC, **option)
        made(tmp_path, **option)


class TestCloudFront:
    def test_workers_write_no_acl(self, tmp_path: Path) -> None:
        parts = generated(tmp_path, ["400x300"])
        assert "ACL" not in parts["functions"]["resize-400x300"]["environment"]

    def test_it_answers_for_a_domain_by_modern_tls_only(self, tmp_path: Path) -> None:
        options = {"domain": DOMAIN, "certificate": CERTIFICATE}
        config = distribution(made(tmp_path, **options))
        assert config["Aliases"] == [DOMAIN]
        assert config["ViewerCertificate"] == {
            "AcmCertificateArn": CERTIFICATE,
            "SslSupportMethod": "sni-only",
            "MinimumProtocolVersion": "TLSv1.2_2021",
        }
        assert images_url(generated(tmp_path, ["1x1"], **options)) == f"https://{DOMAIN}"

    def test_it_sends_security_headers_whatever_s3_says(self, tmp_path: Path) -> None:
        security = headers(made(tmp_path))["SecurityHeadersConfig"]
        assert security["ContentTypeOptions"] == {"Override": True}
        policy = security["ContentSecurityPolicy"]
        assert policy["ContentSecurityPolicy"].startswith("default-src 'none'; ")
        assert policy["Override"] is True
        assert security["StrictTransportSecurity"]["AccessControlMaxAgeSec"] == 31536000

    def test_hsts_can_be_left_out(self, tmp_path: Path) -> None:
        security = headers(made(tmp_path, hsts="0"))["SecurityHeadersConfig"]
        assert "StrictTransportSecurity" not in security

    @pytest.mark.parametrize("corp", ["cross-origin", "same-site", "same-origin"])
    def test_who_may_embed_is_a_parameter(self, tmp_path: Path, corp: str) -> None:
        sent = custom_headers(made(tmp_path, corp=corp))
        assert sent["Cross-Origin-Resource-Policy"] == corp
        assert "Cross-Origin-Resource-Policy" not in custom_headers(made(tmp_path, corp="none"))

    @pytest.mark.parametrize(
        ("options", "vary"),
        [
            ({}, "Origin"),
            ({"serve_formats": "true"}, "Accept, Origin"),
            ({"serve_formats": "true", "image_origins": ""}, "Accept"),
            ({"image_origins": ""}, None),
        ],
    )
    def test_vary_names_what_a_response_depends_on(
        self, tmp_path: Path, options: dict[str, str], vary: str | None
    ) -> None:
        assert custom_headers(made(tmp_path, HERO, **options)).get("Vary") == vary

    def test_a_stage_without_formats_does_not_vary_by_accept(self, tmp_path: Path) -> None:
        template = made(tmp_path, "400x300", serve_formats="true")
        assert custom_headers(template)["Vary"] == "Origin"

    def test_cors_is_for_reading_by_those_sites_without_credentials(self, tmp_path: Path) -> None:
        cors = headers(made(tmp_path, image_origins="https://a.example"))["CorsConfig"]
        assert cors["AccessControlAllowOrigins"] == {"Items": ["https://a.example"]}
        assert cors["AccessControlAllowMethods"] == {"Items": ["GET", "HEAD"]}
        assert cors["AccessControlAllowCredentials"] is False
        assert "CorsConfig" not in headers(made(tmp_path, image_origins=""))

    def test_its_logs_go_to_a_bucket_that_takes_them_by_acl_and_forgets_them(
        self, tmp_path: Path
    ) -> None:
        template = made(tmp_path, access_logs="true", log_days="9")
        logging = distribution(template)["Logging"]
        assert logging["Bucket"] == "CdnLogsBucket.RegionalDomainName"
        assert logging["IncludeCookies"] is False
        bucket = template.properties("CdnLogsBucket")
        rules = bucket["OwnershipControls"]["Rules"]
        assert rules == [{"ObjectOwnership": "BucketOwnerPreferred"}]
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
        assert bucket["LifecycleConfiguration"]["Rules"][0]["ExpirationInDays"] == 9
        assert template.resources["CdnLogsBucket"]["DeletionPolicy"] == "RetainExceptOnCreate"
        assert "Logging" not in distribution(made(tmp_path))
        assert "CdnLogsBucket" not in made(tmp_path).resources


class TestWebAcl:
    def test_a_created_one_has_the_managed_rules_and_a_limit_for_each_address(
        self, tmp_path: Path
    ) -> None:
        options = {"web_acl": "create", "region": "us-east-1", "web_acl_rate": "500"}
        template = made(tmp_path, **options)
        assert distribution(template)["WebACLId"] == "WebAcl.Arn"
        acl = template.properties("WebAcl")
        assert (acl["Scope"], acl["DefaultAction"]) == ("CLOUDFRONT", {"Allow": {}})
        limit, *managed = acl["Rules"]
        assert limit["Action"] == {"Block": {}}
        assert limit["Statement"]["RateBasedStatement"] == {
            "AggregateKeyType": "IP",
            "EvaluationWindowSec": 300,
            "Limit": 500,
        }
        names = [rule["Statement"]["ManagedRuleGroupStatement"]["Name"] for rule in managed]
        assert names == ["AWSManagedRulesCommonRuleSet", "AWSManagedRulesKnownBadInputsRuleSet"]
        assert all(rule["OverrideAction"] == {"None": {}} for rule in managed)
        assert len({rule["Priority"] for rule in acl["Rules"]}) == len(acl["Rules"])

    def test_one_that_exists_is_used_in_any_region(self, tmp_path: Path) -> None:
        template = made(tmp_path, web_acl=WEB_ACL)
        assert distribution(template)["WebACLId"] == WEB_ACL
        assert "WebAcl" not in template.resources

    def test_the_one_that_is_made_by_hand_is_what_the_api_takes(self) -> None:
        command = [sys.executable, "-m", "infra.delivery", "image-fanout-prod", "10000"]
        printed = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
        assert (printed.returncode, printed.stderr) == (0, "")
        service = get_session().get_service_model("wafv2")
        shape: Any = service.operation_model("CreateWebACL").input_shape
        report = ParamValidator().validate(json.loads(printed.stdout), shape)
        assert not report.has_errors(), report.generate_report()

    def test_there_is_none_unless_asked_for(self, tmp_path: Path) -> None:
        assert "WebACLId" not in distribution(made(tmp_path))

    def test_creating_one_elsewhere_is_refused_with_the_way_out(self, tmp_path: Path) -> None:
        with pytest.raises(
            ConfigError, match=r"'create' for a stack in eu-west-1: .*us-east-1.*ARN"
        ):
            made(tmp_path, web_acl="create")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"delivery": "site"}, "delivery: .*public-read or website, got 'site'"),
        ({"domain": DOMAIN}, f"domain: got '{DOMAIN}' without a certificate: .*both or neither"),
        ({"certificate": CERTIFICATE}, "certificate: got .* without a domain"),
        ({"domain": "https://x.example", "certificate": CERTIFICATE}, "without https://"),
        ({"domain": "*.x.example", "certificate": CERTIFICATE}, "without a wildcard"),
        (
            {"domain": DOMAIN, "certificate": CERTIFICATE.replace("us-east-1", "eu-west-1")},
            "certificate: .*eu-west-1.*in us-east-1",
        ),
        ({"web_acl": "yes"}, "web_acl: got 'yes', must be none, create, or the ARN"),
        ({"web_acl": WEB_ACL.replace("global", "regional")}, "of scope CLOUDFRONT"),
        ({"web_acl_rate": "5"}, "web_acl_rate: .*10, got '5'"),
        ({"image_origins": "shop.example"}, "image_origins: got 'shop.example', .*https://shop"),
        ({"image_origins": "*, https://a.example"}, r"image_origins: got '\*', .*alone"),
        ({"corp": "anybody"}, "corp: .*same-site.*got 'anybody'"),
        ({"hsts": "-1"}, "hsts: .*0, got '-1'"),
        ({"cdn_seconds": "31536001"}, "cdn_seconds: .*31536000, got"),
        ({"browser_seconds": "soon"}, "browser_seconds: .*must be a whole number, got 'soon'"),
        ({"immutable": "perhaps"}, "immutable: .*must be true or false, got 'perhaps'"),
    ],
)
def test_what_aws_would_refuse_is_refused_first(
    tmp_path: Path, options: dict[str, str], expected: str
) -> None:
    with pytest.raises(ConfigError, match=f"serverless.yml: params: .*{expected}"):
        made(tmp_path, **options)


@pytest.mark.parametrize(
    ("own", "options", "expected"),
    [
        ({}, {}, "public, max-age=3600, s-maxage=1209600"),
        ({}, {"browser_seconds": "60", "cdn_seconds": "90"}, "public, max-age=60, s-maxage=90"),
        ({}, {"immutable": "true"}, "public, max-age=3600, s-maxage=1209600, immutable"),
        ({"browser_seconds": 0, "cdn_seconds": 5}, {}, "public, max-age=0, s-maxage=5"),
        (
            {"immutable": True, "browser_seconds": 31536000},
            {},
            "public, max-age=31536000, s-maxage=1209600, immutable",
        ),
        ({"immutable": False}, {"immutable": "true"}, "public, max-age=3600, s-maxage=1209600"),
    ],
)
def test_a_size_says_how_long_it_is_cached_or_its_stage_does(
    tmp_path: Path, own: dict[str, Any], options: dict[str, str], expected: str
) -> None:
    size = {"name": "a", "width": 9, **own}
    worker = generated(tmp_path, [size], **options)["functions"]["resize-a"]
    assert worker["environment"]["CACHE_CONTROL"] == expected
    assert Size.model_validate_json(worker["environment"]["SIZE"]) == Size.model_validate(size)


def test_the_fields_have_no_defaults_beside_serverless_yml() -> None:
    fields = DeliveryParameters.model_fields.items()
    assert [name for name, field in fields if not field.is_required()] == []


def test_originals_are_private_and_survive_the_stack_in_every_way(each_way: Template) -> None:
    exists = each_way.document["Outputs"]["OriginalsBucketName"]["Value"] == "shop-photos"
    created = () if exists else ("OriginalsBucket",)
    for bucket in (*created, "FailuresBucket"):
        properties = each_way.properties(bucket)
        assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
        rules = properties["OwnershipControls"]["Rules"]
        assert rules == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    for bucket in (*created, "FailuresBucket", "ImagesBucket"):
        assert each_way.resources[bucket]["DeletionPolicy"] == "RetainExceptOnCreate"


def test_no_way_leads_the_cdn_to_another_bucket(each_way: Template) -> None:
    for made in each_way.of_type("AWS::CloudFront::Distribution").values():
        origins = made["DistributionConfig"]["Origins"]
        buckets = {each["DomainName"] for each in origins if "S3OriginConfig" in each}
        assert buckets <= {"ImagesBucket.RegionalDomainName"}
        assert {each["Id"] for each in origins if "S3OriginConfig" not in each} <= {"on-demand"}


def test_the_upload_api_has_the_base_url_of_the_images(each_way: Template) -> None:
    settings = each_way.properties("UploadsLambdaFunction")["Environment"]["Variables"]
    outputs = each_way.document["Outputs"]
    assert settings["IMAGES_URL"] == each_way.resolved(outputs["ImagesUrl"]["Value"])
    assert settings["IMAGES_URL"].startswith("http")

"""Each rule fails on a template that breaks it, and names the resource."""

import copy
import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from infra import rules
from infra.rules import all_violations, exemptions, violations
from lib.errors import ConfigError
from tests.infrastructure.conftest import Package
from tests.infrastructure.template import Template
from tests.service import PROJECT

Properties = dict[str, Any]
FOLDER = PROJECT / "infra" / "rules"


def statement(properties: Properties, number: int = 0) -> Any:
    return properties["PolicyDocument"]["Statement"][number]


def role_statement(properties: Properties) -> Any:
    return properties["Policies"][0]["PolicyDocument"]["Statement"][0]


def remove(*names: Any) -> Callable[[Properties], Any]:
    def removed(properties: Properties) -> None:
        *outer, last = names
        for name in outer:
            properties = properties[name]
        del properties[last]

    return removed


def change(**values: Any) -> Callable[[Properties], Any]:
    return lambda properties: properties.update(values)


def nested(*names: Any, **values: Any) -> Callable[[Properties], Any]:
    def changed(properties: Any) -> None:
        for name in names:
            properties = properties[name]
        properties.update(values)

    return changed


ENCRYPTION = ("BucketEncryption", "ServerSideEncryptionConfiguration", 0)
BLOCK = "PublicAccessBlockConfiguration"
OWNERSHIP = nested("OwnershipControls", Rules=[{"ObjectOwnership": "ObjectWriter"}])
CDN, ACCESS, TOKEN = ("DistributionConfig",), "OriginAccessControlId", "OriginCustomHeaders"
FUNCTION_URL = ("Origins", -1, "CustomOriginConfig")
HEADERS = ("ResponseHeadersPolicyConfig", "SecurityHeadersConfig")
EVERYBODY: list[Any] = ["*", {"AWS": "*"}]

# Rule, resource, what is done to its properties.
BROKEN: list[tuple[str, str, Callable[[Properties], Any]]] = [
    *(
        ("no_wildcard_principal", logical, lambda p, who=who: statement(p).update(Principal=who))
        for logical in ("TopicPolicy", "PolicyOfQueue400x300", "ImagesBucketPolicy")
        for who in EVERYBODY
    ),
    *(
        (
            "roles_are_for_one_service",
            "RoleOfUploads",
            lambda p, who=who: p["AssumeRolePolicyDocument"]["Statement"][0].update(Principal=who),
        )
        for who in EVERYBODY
    ),
    ("no_wildcard_action_in_roles", "RoleOfPurge", lambda p: role_statement(p).update(Action="*")),
    (
        "no_wildcard_action_in_roles",
        "RoleOfResize400x300",
        lambda p: role_statement(p).update(Action=["logs:PutLogEvents", "s3:Get*"]),
    ),
    (
        "no_wildcard_action_in_policies",
        "ImagesBucketPolicy",
        lambda p: statement(p).update(Action="s3:*"),
    ),
    (
        "no_wildcard_action_in_policies",
        "PolicyOfQueue400x300",
        lambda p: statement(p).update(Action=["sqs:*"]),
    ),
    (
        "publishers_are_of_this_account",
        "TopicPolicy",
        lambda p: statement(p).update(Condition={}),
    ),
    (
        "publishers_are_of_this_account",
        "PolicyOfSubscriptionDlq400x300",
        lambda p: statement(p).pop("Condition"),
    ),
    ("tls_only", "OriginalsBucket", lambda _: None),
    ("buckets_are_encrypted", "ImagesBucket", remove("BucketEncryption")),
    (
        "buckets_are_encrypted",
        "FailuresBucket",
        nested(*ENCRYPTION, ServerSideEncryptionByDefault={"SSEAlgorithm": "none"}),
    ),
    (
        "buckets_are_encrypted",
        "OriginalsBucket",
        nested(*ENCRYPTION, ServerSideEncryptionByDefault={"SSEAlgorithm": "aws:kms"}),
    ),
    ("buckets_have_no_public_policy", "ImagesBucket", remove(BLOCK)),
    ("buckets_have_no_public_policy", "ImagesBucket", nested(BLOCK, BlockPublicPolicy=False)),
    ("buckets_have_no_public_policy", "ImagesBucket", nested(BLOCK, RestrictPublicBuckets=False)),
    ("buckets_without_acls_block_them", "FailuresBucket", nested(BLOCK, BlockPublicAcls=False)),
    ("buckets_without_acls_block_them", "FailuresBucket", remove(BLOCK, "IgnorePublicAcls")),
    ("originals_and_failures_have_no_acls", "OriginalsBucket", OWNERSHIP),
    ("originals_and_failures_have_no_acls", "FailuresBucket", remove("OwnershipControls")),
    ("queues_are_encrypted", "Dlq400x300", remove("SqsManagedSseEnabled")),
    ("queues_are_encrypted", "PurgeQueue", change(SqsManagedSseEnabled=False)),
    ("topics_can_be_published_to", "AlarmTopic", change(KmsMasterKeyId="alias/aws/sns")),
    ("logs_are_forgotten", "PurgeLogGroup", remove("RetentionInDays")),
    ("messages_are_hidden_for_six_timeouts", "Queue400x300", change(VisibilityTimeout=899)),
    ("messages_are_hidden_for_six_timeouts", "PurgeQueue", remove("VisibilityTimeout")),
    ("drained_queues_have_a_dlq", "PurgeQueue", remove("RedrivePolicy")),
    ("drained_queues_have_a_dlq", "Queue1200x", nested("RedrivePolicy", maxReceiveCount=4)),
    ("drained_queues_have_a_dlq", "Queue1200x", change(MessageRetentionPeriod=1209600)),
    ("subscriptions_have_a_dlq", "TopicSubscription400x300", remove("RedrivePolicy")),
    (
        "roles_reach_named_resources",
        "RoleOfResize400x300",
        lambda p: role_statement(p).update(Action=["s3:GetObject"], Resource="*"),
    ),
    (
        "roles_reach_named_resources",
        "RoleOfPurge",
        lambda p: role_statement(p).update(Resource=["arn:x", "*"]),
    ),
    ("function_urls_are_signed", "OndemandLambdaFunctionUrl", change(AuthType="NONE")),
    *(
        ("functions_are_called_by_named_callers", "UploadsLambdaPermissionHttpApi", broken)
        for broken in (change(Principal="*"), remove("SourceArn"))
    ),
    *(
        ("routes_have_an_authorizer", "HttpApiRoutePostUploads", broken)
        for broken in (change(AuthorizationType="NONE"), remove("AuthorizationType"))
    ),
    (
        "functions_hold_no_keys",
        "PurgeLambdaFunction",
        nested("Environment", "Variables", KEY={"Fn::Sub": "AKIAIOSFODNN7EXAMPLE"}),
    ),
    *(
        ("cdn_is_asked_by_https", "Distribution", broken)
        for broken in (
            nested(*CDN, "DefaultCacheBehavior", ViewerProtocolPolicy="allow-all"),
            nested(*CDN, "CacheBehaviors", 0, ViewerProtocolPolicy="allow-all"),
        )
    ),
    ("cdn_signs_what_it_reads", "Distribution", remove(*CDN, "Origins", 0, ACCESS)),
    ("cdn_signs_what_it_reads", "Distribution", remove(*CDN, "Origins", -1, TOKEN)),
    ("cdn_signs_what_it_reads", "OnDemandRelay", remove(*CDN, "Origins", 0, ACCESS)),
    *(
        ("cdn_speaks_tls_1_2", "Distribution", broken)
        for broken in (
            nested(*CDN, "ViewerCertificate", MinimumProtocolVersion="TLSv1"),
            nested(*CDN, *FUNCTION_URL, OriginProtocolPolicy="match-viewer"),
            nested(*CDN, *FUNCTION_URL, OriginSSLProtocols=["TLSv1", "TLSv1.2"]),
        )
    ),
    *(
        ("cdn_insists_on_https", "ResponseHeaders", remove(*HEADERS, header))
        for header in ("StrictTransportSecurity", "ContentTypeOptions")
    ),
    ("web_acls_know_bad_requests", "WebAcl", lambda p: p["Rules"].pop()),
]


@pytest.mark.parametrize(("rule", "resource", "mutate"), BROKEN)
def test_a_rule_notices_what_breaks_it(
    dev: Template,
    package_way: Package,
    rule: str,
    resource: str,
    mutate: Callable[[Properties], Any],
) -> None:
    of_cdn = rule.startswith(("cdn_", "web_acls_", "function_urls_"))
    whole = package_way("everything") if of_cdn else dev
    assert (rule, resource) not in found_around(resource, whole)
    template = around(resource, whole)
    mutate(template["Resources"][resource]["Properties"])
    if rule == "tls_only":
        del template["Resources"][f"{resource}Policy"]
    assert (rule, resource) in {(v.rule, v.resource) for v in violations(template, "dev")}


@cache
def found_around(resource: str, template: Template) -> set[tuple[str, str]]:
    """What is found without a mutation, once for all mutations of a resource."""
    return {(v.rule, v.resource) for v in violations(around(resource, template), "dev")}


def around(resource: str, template: Template) -> dict[str, Any]:
    """A copy with one resource, those that name it, and all that these name: few are quick."""
    texts = {logical: json.dumps(each) for logical, each in template.resources.items()}
    more = {resource, *(other for other, text in texts.items() if f'"{resource}"' in text)}
    kept: set[str] = set()
    while more:
        kept |= more
        named = "".join(texts[each] for each in more)
        more = {other for other in texts if f'"{other}"' in named} - kept
    resources = {logical: template.resources[logical] for logical in kept}
    return copy.deepcopy(template.document | {"Resources": resources})


def test_a_dlq_that_forgets_too_early_is_noticed_at_its_queue(dev: Template) -> None:
    template = copy.deepcopy(dev.document)
    template["Resources"]["Dlq1200x"]["Properties"]["MessageRetentionPeriod"] = 86400
    assert {(v.rule, v.resource) for v in violations(template, "dev")} == {
        ("drained_queues_have_a_dlq", "Queue1200x")
    }


@pytest.mark.parametrize(
    ("bucket", "excused"), [("ImagesBucket", True), ("OriginalsBucket", False)]
)
def test_plain_http_is_excused_at_the_website_of_pictures_alone(
    dev: Template, bucket: str, excused: bool
) -> None:
    template = copy.deepcopy(dev.document)
    template["Resources"][bucket]["Properties"]["WebsiteConfiguration"] = {}
    del template["Resources"][f"{bucket}Policy"]
    found = {(v.rule, v.resource) for v in violations(template, "dev")}
    assert found == (set() if excused else {("tls_only", bucket)})


@pytest.mark.parametrize("attribute", ["DeletionPolicy", "UpdateReplacePolicy"])
@pytest.mark.parametrize("value", ["Delete", None])
def test_a_bucket_that_goes_with_its_stack_is_noticed(
    dev: Template, attribute: str, value: str | None
) -> None:
    template = copy.deepcopy(dev.document)
    template["Resources"]["OriginalsBucket"].pop(attribute)
    if value:
        template["Resources"]["OriginalsBucket"][attribute] = value
    (found,) = violations(template, "dev")
    assert found[:2] == ("buckets_outlive_the_stack", "OriginalsBucket")
    assert attribute in found.message


def test_each_rule_is_shown_to_fail() -> None:
    written = {
        name
        for file in FOLDER.glob("*.guard")
        for name in re.findall(r"^rule (\w+)", file.read_text(), re.MULTILINE)
    }
    assert {rule for rule, *_ in BROKEN} | {"buckets_outlive_the_stack"} == written


def test_each_exception_is_still_needed_on_each_stage_that_it_is_for(
    each_stage: Template,
) -> None:
    stage = stage_of(each_stage)
    broken = {(v.rule, v.resource) for v in all_violations(each_stage.document)}
    expected = {(e.rule, e.resource) for e in exemptions() if e.stage in (None, stage)}
    assert broken == expected


def test_an_exception_without_a_reason_is_refused() -> None:
    assert all(len(each.reason) >= 20 for each in exemptions())
    with pytest.raises(ValueError, match="reason"):
        rules.Exemption(rule="tls_only", resource="LogsBucket", reason="")


def test_a_rule_nobody_can_read_is_no_rule_that_passes(
    dev: Template, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "broken.guard").write_text("rule x { foo")
    monkeypatch.setattr(rules, "_FOLDER", tmp_path)
    with pytest.raises(ConfigError, match=r"broken\.guard: "):
        all_violations(dev.document)


def stage_of(template: Template) -> str:
    return str(template.properties("Topic")["TopicName"]).removeprefix("image-fanout-")

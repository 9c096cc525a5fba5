"""The deployer's policy holds what CloudFormation needs for the templates, and nothing wider."""

import copy
import json
from fnmatch import fnmatchcase
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from cli import deploy_policy
from cli.compiled import CompiledStage
from cli.deploy_policy import write_documents
from lib.errors import ConfigError
from lib.operations.deploy_policy import POLICY_LIMIT, Target, count_characters, make_documents
from lib.operations.deploy_policy.grants import DEPLOY, GRANTS, Grants
from tests.command_line import fanout
from tests.infrastructure.conftest import BOUNDARY, WAYS, Package
from tests.infrastructure.generated import generated
from tests.infrastructure.linting import LINT, find_matches
from tests.infrastructure.template import Template
from tests.service import PROJECT

ACCOUNT = "123456789012"
KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
# IAM lets an identity have ten managed policies.
MAX_POLICIES = 10
# Not in IAM's published list of actions, but CloudFormation is refused without them.
UNLISTED = {"apigateway:tagresource", "apigateway:untagresource"}

# What CloudFormation's handlers may call and the policy leaves out, by type and reason.
LEFT_OUT: dict[str, dict[str, str]] = {
    "AWS::ApiGatewayV2::Api": {"no definition in S3": "s3:getobject"},
    "AWS::ApiGatewayV2::Authorizer": {"no credentials: Lambda allows it": "iam:passrole"},
    "AWS::ApiGatewayV2::Integration": {"no credentials: Lambda allows it": "iam:passrole"},
    "AWS::CloudFront::Distribution": {
        "no tenants, VPC origins or staging": "cloudfront:createconnectiongroup "
        "cloudfront:getconnectiongroup cloudfront:getvpcorigin "
        "cloudfront:updatedistributionwithstagingconfig"
    },
    "AWS::IAM::Role": {
        "no managed policies, by which a role could be given anything": "iam:attachrolepolicy "
        "iam:detachrolepolicy",
        "only with a boundary": "iam:putrolepermissionsboundary",
        "who may take a boundary away has none": "iam:deleterolepermissionsboundary",
    },
    "AWS::Lambda::EventSourceMapping": {
        "no filters that a key encrypts": "kms:decrypt kms:describekey kms:generatedatakey"
    },
    "AWS::Lambda::Function": {
        "no VPC, no file system": "ec2:describenetworkinterfaces ec2:describesecuritygroups "
        "ec2:describesubnets ec2:describevpcs elasticfilesystem:describemounttargets "
        "s3files:listmounttargets",
        "settings are encrypted by Lambda's own key": "kms:creategrant kms:decrypt "
        "kms:describekey kms:encrypt kms:generatedatakey",
        "no code signing, layers, versions or capacity providers": "lambda:getlayerversion "
        "lambda:deletefunctioncodesigningconfig lambda:getcodesigningconfig lambda:publishversion "
        "lambda:passcapacityprovider lambda:putfunctioncodesigningconfig "
        "lambda:putfunctionscalingconfig",
        "the zip is one of the artifacts, without versions": "s3:getobject s3:getobjectversion",
    },
    "AWS::Logs::LogGroup": {
        "no key, index, protection or delivery": "firehose:tagdeliverystream "
        "logs:associatekmskey logs:createlogdelivery logs:deleteindexpolicy "
        "logs:deleteresourcepolicy logs:disassociatekmskey logs:putbearertokenauthentication "
        "logs:putdataprotectionpolicy logs:putindexpolicy logs:putloggroupdeletionprotection "
        "logs:putresourcepolicy"
    },
    "AWS::S3::Bucket": {
        "no replication": "iam:passrole s3:putreplicationconfiguration",
        "no objects: the deployer has nothing to do with photos": "s3:deleteobject s3:putobjectacl",
        "settings that no bucket has": "s3:putaccelerateconfiguration s3:putbucketabac "
        "s3:putanalyticsconfiguration s3:putbucketobjectlockconfiguration "
        "s3:putintelligenttieringconfiguration s3:putinventoryconfiguration "
        "s3:putmetricsconfiguration",
        "no metadata tables": "s3:createbucketmetadatatableconfiguration "
        "s3:deletebucketmetadatatableconfiguration "
        "s3:updatebucketmetadataannotationtableconfiguration "
        "s3:updatebucketmetadatainventorytableconfiguration "
        "s3:updatebucketmetadatajournaltableconfiguration s3tables:createnamespace "
        "s3tables:createtable s3tables:createtablebucket s3tables:gettable "
        "s3tables:gettablemetadatalocation s3tables:puttablebucketpolicy "
        "s3tables:puttableencryption s3tables:puttablepolicy "
        "s3tables:updatetablemetadatalocation",
    },
    "AWS::SNS::Subscription": {"no Firehose": "iam:getrole iam:passrole"},
    "AWS::SNS::Topic": {
        "subscriptions are resources of their own; no Firehose": "iam:getrole iam:passrole "
        "sns:subscribe sns:unsubscribe",
        "no data protection": "sns:putdataprotectionpolicy",
    },
    "AWS::SecretsManager::Secret": {
        "no replicas": "secretsmanager:removeregionsfromreplication "
        "secretsmanager:replicatesecrettoregions"
    },
}
# What the policy has beyond the handlers: what reads back what was set.
ADDED = {
    "AWS::ApiGatewayV2::Api": UNLISTED,
    "AWS::IAM::Role": {"iam:listroletags"},
    "AWS::Lambda::Function": {"lambda:getfunctionconfiguration", "lambda:listtags"},
    "AWS::SNS::TopicPolicy": {"sns:gettopicattributes"},
    "AWS::SQS::QueuePolicy": {"sqs:getqueueattributes"},
}
# For each type with a name: the action that makes one, and its ARN by the property.
NAMED = {
    "AWS::CloudFront::Function": ("DescribeFunction", "Name", "cloudfront::{account}:function/"),
    "AWS::CloudWatch::Alarm": ("PutMetricAlarm", "AlarmName", "cloudwatch:{place}:alarm:"),
    "AWS::CloudWatch::Dashboard": (
        "PutDashboard",
        "DashboardName",
        "cloudwatch::{account}:dashboard/",
    ),
    "AWS::Lambda::Function": ("CreateFunction", "FunctionName", "lambda:{place}:function:"),
    "AWS::Logs::LogGroup": ("CreateLogGroup", "LogGroupName", "logs:{place}:log-group:"),
    "AWS::S3::Bucket": ("CreateBucket", "BucketName", "s3:::"),
    "AWS::SNS::Topic": ("CreateTopic", "TopicName", "sns:{place}:"),
    "AWS::SQS::Queue": ("CreateQueue", "QueueName", "sqs:{place}:"),
    "AWS::SecretsManager::Secret": ("CreateSecret", "Name", "secretsmanager:{place}:secret:"),
}


def target(stage: str = "dev", region: str = "eu-west-1") -> Target:
    return Target(
        service="image-fanout", stage=stage, region=region, account=ACCOUNT, partition="aws"
    )


def statements(documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [each for document in documents for each in document["Statement"]]


def by_sid(documents: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    found = {each["Sid"]: each for each in statements(documents)}
    assert len(found) == len(statements(documents))
    return found


def listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def allows(documents: list[dict[str, Any]], action: str, resource: str) -> bool:
    return any(
        action in statement["Action"]
        and any(fnmatchcase(resource, pattern) for pattern in listed(statement["Resource"]))
        for statement in statements(documents)
    )


@cache
def iam() -> dict[str, Any]:
    """IAM's list of actions by service, as cfn-lint has it."""
    from cfnlint.data import AdditionalSpecs  # noqa: PLC0415  takes a second
    from cfnlint.helpers import load_resource  # noqa: PLC0415

    actions: dict[str, Any] = load_resource(AdditionalSpecs, "Policies.json")
    return actions


def granted(grants: Grants) -> set[str]:
    """Actions in small letters, as handlers and IAM spell them now and then."""
    return {
        f"{scope.service}:{name}".lower()
        for scope, names in grants.items()
        for name in names.split()
    }


def needed(kind: str) -> set[str]:
    """What the type's handlers call, of the actions that IAM knows."""
    from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER  # noqa: PLC0415  takes a second

    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    handlers = {name: each for name, each in schema["handlers"].items() if name != "list"}
    called = {action.lower() for each in handlers.values() for action in each["permissions"]}
    return {action for action in called if is_action(action)}


def is_action(action: str) -> bool:
    service, _, name = action.lower().partition(":")
    return action.lower() in UNLISTED or name in iam().get(service, {"Actions": {}})["Actions"]


@pytest.fixture(params=["dev", "prod", "local", *WAYS])
def compiled(
    request: pytest.FixtureRequest, package: Package, package_way: Package
) -> tuple[Target, Template]:
    """A stage, and each way of delivery, as the deployer's policy is made of it."""
    if request.param not in WAYS:
        return target(request.param), package(request.param)
    region = "us-east-1" if request.param == "everything" else "eu-west-1"
    return target(WAYS[request.param][0], region), package_way(request.param)


@pytest.mark.parametrize("kind", sorted(GRANTS))
def test_each_type_has_what_its_handlers_call_but_for_reasons(kind: str) -> None:
    reasons = LEFT_OUT.get(kind, {})
    left_out = {action for actions in reasons.values() for action in actions.split()}
    assert needed(kind) - granted(GRANTS[kind]) == left_out
    assert granted(GRANTS[kind]) - needed(kind) == ADDED.get(kind, set())


def test_each_action_is_one_that_iam_knows() -> None:
    for grants in (DEPLOY, *GRANTS.values()):
        assert [action for action in granted(grants) if not is_action(action)] == []


def test_every_named_resource_of_a_template_is_within_the_policy(
    compiled: tuple[Target, Template],
) -> None:
    place, template = compiled
    documents = make_documents(template.document, place)
    count = 0
    for kind, (action, key, beginning) in NAMED.items():
        for logical, properties in template.of_type(kind).items():
            if key not in properties:
                continue
            # The tests resolve every template as if it were in one region.
            name = properties[key].replace("eu-west-1", place.region)
            arn = "arn:aws:" + beginning.format(place=f"{place.region}:{ACCOUNT}", account=ACCOUNT)
            service = beginning.partition(":")[0]
            assert allows(documents, f"{service}:{action}", arn + name), logical
            assert not allows(documents, f"{service}:{action}", arn + "other"), logical
            count += 1
    assert count > 40


def test_resources_that_cloudformation_names_are_within_the_policy(
    compiled: tuple[Target, Template],
) -> None:
    place, template = compiled
    documents = make_documents(template.document, place)
    roles = list(template.of_type("AWS::IAM::Role"))
    assert len(roles) > 9
    for logical in roles:
        role = f"arn:aws:iam::{ACCOUNT}:role/{place.stack}-{logical}-1ABCDEFGHIJK"
        assert allows(documents, "iam:CreateRole", role)
    bucket = f"arn:aws:s3:::{place.stack}-serverlessdeploymentbuck-kvk2xihrzcu3"
    assert allows(documents, "s3:CreateBucket", bucket)
    artifact = f"{bucket}/serverless/image-fanout/{place.stage}/1-2026/image-fanout.zip"
    assert allows(documents, "s3:PutObject", artifact)


def test_the_policy_is_as_narrow_as_iam_lets_it_be(compiled: tuple[Target, Template]) -> None:
    place, template = compiled
    everywhere = set()
    for statement in statements(make_documents(template.document, place)):
        assert statement["Effect"] == "Allow"
        assert all("*" not in action for action in statement["Action"])
        if statement["Resource"] == "*" and "Condition" not in statement:
            assert statement["Sid"].endswith("WhereAwsTakesNoNames")
            everywhere |= set(statement["Action"])
    for action in everywhere:
        service, _, name = action.lower().partition(":")
        assert "Resources" not in iam()[service]["Actions"][name], action


def test_the_documents_tell_each_action_that_takes_no_resource() -> None:
    page = (PROJECT / "docs" / "deploy.md").read_text()
    for scope, names in chain.from_iterable(each.items() for each in (DEPLOY, *GRANTS.values())):
        # Of CloudFront's there are many, alike: those that make something.
        if scope.sid.endswith("WhereAwsTakesNoNames") and scope.service != "cloudfront":
            for name in names.split():
                assert f"`{scope.service}:{name}`" in page


def test_only_a_private_stages_deployer_may_write_viewer_keys(
    dev: Template, package_way: Package
) -> None:
    secret = (
        f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:image-fanout-dev-viewer-keys-aB3dE6"
    )
    private = make_documents(package_way("private").document, target())
    for action in ("CreateSecret", "RestoreSecret", "PutSecretValue", "UpdateSecretVersionStage"):
        assert allows(private, f"secretsmanager:{action}", secret)
        assert not allows(private, f"secretsmanager:{action}", secret.replace("dev", "prod"))
    public = make_documents(dev.document, target())
    assert not allows(public, "secretsmanager:RestoreSecret", secret)
    assert not allows(public, "cloudfront:CreatePublicKey", "*")


def test_the_key_of_viewer_keys_alone_may_be_used_too(tmp_path: Path) -> None:
    made = generated(tmp_path, ["1x1"], viewers="signed", auth="iam", kms_key=KEY)
    # Of the other types, only Serverless makes some.
    kinds = {"AWS::CloudFront::KeyGroup"}
    resources = made["resources"]["Resources"]
    template = {
        "Resources": {k: v for k, v in resources.items() if v.get("Type") in kinds},
        "Metadata": made["resources"]["Metadata"],
    }
    assert allows(make_documents(template, target()), "kms:GenerateDataKey", KEY)


def test_nothing_is_allowed_on_another_stage_or_on_photos(dev: Template) -> None:
    documents = make_documents(dev.document, target())
    lambda_arn = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function"
    assert allows(documents, "lambda:UpdateFunctionCode", f"{lambda_arn}:image-fanout-dev-purge")
    assert not allows(
        documents, "lambda:UpdateFunctionCode", f"{lambda_arn}:image-fanout-prod-purge"
    )
    photos = f"arn:aws:s3:::image-fanout-dev-originals-{ACCOUNT}-eu-west-1/originals/a.jpg"
    for action in ("GetObject", "PutObject", "DeleteObject"):
        assert not allows(documents, f"s3:{action}", photos)
    # The deployer's own role, were it called like the stack.
    assert not allows(
        documents, "iam:PutRolePolicy", f"arn:aws:iam::{ACCOUNT}:role/image-fanout-dev-deploy"
    )


def test_only_lambda_is_handed_a_role(dev: Template) -> None:
    documents = make_documents(dev.document, target())
    passing = [each for each in statements(documents) if "iam:PassRole" in each["Action"]]
    assert [each["Condition"] for each in passing] == [
        {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}
    ]


@LINT
def test_cfn_lint_finds_nothing_in_the_policy(dev: Template, package_way: Package) -> None:
    everything = package_way("everything").document
    assert linted(make_documents(dev.document, target())) == []
    assert linted(make_documents(everything, target("prod", "us-east-1"))) == []


@LINT
def test_cfn_lint_notices_an_action_that_there_is_not_and_a_wrong_resource(dev: Template) -> None:
    documents = make_documents(dev.document, target())
    by_sid(documents)["Queues"]["Action"].append("sqs:MakeQueue")
    by_sid(documents)["Topics"]["Resource"] = "arn:aws:s3:::topics"
    messages = " ".join(linted(documents))
    assert "makequeue" in messages.lower()
    assert "sns:CreateTopic" in messages


def linted(documents: list[dict[str, Any]]) -> list[str]:
    """What cfn-lint says of the documents as managed policies, but of UNLISTED actions."""
    policies = {
        f"Policy{number}": {
            "Type": "AWS::IAM::ManagedPolicy",
            "Properties": {"PolicyDocument": document},
        }
        for number, document in enumerate(documents)
    }
    settings = {"regions": ["us-east-1"], "include_checks": ["I"]}
    messages = map(str, find_matches({"Resources": policies}, **settings))
    return [message for message in messages if "tagresource" not in message.lower()]


def test_documents_fit_into_managed_policies_and_lose_nothing(
    compiled: tuple[Target, Template],
) -> None:
    place, template = compiled
    documents = make_documents(template.document, place)
    assert 1 < len(documents) < MAX_POLICIES
    assert all(count_characters(document) <= POLICY_LIMIT for document in documents)
    (whole,) = make_documents(template.document, place, limit=10**6)
    assert statements(documents) == whole["Statement"]


def test_names_that_cloudformation_cuts_are_within_the_policy_of_a_long_stage(
    dev: Template,
) -> None:
    documents = make_documents(dev.document, target("twelveletter"))
    for beginning in ("image-fanout-twelveletter", "image-fanout-twelvelette"):
        role = f"arn:aws:iam::{ACCOUNT}:role/{beginning}-RoleOfResize400x300-1ABC"
        assert allows(documents, "iam:CreateRole", role)
        bucket = f"arn:aws:s3:::{beginning}-serverlessdeploymentbuck-kvk2xihrzcu3"
        assert allows(documents, "s3:CreateBucket", bucket)


def test_the_command_prints_the_policy_of_the_template_that_its_parameters_make(
    monkeypatch: pytest.MonkeyPatch, package_way: Package
) -> None:
    """Of a template of the tests: test_plan.py has a stage compiled as commands do it."""

    def compile_stage(stage: str, region: str | None, parameters: list[str]) -> CompiledStage:
        assert parameters == ["delivery=public-read", f"permissions_boundary={BOUNDARY}"]
        document = copy.deepcopy(package_way("public-read").document)
        for role in roles_of(document):
            role["PermissionsBoundary"] = BOUNDARY
        return CompiledStage(document, "image-fanout", region or "")

    monkeypatch.setattr(deploy_policy, "compile_stage", compile_stage)
    run = fanout(
        "deploy-policy",
        *("--stage", "dev", "--param", "delivery=public-read", "--boundary", BOUNDARY),
        *("--region", "cn-north-1", "--json"),
    )
    assert run.code == 0, run.err
    assert "cloudfront:" not in run.out
    assert "arn:aws-cn:sqs:cn-north-1:*:image-fanout-dev-*" in run.out
    bounded = by_sid(run.lines)["RolesWithinTheBoundary"]
    assert bounded["Condition"] == {"StringEquals": {"iam:PermissionsBoundary": BOUNDARY}}
    assert f"{len(run.lines)} documents, because IAM takes 6,144 characters in one" in run.err
    assert "With --account the ARNs are those of your account alone." in run.err


def test_documents_are_written_to_files_that_are_numbered(tmp_path: Path) -> None:
    documents = [{"Version": "2012-10-17", "Statement": [number]} for number in (1, 2)]
    paths = write_documents(documents, tmp_path / "policies", "image-fanout-dev-deploy")
    assert [path.name for path in paths] == [
        "image-fanout-dev-deploy-1.json",
        "image-fanout-dev-deploy-2.json",
    ]
    assert [json.loads(path.read_text()) for path in paths] == documents


@pytest.mark.parametrize(
    "account", ["12345678901", "1234567890123", "twelveletter", "12345678901\u0662"]
)
def test_an_account_is_twelve_digits(account: str) -> None:
    assert fanout("deploy-policy", "--stage", "prod", "--account", account).code == 2


def test_what_sls_refuses_is_said() -> None:
    run = fanout("deploy-policy", "--stage", "prod", "--param", "timeout=5")
    assert run.code == 1
    assert "params: timeout: must be at least 10, got '5'" in run.err


def test_roles_of_a_compiled_template_have_the_boundary(optioned: Template) -> None:
    assert {role["PermissionsBoundary"] for role in roles_of(optioned.document)} == {BOUNDARY}


def test_roles_have_the_boundary_and_the_policy_asks_for_it(tmp_path: Path) -> None:
    template = generated(tmp_path, ["1x1"], permissions_boundary=BOUNDARY)["resources"]
    roles = roles_of(template)
    assert len(roles) > 7
    assert {each["PermissionsBoundary"] for each in roles} == {BOUNDARY}
    found = by_sid(make_documents(resources_with_types(template), target()))
    bounded = found["RolesWithinTheBoundary"]
    assert bounded["Condition"] == {"StringEquals": {"iam:PermissionsBoundary": BOUNDARY}}
    assert set(bounded["Action"]) == {
        "iam:CreateRole",
        "iam:PutRolePermissionsBoundary",
        "iam:PutRolePolicy",
    }
    others = [action for sid, each in found.items() if each != bounded for action in each["Action"]]
    assert not set(bounded["Action"]) & set(others)
    assert "iam:DeleteRolePermissionsBoundary" not in others


def test_without_a_boundary_roles_have_none(tmp_path: Path) -> None:
    template = generated(tmp_path, ["1x1"])["resources"]
    assert not any("PermissionsBoundary" in role for role in roles_of(template))


@pytest.mark.parametrize(
    "boundary", ["boundary", "arn:aws:iam::123:policy/a", f"arn:aws:iam::{ACCOUNT}:role/a", "*"]
)
def test_a_boundary_is_the_arn_of_a_policy(tmp_path: Path, boundary: str) -> None:
    with pytest.raises(ConfigError, match="permissions_boundary: must be the ARN"):
        generated(tmp_path, ["1x1"], permissions_boundary=boundary)


def test_roles_with_two_boundaries_are_refused(tmp_path: Path) -> None:
    template = resources_with_types(
        generated(tmp_path, ["1x1"], permissions_boundary=BOUNDARY)["resources"]
    )
    template["Resources"]["RoleOfPurge"]["Properties"].pop("PermissionsBoundary")
    with pytest.raises(ConfigError, match="different permissions boundaries"):
        make_documents(template, target())


def test_the_key_of_secrets_may_be_used_for_secrets_alone(tmp_path: Path) -> None:
    template = resources_with_types(generated(tmp_path, ["1x1"], kms_key=KEY)["resources"])
    statement = by_sid(make_documents(template, target()))["KeyOfTheSecrets"]
    assert statement["Resource"] == KEY
    assert statement["Condition"] == {
        "StringEquals": {"kms:ViaService": "secretsmanager.eu-west-1.amazonaws.com"}
    }


def test_a_web_acl_made_elsewhere_may_be_read(tmp_path: Path) -> None:
    acl = f"arn:aws:wafv2:us-east-1:{ACCOUNT}:global/webacl/ours/1234"
    template = resources_with_types(generated(tmp_path, ["1x1"], web_acl=acl)["resources"])
    statement = by_sid(make_documents(template, target()))["WebAclMadeElsewhere"]
    assert (statement["Action"], statement["Resource"]) == (["wafv2:GetWebACL"], acl)


@LINT
def test_a_bucket_that_exists_may_be_looked_at_and_notified_alone(tmp_path: Path) -> None:
    made = generated(tmp_path, ["400x300"], originals_bucket="shop-photos")
    template = {"Resources": {}, "Outputs": made["resources"]["Outputs"]}
    documents = make_documents(template, target())
    shop = "arn:aws:s3:::shop-photos"
    for action in ("GetBucketNotification", "PutBucketNotification", "ListBucket"):
        assert allows(documents, f"s3:{action}", shop)
        assert not allows(documents, f"s3:{action}", "arn:aws:s3:::other")
    for action in ("PutBucketPolicy", "DeleteBucket", "PutLifecycleConfiguration", "PutBucketCORS"):
        assert not allows(documents, f"s3:{action}", shop)
    assert not allows(documents, "s3:GetObject", f"{shop}/a.jpg")
    assert linted(documents) == []
    without = generated(tmp_path, ["400x300"])["resources"]["Outputs"]
    assert "shop" not in str(make_documents({"Resources": {}, "Outputs": without}, target()))


def test_a_type_that_nobody_has_written_down_is_refused() -> None:
    template = {"Resources": {"Table": {"Type": "AWS::DynamoDB::Table"}}}
    with pytest.raises(ConfigError, match=r"AWS::DynamoDB::Table: .*grants\.py"):
        make_documents(template, target())


def roles_of(template: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        resource["Properties"]
        for resource in resources_with_types(template)["Resources"].values()
        if resource["Type"] == "AWS::IAM::Role"
    ]


def resources_with_types(template: dict[str, Any]) -> dict[str, Any]:
    """Without what only adds properties to resources that serverless.yml declares."""
    typed = {name: each for name, each in template["Resources"].items() if "Type" in each}
    return {"Resources": typed}

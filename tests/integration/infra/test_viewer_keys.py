"""Key pairs are made before a private stage's first deploy, and sign after the deploy of each."""

import io
import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from infra.hooks import after_deploy, viewer_keys
from infra.hooks.loss_guard import check_viewers
from lib.auth.ttl_cache import utc_now
from lib.auth.viewer_keys import PROPAGATION, ViewerKeyStore
from lib.auth.viewer_signatures import make_key_pair
from lib.aws import secrets as secret_store
from lib.errors import ConfigError
from tests.integration.viewing import FIRST, NAME, ViewerSecret, viewer_secret

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

__all__ = ["viewer_secret"]

STACK = NAME.removesuffix("-viewer-keys")
DEFAULT_KEY = "alias/aws/secretsmanager"


def template(kms_key: str = "") -> dict[str, Any]:
    """What a deploy of a private stage adds keys to."""
    settings = {"Environment": {"Variables": {"VIEWER_KEY_IDS": "{}", "OTHER": "x"}}}
    return {
        "Metadata": {"ViewerKeys": {"Secret": NAME, "KmsKeyId": kms_key, "Name": "stage"}},
        "Resources": {
            "ViewerKeyGroup": {
                "Type": "AWS::CloudFront::KeyGroup",
                "Properties": {"KeyGroupConfig": {"Name": "stage", "Items": []}},
            },
            "Uploads": {"Type": "AWS::Lambda::Function", "Properties": settings},
            "Other": {"Type": "AWS::Lambda::Function", "Properties": {}},
        },
        "Outputs": {},
    }


@pytest.fixture
def secrets() -> "SecretsManagerClient":
    return boto3.client("secretsmanager")


def keys_in(given: dict[str, Any]) -> list[str]:
    """The ids of the keys in a template's group."""
    items = given["Resources"]["ViewerKeyGroup"]["Properties"]["KeyGroupConfig"]["Items"]
    return [each["Ref"].removeprefix("ViewerKey") for each in items]


def test_the_first_deploy_makes_a_key_that_signs_at_once(secrets: "SecretsManagerClient") -> None:
    first, again = template(), template()
    viewer_keys.add_keys(secrets, first)
    (key,) = ViewerKeyStore(secrets, NAME).read()
    assert keys_in(first) == [key.id]
    assert key.signs(utc_now())
    ids = {"Fn::Sub": json.dumps({key.id: f"${{ViewerKey{key.id}}}"})}
    variables = first["Resources"]["Uploads"]["Properties"]["Environment"]["Variables"]
    assert variables == {"VIEWER_KEY_IDS": ids, "OTHER": "x"}
    assert first["Outputs"]["ViewerKeyIds"] == {"Value": ids}
    viewer_keys.add_keys(secrets, again)
    assert again == first


def test_a_second_operator_who_creates_it_at_once_gets_the_same_key(
    secrets: "SecretsManagerClient", monkeypatch: pytest.MonkeyPatch
) -> None:
    other = template()
    made = secret_store.create

    def create_late(*arguments: Any, **options: Any) -> None:
        monkeypatch.setattr(secret_store, "create", made)
        viewer_keys.add_keys(boto3.client("secretsmanager"), other)
        made(*arguments, **options)

    monkeypatch.setattr(secret_store, "create", create_late)
    mine = template()
    viewer_keys.add_keys(secrets, mine)
    assert keys_in(mine) == keys_in(other) != []


def test_a_rotation_is_in_the_next_template(
    viewer_secret: ViewerSecret, secrets: "SecretsManagerClient"
) -> None:
    store, new = viewer_secret.store(), make_key_pair()
    store.rotate(store.read(), new, utc_now())
    made = template()
    viewer_keys.add_keys(secrets, made)
    assert keys_in(made) == [new.id, FIRST.id]


def test_a_stage_made_private_again_gets_its_keys_back(
    viewer_secret: ViewerSecret, secrets: "SecretsManagerClient"
) -> None:
    secrets.delete_secret(SecretId=NAME, RecoveryWindowInDays=30)
    made = template()
    viewer_keys.add_keys(secrets, made)
    assert keys_in(made) == [FIRST.id]
    assert "DeletedDate" not in secrets.describe_secret(SecretId=NAME)


class Finished:
    """Runs the program after a deploy as the plugin does."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._patch, self._capsys = monkeypatch, capsys

    def __call__(self, *, is_private: bool = True, kms_key: str = "") -> tuple[int, str, str]:
        """Its exit code, standard output and standard error."""
        asked = {
            "stack": STACK,
            "stage": "dev",
            "region": "eu-west-1",
            "template": template(kms_key) if is_private else {"Resources": {}},
            "was_private": not is_private,
        }
        self._patch.setattr("sys.stdin", io.StringIO(json.dumps(asked)))
        code = after_deploy.main()
        output = self._capsys.readouterr()
        return code, output.out, output.err


@pytest.fixture
def finished(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Finished:
    return Finished(monkeypatch, capsys)


def deployed(*ids: str) -> None:
    """A stack with these keys in its group."""
    outputs = {
        "ViewerKeyIds": {"Value": json.dumps(dict.fromkeys(ids, "K"))},
        "OriginalsBucketName": {"Value": "originals"},
        "TopicArn": {"Value": {"Ref": "Topic"}},
    }
    body = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}, "Outputs": outputs}
    boto3.client("cloudformation").create_stack(StackName=STACK, TemplateBody=json.dumps(body))


def test_a_deployed_key_signs_after_it_has_arrived_everywhere(
    viewer_secret: ViewerSecret, finished: Finished
) -> None:
    store, new = viewer_secret.store(), make_key_pair()
    store.rotate(store.read(), new, utc_now())
    deployed(new.id, FIRST.id)
    before = utc_now().replace(microsecond=0)
    code, output, error = finished()
    assert (code, error) == (0, "")
    assert output.startswith("The new viewer key signs from ")
    signs_from = store.read()[0].signs_from
    assert signs_from is not None
    assert before + PROPAGATION <= signs_from <= utc_now() + PROPAGATION
    assert finished() == (0, "", "")


def test_a_stage_that_is_private_no_more_has_its_secret_deleted_in_a_month(
    viewer_secret: ViewerSecret, secrets: "SecretsManagerClient", finished: Finished
) -> None:
    said = f"Secrets Manager deletes {NAME} in 30 days, and charges nothing.\n"
    assert finished(is_private=False) == (0, said, "")
    assert "DeletedDate" in secrets.describe_secret(SecretId=NAME)
    assert finished(is_private=False) == (0, "", "")


def test_a_secret_that_is_gone_already_is_no_obstacle(finished: Finished) -> None:
    assert finished(is_private=False) == (0, "", "")


def test_without_the_stack_it_says_that_the_last_step_is_missing(finished: Finished) -> None:
    code, output, error = finished()
    assert (code, output) == (1, "")
    assert error.startswith("The deploy is done, but not its last step: ")


def test_images_become_public_only_if_somebody_says_so() -> None:
    function = "arn:aws:cloudfront::123456789012:function/image-fanout-dev-eu-west-1"
    removed = defaultdict(list, {"AWS::CloudFront::Function": [function]})
    assert check_viewers(removed, force=False) == []
    removed["AWS::CloudFront::Function"] = [f"{function}-private"]
    with pytest.raises(ConfigError, match=r"show every\nimage to everyone(.|\n)*abandon_secrets"):
        check_viewers(removed, force=False)
    (line,) = check_viewers(removed, force=True)
    assert line.startswith("Everyone will see every image")


def test_another_key_of_the_stage_encrypts_the_secret_after_the_deploy(
    viewer_secret: ViewerSecret, secrets: "SecretsManagerClient", finished: Finished
) -> None:
    deployed(FIRST.id)
    key = boto3.client("kms").create_key()["KeyMetadata"]["Arn"]
    finished(kms_key=key)
    assert secrets.describe_secret(SecretId=NAME)["KmsKeyId"] == key
    finished()
    assert secrets.describe_secret(SecretId=NAME).get("KmsKeyId") in (None, DEFAULT_KEY)
    assert viewer_secret.store().read() == [FIRST]

"""The secret with the keys of signed URLs."""

from pathlib import Path

import pytest

from infra.queue_settings import MAX_DELAY, ON_DEMAND_TIMEOUT
from lib.errors import ConfigError
from tests.infrastructure.generated import PARAMETERS, generated, generated_template
from tests.infrastructure.template import Template

KEY = "arn:aws:kms:eu-west-1:123456789012:key/mrk-1234abcd12ab34cd56ef1234567890ab"


def test_secrets_manager_makes_up_the_first_key_and_nobody_sees_it(tmp_path: Path) -> None:
    template = generated_template(tmp_path, ["1x1"], on_demand="declared,signed")
    assert template.properties("SigningKeys") == {
        "Name": "image-fanout-dev-signing-keys",
        "Description": "Keys of the signed URLs of image-fanout-dev",
        "GenerateSecretString": {
            "SecretStringTemplate": '{"previous": ""}',
            "GenerateStringKey": "current",
            "ExcludePunctuation": True,
            "PasswordLength": 64,
        },
    }
    assert template.document["Outputs"]["SigningKeysArn"] == {
        "Value": {"Fn::GetAtt": ["SigningKeys", "Id"]}
    }


def test_it_is_encrypted_with_the_stages_key(tmp_path: Path) -> None:
    template = generated_template(tmp_path, ["1x1"], on_demand=["signed"], kms_key=KEY)
    assert template.properties("SigningKeys")["KmsKeyId"] == KEY


def test_other_stages_have_none(each_stage: Template) -> None:
    assert "SigningKeys" not in each_stage.resources
    assert "SigningKeysArn" not in each_stage.document["Outputs"]


def test_a_purge_that_would_not_outlast_a_picture_on_demand_is_refused(tmp_path: Path) -> None:
    most = MAX_DELAY - ON_DEMAND_TIMEOUT
    short = {**PARAMETERS, "timeout": "10"}
    assert generated(tmp_path, ["1x1"], **(short | {"landing": str(most)}))
    with pytest.raises(ConfigError, match=r"timeout and landing: 10 and 876 .*below 25 counts"):
        generated(tmp_path, ["1x1"], **(short | {"landing": str(most + 1)}))

"""What the command line sends to the upload API, as the stage's API asks for it."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests
from botocore.credentials import ReadOnlyCredentials

from cli.stage import Stage
from lib.aws.stacks import Stack
from lib.errors import ConfigError
from lib.uploads.client import Authorize, make_sigv4_auth

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> "Callable[[str], Stage]":
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.delenv("FANOUT_TOKEN", raising=False)

    def with_auth(auth: str) -> Stage:
        found = Stage("dev", "eu-west-1")
        found.stack = Stack("image-fanout-dev", {"Auth": auth}, {})
        return found

    return with_auth


def sent(authorize: Authorize | None) -> str | None:
    request = requests.Request("POST", "https://api.example/uploads", json={"bytes": 1})
    prepared = request.prepare()
    if authorize:
        prepared = authorize(prepared)
    return prepared.headers.get("Authorization")


@pytest.mark.parametrize("auth", ["token", "jwt"])
def test_a_bearer_token_comes_from_the_environment(
    stage: "Callable[[str], Stage]", monkeypatch: pytest.MonkeyPatch, auth: str
) -> None:
    monkeypatch.setenv("FANOUT_TOKEN", "abc")
    assert sent(stage(auth).authorize) == "Bearer abc"


def test_without_a_token_the_command_that_makes_one_is_named(
    stage: "Callable[[str], Stage]",
) -> None:
    with pytest.raises(
        ConfigError, match=r"FANOUT_TOKEN.*token create --stage dev --region eu-west-1 --name"
    ):
        assert stage("token").authorize


def test_without_a_jwt_its_issuer_is_named(stage: "Callable[[str], Stage]") -> None:
    """The stage has no tokens of its own."""
    expected = r"^The upload API of stage dev needs a bearer token: set FANOUT_TOKEN to a JWT of "
    with pytest.raises(ConfigError, match=expected) as caught:
        assert stage("jwt").authorize
    assert "token create" not in str(caught.value)


def test_an_api_for_aws_users_gets_a_signature_of_this_very_request(
    stage: "Callable[[str], Stage]",
) -> None:
    header = sent(stage("iam").authorize)
    assert header is not None
    assert header.startswith("AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/")
    assert "/eu-west-1/execute-api/aws4_request" in header
    assert "SignedHeaders=content-type;host;x-amz-date" in header
    another = ReadOnlyCredentials("AKIAEXAMPLE", "another", None)
    other = make_sigv4_auth(lambda: another, "eu-west-1")
    assert sent(other) != header


def test_temporary_credentials_are_renewed_while_a_folder_is_uploaded(
    stage: "Callable[[str], Stage]", monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As those of `aws sso login` are: an upload may take longer than they are valid."""
    issued, configuration = tmp_path / "issued.json", tmp_path / "config"
    configuration.write_text(f"[profile sso]\ncredential_process = cat {issued}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(configuration))
    monkeypatch.setenv("AWS_PROFILE", "sso")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")

    def issue(key: str) -> None:
        expires = (datetime.now(UTC) + timedelta(minutes=5)).isoformat()
        given = {"Version": 1, "AccessKeyId": key, "SecretAccessKey": "s", "Expiration": expires}
        issued.write_text(json.dumps(given))

    issue("FIRST")
    authorize = stage("iam").authorize
    assert " Credential=FIRST/" in str(sent(authorize))
    issue("SECOND")
    assert " Credential=SECOND/" in str(sent(authorize))
    issued.unlink()
    with pytest.raises(ConfigError, match=r"^AWS accepts no credentials of this shell: log in"):
        sent(authorize)


def test_an_open_api_is_sent_nothing(stage: "Callable[[str], Stage]") -> None:
    assert sent(stage("none").authorize) is None

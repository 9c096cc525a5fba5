"""The authorizer's handler, called as API Gateway calls it."""

from collections.abc import Iterator
from typing import Any

import pytest

from handlers import authorizer
from lib.auth.tokens import Scope
from lib.errors import ConfigError, TransientError
from tests.integration.deployed import refuse
from tests.integration.secret import Secret, secret
from tests.payloads import payload

__all__ = ["secret"]

REFUSED = {"isAuthorized": False}
STRANGERS = payload("api_authorizer")["identitySource"][0].removeprefix("Bearer ")


@pytest.fixture(autouse=True)
def _container(secret: Secret, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A container that has just started."""
    monkeypatch.setenv("TOKENS_SECRET", secret.arn)
    authorizer._tokens.cache_clear()
    yield
    authorizer._tokens.cache_clear()


def ask(*identity_source: Any) -> dict[str, Any]:
    event = payload("api_authorizer") | {"identitySource": list(identity_source)}
    return authorizer.handler(event, None)  # type: ignore[arg-type]


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "Bearer  "])
def test_a_stored_token_is_admitted_and_named(secret: Secret, scheme: str) -> None:
    text, token = secret.tokens().create("shop")
    context = {"token": token.id, "scope": "upload"}
    assert ask(f"{scheme} {text}") == {"isAuthorized": True, "context": context}


def test_functions_are_given_the_scope_of_the_token(secret: Secret) -> None:
    text, token = secret.tokens().create("console", scope=Scope.OPERATE)
    assert ask(f"Bearer {text}")["context"] == {"token": token.id, "scope": "operate"}


def test_a_stranger_is_refused(secret: Secret) -> None:
    secret.tokens().create("shop")
    assert authorizer.handler(payload("api_authorizer"), None) == REFUSED  # type: ignore[arg-type]


def test_a_revoked_token_is_refused_by_the_next_container(secret: Secret) -> None:
    text, token = secret.tokens().create("shop")
    assert ask(f"Bearer {text}")["isAuthorized"]
    secret.tokens().revoke(token.id)
    authorizer._tokens.cache_clear()
    assert ask(f"Bearer {text}") == REFUSED


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "{token}",
        "Basic {token}",
        "Bearer{token}",
        "Bearer\t{token}",
        "Bearer {token} ",
        "Bearer {token}\n",
        "Bearer {token},Bearer {token}",
        "Bearer {token} {token}",
        "Bearer \ud800",
        "Bearer " + "x" * 10_000,
        None,
        7,
        ["Bearer {token}"],
    ],
)
def test_a_malformed_header_is_refused(secret: Secret, header: Any) -> None:
    text, _ = secret.tokens().create("shop")
    presented = header.replace("{token}", text) if isinstance(header, str) else header
    assert ask(presented) == REFUSED


@pytest.mark.parametrize("source", [None, "Bearer {token}", [], {}, ["Bearer {token}"] * 2])
def test_an_event_without_the_one_header_is_refused(secret: Secret, source: Any) -> None:
    text, _ = secret.tokens().create("shop")
    event = payload("api_authorizer")
    event["headers"]["authorization"] = f"Bearer {text}"
    if isinstance(source, list):
        event["identitySource"] = [each.replace("{token}", text) for each in source]
    elif isinstance(source, str):
        event["identitySource"] = source.replace("{token}", text)
    else:
        event["identitySource"] = source
    assert authorizer.handler(event, None) == REFUSED  # type: ignore[arg-type]
    del event["identitySource"]
    assert authorizer.handler(event, None) == REFUSED  # type: ignore[arg-type]


def test_where_the_list_cannot_be_read_the_request_fails_instead_of_being_refused(
    secret: Secret, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    text, token = secret.tokens().create("shop")
    refuse(monkeypatch, "GetSecretValue", "InternalServiceError")
    with pytest.raises(TransientError):
        ask(f"Bearer {text}")
    said = str([vars(record) for record in caplog.records])
    assert "InternalServiceError" in said
    assert text not in said
    assert token.sha256 not in said


def test_nothing_is_logged_of_tokens(secret: Secret, caplog: pytest.LogCaptureFixture) -> None:
    text, _ = secret.tokens().create("shop")
    for presented in (text, STRANGERS, "x"):
        ask(f"Bearer {presented}")
    assert caplog.records == []


def test_without_its_setting_it_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TOKENS_SECRET")
    with pytest.raises(ConfigError, match="TOKENS_SECRET"):
        ask(f"Bearer {STRANGERS}")

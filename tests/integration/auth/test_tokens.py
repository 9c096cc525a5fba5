"""Tokens in their secret: made, revoked, and never lost to somebody who writes at once."""

import json
import re
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ReadTimeoutError

from lib.auth.tokens import Scope, find_valid
from lib.errors import ConfigError, ConflictError, TransientError
from tests.integration.deployed import refuse
from tests.integration.secret import Secret, between, secret

__all__ = ["secret"]

LABELS = ["AWSCURRENT", "AWSPREVIOUS"]


def now() -> datetime:
    return datetime.now(UTC)


class TestATokenThatWasMade:
    def test_is_accepted_and_no_other(self, secret: Secret) -> None:
        tokens = secret.tokens()
        text, token = tokens.create("shop")
        other = text[:-1] + ("A" if text[-1] != "A" else "B")
        assert find_valid(text, tokens.list_all(), now()) == token
        assert find_valid(other, tokens.list_all(), now()) is None

    def test_is_stored_as_a_hash_alone(self, secret: Secret) -> None:
        text, token = secret.tokens().create("shop")
        random = re.fullmatch("fanout_([0-9a-f]{12})_([A-Za-z0-9_-]{43})", text)
        assert random is not None
        assert random[1] == token.id
        assert random[2] not in secret.text()
        assert json.loads(secret.text()) == {
            "tokens": [
                {
                    "id": token.id,
                    "name": "shop",
                    "sha256": sha256(text.encode()).hexdigest(),
                    "created_at": f"{token.created_at:%Y-%m-%dT%H:%M:%SZ}",
                }
            ]
        }

    def test_is_like_no_other(self, secret: Secret) -> None:
        (first, one), (second, two) = (secret.tokens().create("shop") for _ in range(2))
        assert first != second
        assert one.id != two.id

    def test_expires_when_it_was_meant_to(self, secret: Secret) -> None:
        text, token = secret.tokens().create("shop", lifetime=timedelta(days=2))
        (kept,) = secret.tokens().list_all()
        assert kept.expires_at == token.created_at + timedelta(days=2)
        assert find_valid(text, [kept], kept.expires_at - timedelta(seconds=1)) == token
        assert find_valid(text, [kept], kept.expires_at) is None


def test_a_token_is_replaced_without_a_pause(secret: Secret) -> None:
    tokens = secret.tokens()
    old_text, old = tokens.create("shop")
    new_text, new = tokens.create("shop")
    assert find_valid(old_text, tokens.list_all(), now()) == old
    assert find_valid(new_text, tokens.list_all(), now()) == new
    tokens.revoke(old.id)
    assert find_valid(old_text, tokens.list_all(), now()) is None
    assert find_valid(new_text, tokens.list_all(), now()) == new


def test_one_that_is_not_there_counts_as_revoked(secret: Secret) -> None:
    _, token = secret.tokens().create("shop")
    versions = len(secret.client.describe_secret(SecretId=secret.arn)["VersionIdsToStages"])
    secret.tokens().revoke("0" * 12)
    assert secret.tokens().list_all() == [token]
    again = len(secret.client.describe_secret(SecretId=secret.arn)["VersionIdsToStages"])
    assert again == versions


class TestTwoAtOnce:
    def test_make_two_tokens(self, secret: Secret) -> None:
        mine, theirs = secret.tokens(), secret.tokens()
        between(mine, lambda: theirs.create("theirs"), times=1)
        text, token = mine.create("mine")
        assert secret.names() == ["theirs", "mine"]
        assert find_valid(text, mine.list_all(), now()) == token
        assert secret.labels() == LABELS

    def test_bring_no_revoked_token_back(self, secret: Secret) -> None:
        mine, theirs = secret.tokens(), secret.tokens()
        _, leaked = theirs.create("leaked")
        between(mine, lambda: theirs.revoke(leaked.id), times=1)
        mine.create("mine")
        assert secret.names() == ["mine"]

    def test_revoke_the_same(self, secret: Secret) -> None:
        mine, theirs = secret.tokens(), secret.tokens()
        _, leaked = theirs.create("leaked")
        between(mine, lambda: theirs.revoke(leaked.id), times=1)
        mine.revoke(leaked.id)
        assert secret.names() == []

    def test_are_told_so_if_it_never_ends(self, secret: Secret) -> None:
        mine, theirs = secret.tokens(), secret.tokens()
        between(mine, lambda: theirs.create("theirs"), times=99)
        with pytest.raises(ConflictError, match="look what it has now, and try again"):
            mine.create("mine")
        assert secret.names() == ["theirs"] * 5
        assert secret.labels() == LABELS

    def test_lose_nothing_when_an_answer_is_lost(
        self, secret: Secret, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The write was carried out; the answer that says so never came."""
        mine = secret.tokens()
        lose_answers(monkeypatch, 1)
        text, token = mine.create("mine")
        assert mine.list_all() == [token]
        assert find_valid(text, mine.list_all(), now()) == token
        lose_answers(monkeypatch, 1)
        mine.revoke(token.id)
        assert mine.list_all() == []


def lose_answers(monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """Move AWSCURRENT that many times, without an answer."""
    call: Any = BaseClient._make_api_call  # type: ignore[attr-defined]
    left = [None] * times

    def make_api_call(client: BaseClient, name: str, arguments: Any) -> Any:
        answer = call(client, name, arguments)
        if left and "MoveToVersionId" in arguments:
            left.pop()
            raise ReadTimeoutError(endpoint_url="https://secretsmanager")
        return answer

    monkeypatch.setattr(BaseClient, "_make_api_call", make_api_call)


class TestLabels:
    def test_none_is_left_behind_however_often_tokens_change(self, secret: Secret) -> None:
        for number in range(5):
            _, token = secret.tokens().create(f"caller {number}")
            secret.tokens().revoke(token.id)
        assert secret.labels() == LABELS

    def test_one_that_somebody_left_behind_goes_with_the_next_change(self, secret: Secret) -> None:
        secret.client.put_secret_value(
            SecretId=secret.arn, SecretString="draft", VersionStages=["FANOUTDRAFT"]
        )
        assert "FANOUTDRAFT" in secret.labels()
        secret.tokens().create("shop")
        assert secret.labels() == LABELS
        assert secret.names() == ["shop"]

    def test_the_list_before_the_last_change_can_be_brought_back(self, secret: Secret) -> None:
        _, token = secret.tokens().create("shop")
        secret.tokens().revoke(token.id)
        before = secret.client.get_secret_value(SecretId=secret.arn, VersionStage="AWSPREVIOUS")
        assert token.id in before["SecretString"]


@pytest.mark.parametrize("text", ["{}", '{"tokens": []}', '{"tokens": [], "more": 1}'])
def test_a_list_may_be_empty_or_missing(secret: Secret, text: str) -> None:
    secret.put(text)
    assert secret.tokens().list_all() == []
    secret.tokens().create("shop")
    assert secret.names() == ["shop"]


HASH = "5e" * 32
RECORD = {"id": "0" * 12, "name": "a", "sha256": HASH, "created_at": "2026-11-21T07:30:00Z"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HASH, "Invalid JSON"),
        (json.dumps([HASH]), "object"),
        (json.dumps({"tokens": HASH}), "tokens: "),
        (json.dumps({"tokens": [RECORD | {"sha256": HASH + HASH}]}), "tokens.0.sha256: "),
        (json.dumps({"tokens": [RECORD | {"created_at": HASH}]}), "tokens.0.created_at: "),
        (json.dumps({"tokens": [RECORD | {"created_at": "2026-11-21T07:30:00"}]}), "timezone"),
    ],
)
def test_a_secret_that_holds_something_else_is_left_alone_and_not_quoted(
    secret: Secret, text: str, said: str
) -> None:
    secret.put(text)
    for doing in (secret.tokens().list_all, lambda: secret.tokens().create("shop")):
        with pytest.raises(ConfigError, match=f"holds no list of tokens: .*{said}") as caught:
            doing()
        assert HASH not in str(caught.value)
        assert caught.value.__cause__ is caught.value.__context__ is None
    assert secret.text() == text


def test_more_tokens_than_the_secret_holds_are_refused(secret: Secret) -> None:
    record = RECORD | {"name": "a" * 64}
    most = 65_536 // len(json.dumps(record, separators=(",", ":")) + ",")
    full = {"tokens": [record | {"id": f"{number:012x}"} for number in range(most)]}
    secret.put(json.dumps(full, separators=(",", ":")))
    with pytest.raises(ConfigError, match=rf"no room for {most + 1} tokens.*65,536: revoke some"):
        secret.tokens().create("a" * 64)
    assert json.loads(secret.text()) == full
    secret.tokens().revoke(f"{7:012x}")
    secret.tokens().create("a" * 64)
    assert len(secret.names()) == most


class TestRefusals:
    def test_to_read(self, secret: Secret, monkeypatch: pytest.MonkeyPatch) -> None:
        refuse(monkeypatch, "GetSecretValue", "AccessDeniedException")
        with pytest.raises(ConfigError, match=r"may not read the secret arn:.*operations.md"):
            secret.tokens().list_all()

    @pytest.mark.parametrize("operation", ["PutSecretValue", "UpdateSecretVersionStage"])
    def test_to_write(
        self, secret: Secret, monkeypatch: pytest.MonkeyPatch, operation: str
    ) -> None:
        refuse(monkeypatch, operation, "AccessDeniedException")
        with pytest.raises(ConfigError, match=r"may not write the secret arn:.*operations.md"):
            secret.tokens().create("shop")
        assert secret.names() == []

    def test_of_more_than_a_hundred_changes_a_day(
        self, secret: Secret, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        error = secret.client.exceptions.LimitExceededException(
            {"Error": {"Code": "LimitExceededException", "Message": "too many"}}, "PutSecretValue"
        )
        tokens = secret.tokens()
        monkeypatch.setattr(tokens.secrets, "put_secret_value", raising(error))
        with pytest.raises(TransientError, match="try again tomorrow"):
            tokens.create("shop")

    def test_for_want_of_a_secret(self, secret: Secret) -> None:
        secret.client.delete_secret(SecretId=secret.arn, ForceDeleteWithoutRecovery=True)
        with pytest.raises(ConfigError, match=r"There is no secret arn:.*: deploy the stage again"):
            secret.tokens().list_all()


def raising(error: Exception) -> Any:
    def call(**_: Any) -> None:
        raise error

    return call


def test_tokens_from_before_there_were_scopes_are_for_uploads(secret: Secret) -> None:
    text, token = secret.tokens().create("old")
    assert "scope" not in secret.text()
    (kept,) = secret.tokens().list_all()
    assert (kept, kept.scope) == (token, Scope.UPLOAD)
    _, operator = secret.tokens().create("operator", scope=Scope.OPERATE)
    assert secret.tokens().list_all() == [token, operator]
    assert find_valid(text, secret.tokens().list_all(), now()) == token

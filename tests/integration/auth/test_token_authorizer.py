"""Token authorization: how soon a token works, how long a revoked one does, how often it reads."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aws_lambda_powertools import Logger
from botocore.exceptions import ConnectTimeoutError

from lib.auth.tokens import TokenStore, authorize
from lib.errors import TransientError
from tests.integration.secret import Secret, secret

__all__ = ["secret"]

STRANGERS = "fanout_0123456789ab_" + "A" * 43


class Authorizer:
    """Authorizes tokens against a cache with a clock of its own."""

    def __init__(self, secret: Secret) -> None:
        self.tokens = secret.tokens()
        self.now = datetime(2026, 11, 21, tzinfo=UTC)
        self._cache = self.tokens.make_cache(Logger(service="authorizer"), lambda: self.now)

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def admits(self, presented: str) -> bool:
        return authorize(presented, self._cache) is not None


@pytest.fixture
def authorizer(secret: Secret) -> Authorizer:
    return Authorizer(secret)


@pytest.fixture
def others(secret: Secret) -> TokenStore:
    """Another process that creates and revokes tokens."""
    return TokenStore(secret.client, secret.arn)


class Trouble:
    """Secrets Manager as one client sees it; not answering once it is `on`."""

    def __init__(self, authorizer: Authorizer) -> None:
        self.on = False
        self.calls = 0
        authorizer.tokens.secrets.meta.events.register(
            "before-call.secretsmanager.GetSecretValue", self._answer
        )

    def _answer(self, **_: Any) -> None:
        if self.on:
            self.calls += 1
            raise ConnectTimeoutError(endpoint_url="https://secretsmanager")


@pytest.fixture
def trouble(authorizer: Authorizer) -> Trouble:
    return Trouble(authorizer)


def test_the_list_is_read_once_a_minute(
    authorizer: Authorizer, others: TokenStore, secret: Secret
) -> None:
    text, _ = others.create("shop")
    secret.reads = 0
    for _ in range(59):
        assert authorizer.admits(text)
        authorizer.wait(1)
    assert secret.reads == 1
    authorizer.wait(1)
    assert authorizer.admits(text)
    assert secret.reads == 2


def test_a_fresh_token_works_at_once(authorizer: Authorizer, others: TokenStore) -> None:
    old, _ = others.create("shop")
    assert authorizer.admits(old)
    authorizer.wait(5)
    new, _ = others.create("shop")
    assert authorizer.admits(new)


def test_the_first_requests_of_all_are_fresh_tokens(
    authorizer: Authorizer, others: TokenStore
) -> None:
    assert not authorizer.admits(STRANGERS)
    text, _ = others.create("shop")
    assert not authorizer.admits(text)
    authorizer.wait(5)
    assert authorizer.admits(text)


def test_strangers_cannot_cause_reads_at_will(authorizer: Authorizer, secret: Secret) -> None:
    for _ in range(60):
        for number in range(10):
            assert not authorizer.admits(f"fanout_{number:012x}_{'A' * 43}")
        authorizer.wait(1)
    assert secret.reads == 12


@pytest.mark.parametrize("presented", ["", "secret", STRANGERS[:-1], STRANGERS + "\n", "\ud800"])
def test_a_malformed_token_causes_no_read(
    authorizer: Authorizer, secret: Secret, presented: str
) -> None:
    assert not authorizer.admits(presented)
    assert secret.reads == 0


def test_a_revoked_token_works_for_a_minute_at_most(
    authorizer: Authorizer, others: TokenStore
) -> None:
    text, token = others.create("shop")
    assert authorizer.admits(text)
    others.revoke(token.id)
    authorizer.wait(59)
    assert authorizer.admits(text)
    authorizer.wait(1)
    assert not authorizer.admits(text)


def test_a_revoked_token_is_refused_once_a_stranger_has_called(
    authorizer: Authorizer, others: TokenStore
) -> None:
    text, token = others.create("shop")
    assert authorizer.admits(text)
    others.revoke(token.id)
    authorizer.wait(5)
    assert not authorizer.admits(STRANGERS)
    assert not authorizer.admits(text)


def test_an_expired_token_is_refused_without_a_read(
    authorizer: Authorizer, others: TokenStore, secret: Secret
) -> None:
    text, token = others.create("shop", lifetime=timedelta(days=1))
    assert token.expires_at
    authorizer.now = token.expires_at - timedelta(seconds=1)
    assert authorizer.admits(text)
    authorizer.wait(1)
    secret.reads = 0
    assert not authorizer.admits(text)
    assert secret.reads == 0


def test_a_clock_that_was_set_back_makes_no_list_fresh(
    authorizer: Authorizer, others: TokenStore
) -> None:
    text, token = others.create("shop")
    authorizer.wait(3600)
    assert authorizer.admits(text)
    others.revoke(token.id)
    authorizer.wait(-3600)
    assert not authorizer.admits(text)


class TestWithoutSecretsManager:
    def test_the_cached_list_is_used_for_ten_minutes(
        self, authorizer: Authorizer, others: TokenStore, trouble: Trouble
    ) -> None:
        text, _ = others.create("shop")
        assert authorizer.admits(text)
        trouble.on = True
        authorizer.wait(599)
        assert authorizer.admits(text)
        assert not authorizer.admits(STRANGERS)
        authorizer.wait(1)
        for presented in (text, STRANGERS):
            with pytest.raises(TransientError, match="no list of tokens was read for 0:10:00"):
                authorizer.admits(presented)
        trouble.on = False
        authorizer.wait(5)
        assert authorizer.admits(text)

    def test_the_request_fails_if_no_list_was_ever_read(
        self, authorizer: Authorizer, others: TokenStore, trouble: Trouble
    ) -> None:
        text, _ = others.create("shop")
        trouble.on = True
        for presented in (text, STRANGERS):
            with pytest.raises(TransientError, match="no token can be checked"):
                authorizer.admits(presented)

    def test_not_every_request_causes_a_read(
        self, authorizer: Authorizer, others: TokenStore, trouble: Trouble
    ) -> None:
        text, _ = others.create("shop")
        assert authorizer.admits(text)
        authorizer.wait(60)
        trouble.on = True
        for _ in range(10):
            assert authorizer.admits(text)
            assert not authorizer.admits(STRANGERS)
            authorizer.wait(1)
        assert trouble.calls == 2

    def test_the_log_says_why_and_no_secrets(
        self,
        authorizer: Authorizer,
        others: TokenStore,
        secret: Secret,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        text, token = others.create("shop")
        assert authorizer.admits(text)
        secret.put(f'{{"tokens": "{token.sha256}"}}')
        authorizer.wait(60)
        assert authorizer.admits(text)
        said = str([vars(record) for record in caplog.records])
        assert "tokens not read" in said
        assert "holds no list of tokens" in said
        assert text not in said
        assert token.sha256 not in said

"""The doorkeeper: how soon a token works, how long a revoked one does, how often it asks."""

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


class Door:
    """A doorkeeper, and the time it sees."""

    def __init__(self, secret: Secret) -> None:
        self.tokens = secret.tokens()
        self.now = datetime(2026, 11, 21, tzinfo=UTC)
        self._cached = self.tokens.make_cache(Logger(service="door"), lambda: self.now)

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def opens(self, presented: str) -> bool:
        return authorize(presented, self._cached) is not None


@pytest.fixture
def door(secret: Secret) -> Door:
    return Door(secret)


@pytest.fixture
def others(secret: Secret) -> TokenStore:
    """Where somebody else makes and revokes tokens."""
    return TokenStore(secret.client, secret.arn)


class Trouble:
    """Secrets Manager as one client sees it; not answering once it is `on`."""

    def __init__(self, door: Door) -> None:
        self.on = False
        self.calls = 0
        door.tokens.secrets.meta.events.register(
            "before-call.secretsmanager.GetSecretValue", self._answer
        )

    def _answer(self, **_: Any) -> None:
        if self.on:
            self.calls += 1
            raise ConnectTimeoutError(endpoint_url="https://secretsmanager")


@pytest.fixture
def trouble(door: Door) -> Trouble:
    return Trouble(door)


def test_the_list_is_read_once_a_minute(door: Door, others: TokenStore, secret: Secret) -> None:
    text, _ = others.create("shop")
    secret.reads = 0
    for _ in range(59):
        assert door.opens(text)
        door.wait(1)
    assert secret.reads == 1
    door.wait(1)
    assert door.opens(text)
    assert secret.reads == 2


def test_a_fresh_token_works_at_once(door: Door, others: TokenStore) -> None:
    old, _ = others.create("shop")
    assert door.opens(old)
    door.wait(5)
    new, _ = others.create("shop")
    assert door.opens(new)


def test_the_first_requests_of_all_are_fresh_tokens(door: Door, others: TokenStore) -> None:
    assert not door.opens(STRANGERS)
    text, _ = others.create("shop")
    assert not door.opens(text)
    door.wait(5)
    assert door.opens(text)


def test_strangers_cannot_have_it_read_at_will(door: Door, secret: Secret) -> None:
    for _ in range(60):
        for number in range(10):
            assert not door.opens(f"fanout_{number:012x}_{'A' * 43}")
        door.wait(1)
    assert secret.reads == 12


@pytest.mark.parametrize("presented", ["", "secret", STRANGERS[:-1], STRANGERS + "\n", "\ud800"])
def test_what_is_no_token_by_its_form_has_nothing_read(
    door: Door, secret: Secret, presented: str
) -> None:
    assert not door.opens(presented)
    assert secret.reads == 0


def test_a_revoked_token_works_for_a_minute_at_most(door: Door, others: TokenStore) -> None:
    text, token = others.create("shop")
    assert door.opens(text)
    others.revoke(token.id)
    door.wait(59)
    assert door.opens(text)
    door.wait(1)
    assert not door.opens(text)


def test_a_revoked_token_is_refused_once_a_stranger_has_called(
    door: Door, others: TokenStore
) -> None:
    text, token = others.create("shop")
    assert door.opens(text)
    others.revoke(token.id)
    door.wait(5)
    assert not door.opens(STRANGERS)
    assert not door.opens(text)


def test_an_expired_token_is_refused_without_a_look(
    door: Door, others: TokenStore, secret: Secret
) -> None:
    text, token = others.create("shop", lifetime=timedelta(days=1))
    assert token.expires_at
    door.now = token.expires_at - timedelta(seconds=1)
    assert door.opens(text)
    door.wait(1)
    secret.reads = 0
    assert not door.opens(text)
    assert secret.reads == 0


def test_a_clock_that_was_set_back_makes_no_list_fresh(door: Door, others: TokenStore) -> None:
    text, token = others.create("shop")
    door.wait(3600)
    assert door.opens(text)
    others.revoke(token.id)
    door.wait(-3600)
    assert not door.opens(text)


class TestWithoutSecretsManager:
    def test_the_list_at_hand_is_used_for_ten_minutes(
        self, door: Door, others: TokenStore, trouble: Trouble
    ) -> None:
        text, _ = others.create("shop")
        assert door.opens(text)
        trouble.on = True
        door.wait(599)
        assert door.opens(text)
        assert not door.opens(STRANGERS)
        door.wait(1)
        for presented in (text, STRANGERS):
            with pytest.raises(TransientError, match="no list of tokens was read for 0:10:00"):
                door.opens(presented)
        trouble.on = False
        door.wait(5)
        assert door.opens(text)

    def test_nobody_is_let_in_or_sent_away_where_none_was_ever_read(
        self, door: Door, others: TokenStore, trouble: Trouble
    ) -> None:
        text, _ = others.create("shop")
        trouble.on = True
        for presented in (text, STRANGERS):
            with pytest.raises(TransientError, match="nobody can be let in"):
                door.opens(presented)

    def test_it_is_not_asked_by_every_request(
        self, door: Door, others: TokenStore, trouble: Trouble
    ) -> None:
        text, _ = others.create("shop")
        assert door.opens(text)
        door.wait(60)
        trouble.on = True
        for _ in range(10):
            assert door.opens(text)
            assert not door.opens(STRANGERS)
            door.wait(1)
        assert trouble.calls == 2

    def test_the_log_says_why_and_no_secrets(
        self, door: Door, others: TokenStore, secret: Secret, caplog: pytest.LogCaptureFixture
    ) -> None:
        text, token = others.create("shop")
        assert door.opens(text)
        secret.put(f'{{"tokens": "{token.sha256}"}}')
        door.wait(60)
        assert door.opens(text)
        said = str([vars(record) for record in caplog.records])
        assert "tokens not read" in said
        assert "holds no list of tokens" in said
        assert text not in said
        assert token.sha256 not in said

"""Signing keys in their secret: rotated, and never further than somebody meant to."""

import json
import re
from typing import Any

import pytest

from lib.auth.signing_keys import SigningKeyPair, SigningKeys
from lib.errors import ConfigError, ConflictError
from tests.integration.auth.test_tokens import lose_answers
from tests.integration.signing import FIRST, SigningSecret, secret

__all__ = ["secret"]


def test_the_first_key_has_none_before_it(secret: SigningSecret) -> None:
    assert secret.keys().read() == SigningKeyPair(FIRST, "")


def test_a_rotation_makes_a_new_key_and_keeps_the_one_before(secret: SigningSecret) -> None:
    keys = secret.keys()
    keys.rotate(keys.read())
    second = keys.read()
    assert re.fullmatch("[A-Za-z0-9]{64}", second.current)
    assert second.current != FIRST
    assert second.previous == FIRST
    keys.rotate(second)
    third = keys.read()
    assert third.previous == second.current
    assert FIRST not in secret.text()


def between(keys: SigningKeys, meddle: Any) -> None:
    """Have somebody meddle once between what was read and the write."""
    left = [meddle]

    def before(params: Any, **_: Any) -> None:
        if left and json.loads(params["body"])["VersionStage"] == "AWSCURRENT":
            left.pop()()

    keys.secrets.meta.events.register("before-call.secretsmanager.UpdateSecretVersionStage", before)


def test_two_people_who_rotate_at_once_rotate_once(secret: SigningSecret) -> None:
    """Twice would end every URL that is in use."""
    mine, theirs = secret.keys(), secret.keys()
    known = mine.read()
    between(mine, lambda: theirs.rotate(known))
    with pytest.raises(ConflictError, match="somebody else rotated the keys"):
        mine.rotate(known)
    assert mine.read().previous == FIRST


def test_a_rotation_whose_answer_is_lost_is_no_second_one(
    secret: SigningSecret, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = secret.keys()
    lose_answers(monkeypatch, 1)
    keys.rotate(keys.read())
    assert keys.read().previous == FIRST


SECRET = "s" * 31


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (SECRET, "Invalid JSON"),
        ("{}", "current: Field required"),
        (json.dumps({"current": FIRST}), "previous: Field required"),
        (json.dumps({"current": SECRET, "previous": ""}), "current: .*at least 32 characters"),
        (json.dumps({"current": FIRST, "previous": SECRET}), "previous: "),
        (json.dumps({"current": [SECRET], "previous": ""}), "current: "),
    ],
)
def test_a_secret_that_holds_something_else_is_left_alone_and_not_quoted(
    secret: SigningSecret, text: str, said: str
) -> None:
    secret.put(text)
    for doing in (secret.keys().read, lambda: secret.keys().rotate(SigningKeyPair(FIRST, ""))):
        with pytest.raises(ConfigError, match=f"holds no signing keys: .*{said}") as caught:
            doing()
        assert SECRET not in str(caught.value)
        assert caught.value.__cause__ is caught.value.__context__ is None
    assert secret.text() == text

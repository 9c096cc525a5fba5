"""Viewer keys in their secret: no step of a rotation ends a URL, and no URL has an unknown key."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lib.auth.viewer_keys import PROPAGATION, ViewerKey, ViewerKeyStore, find_signing_key
from lib.auth.viewer_signatures import make_key_pair
from lib.errors import ConfigError, ConflictError
from tests.integration.viewing import FIRST, ViewerSecret, viewer_secret

__all__ = ["viewer_secret"]

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
SOON = NOW + PROPAGATION


def signing(store: ViewerKeyStore, deployed: list[ViewerKey], now: datetime) -> str | None:
    """The id of the key that signs, if CloudFront's group has these."""
    key = find_signing_key(store.read(), {each.id: "K" for each in deployed}, now)
    return key.id if key else None


def test_a_new_key_signs_only_once_it_was_deployed_and_has_arrived_everywhere(
    viewer_secret: ViewerSecret,
) -> None:
    store, new = viewer_secret.store(), make_key_pair()
    store.rotate(store.read(), new, NOW)
    assert signing(store, [FIRST], NOW) == FIRST.id
    # The deploy has changed the group, and is not finished.
    assert signing(store, [new, FIRST], NOW) == FIRST.id
    assert store.activate([new.id, FIRST.id], SOON)
    assert signing(store, [new, FIRST], SOON - timedelta(seconds=1)) == FIRST.id
    assert signing(store, [new, FIRST], SOON) == new.id


def test_a_deploy_that_did_not_bring_the_key_does_not_let_it_sign(
    viewer_secret: ViewerSecret,
) -> None:
    store, new = viewer_secret.store(), make_key_pair()
    store.rotate(store.read(), new, NOW)
    assert not store.activate([FIRST.id], SOON)
    assert signing(store, [new, FIRST], SOON) == FIRST.id


def test_after_a_rollback_the_newest_key_of_both_signs(viewer_secret: ViewerSecret) -> None:
    store, new = viewer_secret.store(), make_key_pair()
    store.rotate(store.read(), new, NOW)
    store.activate([new.id], SOON)
    assert signing(store, [FIRST], SOON) == FIRST.id
    assert signing(store, [make_key_pair()], SOON) is None


def test_deploying_again_changes_no_time(viewer_secret: ViewerSecret) -> None:
    store, new = viewer_secret.store(), make_key_pair()
    store.rotate(store.read(), new, NOW)
    store.activate([new.id, FIRST.id], SOON)
    assert not store.activate([new.id, FIRST.id], SOON + timedelta(days=1))
    assert [key.signs_from for key in store.read()] == [SOON, FIRST.signs_from]


def test_the_second_rotation_drops_the_first_key(viewer_secret: ViewerSecret) -> None:
    store, second, third = viewer_secret.store(), make_key_pair(), make_key_pair()
    store.rotate(store.read(), second, NOW)
    store.activate([second.id], SOON)
    store.rotate(store.read(), third, SOON)
    assert [key.id for key in store.read()] == [third.id, second.id]


@pytest.mark.parametrize("deployed", [False, True])
def test_no_rotation_drops_the_key_that_signs(viewer_secret: ViewerSecret, deployed: bool) -> None:
    store, new = viewer_secret.store(), make_key_pair()
    store.rotate(store.read(), new, NOW)
    if deployed:
        store.activate([new.id], SOON)
    why = "signs from 12:10 UTC" if deployed else "deploy the stage first"
    with pytest.raises(ConfigError, match=why):
        store.rotate(store.read(), make_key_pair(), NOW)
    assert [key.id for key in store.read()] == [new.id, FIRST.id]


def test_of_two_people_who_rotate_at_once_one_does(viewer_secret: ViewerSecret) -> None:
    mine, theirs, their_key = viewer_secret.store(), viewer_secret.store(), make_key_pair()
    known = mine.read()
    left = [lambda: theirs.rotate(known, their_key, NOW)]

    def before(params: Any, **_: Any) -> None:
        if left and json.loads(params["body"])["VersionStage"] == "AWSCURRENT":
            left.pop()()

    mine.secrets.meta.events.register("before-call.secretsmanager.UpdateSecretVersionStage", before)
    with pytest.raises(ConflictError, match="somebody else changed the keys"):
        mine.rotate(known, make_key_pair(), NOW)
    assert [key.id for key in mine.read()] == [their_key.id, FIRST.id]


def test_an_error_about_the_secret_does_not_quote_it(viewer_secret: ViewerSecret) -> None:
    text = json.dumps({"keys": [{"id": "x", "private": FIRST.private, "public": "p"}]})
    viewer_secret.client.put_secret_value(SecretId=viewer_secret.store().secret, SecretString=text)
    with pytest.raises(ConfigError, match=r"holds no viewer keys: keys\.0\.id") as caught:
        viewer_secret.store().read()
    assert "PRIVATE" not in str(caught.value)
    assert FIRST.private not in repr(FIRST)

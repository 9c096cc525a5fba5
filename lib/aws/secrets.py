"""Secrets Manager: reads secrets, and writes them if they have not changed since the read.

Secrets Manager has no conditional write. But it moves a version label only from the version that
the caller names, and fails if another version has the label. So `replace` stores a new value under
a draft label, which nobody reads, and then moves the label AWSCURRENT to it.
"""

import random
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple
from uuid import uuid4

from lib.aws.clients import SecretsManagerClient
from lib.aws.error_mapping import map_access_denied, map_errors
from lib.errors import ConfigError, ConflictError, FanoutError, TransientError, UnknownOutcomeError

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager.type_defs import DescribeSecretResponseTypeDef

# Secrets Manager's limit on a value, in bytes of UTF-8.
MAX_BYTES = 65_536
_CURRENT = "AWSCURRENT"
# All drafts share one label: a label is on one version at a time, so the next draft takes it from
# an abandoned one. With a label of its own, each abandoned version would stay for ever.
_DRAFT = "FANOUTDRAFT"
# Two writers at once are rare; five conflicts in a row mean a script that should wait.
_ATTEMPTS = 5
# The longest pause in seconds before another attempt; random, so that two writers do not collide
# again.
_MAX_PAUSE = 0.5


# Days in which a deleted secret can be restored: Secrets Manager's maximum, free of charge.
_RECOVERY_DAYS = 30
# The key of an account's secrets without a key of their own.
_DEFAULT_KEY = "alias/aws/secretsmanager"


class Value(NamedTuple):
    """A secret's text, and the id of the version that holds it."""

    text: str
    version: str


def read(secrets: SecretsManagerClient, secret: str) -> Value:
    """Returns the current value of the secret with this ARN; its text is "" for a binary value.

    Raises ConfigError if there is no value or access is denied.
    """
    with map_access_denied(f"read the secret {secret}"):
        try:
            response = secrets.get_secret_value(SecretId=secret, VersionStage=_CURRENT)
        except secrets.exceptions.ResourceNotFoundException as error:
            raise ConfigError(
                f"There is no secret {secret} with a value: deploy the stage again"
            ) from error
    return Value(response.get("SecretString", ""), response["VersionId"])


def create(
    secrets: SecretsManagerClient, name: str, text: str, *, description: str, kms_key: str
) -> None:
    """Creates a secret; keeps one that somebody else has just created. "" is the default key."""
    with (
        map_access_denied(f"create the secret {name}"),
        suppress(secrets.exceptions.ResourceExistsException),
    ):
        secrets.create_secret(
            Name=name,
            SecretString=text,
            Description=description,
            KmsKeyId=kms_key or _DEFAULT_KEY,
        )


def restore(secrets: SecretsManagerClient, name: str) -> str | None:
    """Returns the ARN of the secret, restored if it was to be deleted; None if there is none."""
    described = _describe(secrets, name)
    if described is None:
        return None
    if "DeletedDate" in described:
        with map_access_denied(f"restore the secret {name}"):
            secrets.restore_secret(SecretId=name)
    return described["ARN"]


def encrypt(secrets: SecretsManagerClient, name: str, kms_key: str) -> None:
    """Encrypts the secret with this key, if it is another's; "" is the default key."""
    described = _describe(secrets, name)
    wanted = kms_key or _DEFAULT_KEY
    if described is None or described.get("KmsKeyId", _DEFAULT_KEY) == wanted:
        return
    with map_access_denied(f"encrypt the secret {name} with {wanted}"):
        secrets.update_secret(SecretId=name, KmsKeyId=wanted)


def schedule_deletion(secrets: SecretsManagerClient, name: str) -> int | None:
    """Has a secret deleted; returns after how many days, or None if there is none to delete."""
    described = _describe(secrets, name)
    if described is None or "DeletedDate" in described:
        return None
    with map_access_denied(f"delete the secret {name}"):
        secrets.delete_secret(SecretId=name, RecoveryWindowInDays=_RECOVERY_DAYS)
    return _RECOVERY_DAYS


def _describe(secrets: SecretsManagerClient, name: str) -> "DescribeSecretResponseTypeDef | None":
    with map_access_denied(f"look at the secret {name}"):
        try:
            return secrets.describe_secret(SecretId=name)
        except secrets.exceptions.ResourceNotFoundException:
            return None


def replace(secrets: SecretsManagerClient, secret: str, text: str, *, version: str) -> None:
    """Makes `text` the current value if `version` is still the current version.

    Raises ConflictError if it is not, and UnknownOutcomeError if the outcome is unknown.
    """
    draft = str(uuid4())
    with map_access_denied(f"write the secret {secret}"):
        try:
            _put_draft(secrets, secret, text, draft)
            _make_current(secrets, secret, draft, version)
        finally:
            _remove_draft_label(secrets, secret, draft)


def change(secrets: SecretsManagerClient, secret: str, edit: Callable[[str], str | None]) -> None:
    """Replaces the value by `edit`'s result (None: no change); starts over after a conflict.

    Starts over after an unanswered write too: whether or not it takes effect, the next write's
    condition accounts for it. Raises ConflictError if other writers keep changing the secret.
    """
    for attempts_left in reversed(range(_ATTEMPTS)):
        value = read(secrets, secret)
        text = edit(value.text)
        if text is None:
            break
        try:
            replace(secrets, secret, text, version=value.version)
        except (ConflictError, UnknownOutcomeError):
            if not attempts_left:
                raise
            time.sleep(random.uniform(0, _MAX_PAUSE))  # noqa: S311  spreads attempts, guards nothing
        else:
            break


def _put_draft(secrets: SecretsManagerClient, secret: str, text: str, draft: str) -> None:
    with map_errors("Secrets Manager PutSecretValue"):
        try:
            secrets.put_secret_value(
                SecretId=secret,
                ClientRequestToken=draft,
                SecretString=text,
                VersionStages=[_DRAFT],
            )
        except secrets.exceptions.LimitExceededException as error:
            # A secret has at most a hundred versions; AWS deletes none of the last 24 hours.
            raise TransientError(
                "LimitExceededException",
                f"the secret {secret} was changed about a hundred times within a day, and "
                f"Secrets Manager takes no more: try again tomorrow. AWS says: {error}",
            ) from error


def _make_current(secrets: SecretsManagerClient, secret: str, draft: str, version: str) -> None:
    with map_errors("Secrets Manager UpdateSecretVersionStage", conditional_write=True):
        try:
            secrets.update_secret_version_stage(
                SecretId=secret,
                VersionStage=_CURRENT,
                MoveToVersionId=draft,
                RemoveFromVersionId=version,
            )
        # Another version has the label; or AWS deleted a version without labels, new or old.
        except (
            secrets.exceptions.InvalidParameterException,
            secrets.exceptions.ResourceNotFoundException,
        ) as error:
            raise ConflictError(
                f"somebody else changed the secret {secret} meanwhile: look what it has now, "
                f"and try again. AWS says: {error}"
            ) from error


def _remove_draft_label(secrets: SecretsManagerClient, secret: str, draft: str) -> None:
    """Removes the draft label, so that AWS can delete the version once it is not current.

    A failure does no harm: the next draft takes the label in any case.
    """
    with suppress(FanoutError), map_errors("Secrets Manager UpdateSecretVersionStage"):
        secrets.update_secret_version_stage(
            SecretId=secret, VersionStage=_DRAFT, RemoveFromVersionId=draft
        )

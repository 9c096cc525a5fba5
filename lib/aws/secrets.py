"""Secrets: read as they are now, replaced and changed on condition of what was read.

Secrets Manager has no conditional write. But it moves a label only from the version that the
caller names, and refuses where the label is by then on another. So a new value is first put as a
draft, which nobody reads, and then made the current one on that condition.
"""

import random
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple
from uuid import uuid4

from lib.aws.error_mapping import map_access_denied, map_errors
from lib.errors import ConfigError, ConflictError, FanoutError, TransientError, UnknownOutcomeError

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

# Secrets Manager's limit on a value, in bytes of UTF-8.
MAX_BYTES = 65_536
_CURRENT = "AWSCURRENT"
# One for all drafts: a label is on one version at a time, so that the next draft takes it from one
# that was left behind. A label of its own would keep each such version for ever.
_DRAFT = "FANOUTDRAFT"
# Two people at once is rare, five in a row is a script that should wait.
_TRIES = 5
# The most seconds to wait before another try; random, so that two do not meet again.
_PAUSE = 0.5


class Value(NamedTuple):
    """What a secret holds, and the id of the version that holds it."""

    text: str
    version: str


def read(secrets: "SecretsManagerClient", secret: str) -> Value:
    """The current value; ConfigError where there is none or it may not be read.

    `secret` is the ARN. Text is "" for a value that is none.
    """
    with map_access_denied(f"read the secret {secret}"):
        try:
            answer = secrets.get_secret_value(SecretId=secret, VersionStage=_CURRENT)
        except secrets.exceptions.ResourceNotFoundException as error:
            raise ConfigError(
                f"There is no secret {secret} with a value: deploy the stage again"
            ) from error
    return Value(answer.get("SecretString", ""), answer["VersionId"])


def replace(secrets: "SecretsManagerClient", secret: str, text: str, *, version: str) -> None:
    """Make `text` the current value if `version` still is the current version.

    Raises ConflictError where it is not, and UnknownOutcomeError where nobody knows.
    """
    draft = str(uuid4())
    with map_access_denied(f"write the secret {secret}"):
        try:
            _put_draft(secrets, secret, text, draft)
            _make_current(secrets, secret, draft, version)
        finally:
            _take_label_off(secrets, secret, draft)


def change(
    secrets: "SecretsManagerClient", secret: str, changed: Callable[[str], str | None]
) -> None:
    """Replace the value by what `changed` makes of it (None: leave it), or start over where it is
    another by then.

    A write that was not answered is looked for as well: if it has landed, or lands later, the
    condition of the next one tells. ConflictError where others keep changing the secret.
    """
    for tries_left in reversed(range(_TRIES)):
        found = read(secrets, secret)
        text = changed(found.text)
        if text is None:
            break
        try:
            replace(secrets, secret, text, version=found.version)
        except (ConflictError, UnknownOutcomeError):
            if not tries_left:
                raise
            time.sleep(random.uniform(0, _PAUSE))  # noqa: S311  spreads tries, guards nothing
        else:
            break


def _put_draft(secrets: "SecretsManagerClient", secret: str, text: str, draft: str) -> None:
    with map_errors("Secrets Manager PutSecretValue"):
        try:
            secrets.put_secret_value(
                SecretId=secret,
                ClientRequestToken=draft,
                SecretString=text,
                VersionStages=[_DRAFT],
            )
        except secrets.exceptions.LimitExceededException as error:
            # It keeps a hundred versions, and none of the last 24 hours is given up for another.
            raise TransientError(
                "LimitExceededException",
                f"the secret {secret} was changed about a hundred times within a day, and "
                f"Secrets Manager takes no more: try again tomorrow. AWS says: {error}",
            ) from error


def _make_current(secrets: "SecretsManagerClient", secret: str, draft: str, version: str) -> None:
    with map_errors("Secrets Manager UpdateSecretVersionStage", writing=True):
        try:
            secrets.update_secret_version_stage(
                SecretId=secret,
                VersionStage=_CURRENT,
                MoveToVersionId=draft,
                RemoveFromVersionId=version,
            )
        # The label is elsewhere; or a version without labels, ours or the old one, is gone.
        except (
            secrets.exceptions.InvalidParameterException,
            secrets.exceptions.ResourceNotFoundException,
        ) as error:
            raise ConflictError(
                f"somebody else changed the secret {secret} meanwhile: look what it has now, "
                f"and try again. AWS says: {error}"
            ) from error


def _take_label_off(secrets: "SecretsManagerClient", secret: str, draft: str) -> None:
    """So that Secrets Manager can clear the version away once it is not the current one.

    A failure changes nothing of what was done, and the next draft takes the label in any case.
    """
    with suppress(FanoutError), map_errors("Secrets Manager UpdateSecretVersionStage"):
        secrets.update_secret_version_stage(
            SecretId=secret, VersionStage=_DRAFT, RemoveFromVersionId=draft
        )

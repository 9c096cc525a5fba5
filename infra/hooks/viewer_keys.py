"""Key pairs of a private stage, which no stack can make: they are made before its first deploy.

The secret with them is not in the stack either: CloudFormation would have to know the private key,
and shows templates to everyone who may describe the stack.

A public key cannot be changed in CloudFront, and an attempt to fails the deploy. So each key has a
logical id of its own: CloudFormation creates the new one, changes the key group, and then deletes
the one that the group no longer has.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from infra.delivery import viewers
from infra.naming import ref, sub
from lib.auth.ttl_cache import utc_now
from lib.auth.viewer_keys import (
    PROPAGATION,
    TEMPLATE_METADATA,
    ViewerKey,
    ViewerKeyStore,
    serialize,
)
from lib.aws import secrets as secret_store
from lib.errors import ConfigError

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

# CloudFront's ids begin with K; an emulator's key group has ids made of ours.
_EMULATED_ID = "K{}"


def is_private(template: dict[str, Any]) -> bool:
    """Returns whether the template is of a stage with viewers: signed."""
    return TEMPLATE_METADATA in template.get("Metadata", {})


def becomes_public(removed: Mapping[str, Sequence[str]]) -> bool:
    """Returns whether the deploy removes what only a private stage has.

    `removed` has the physical ids of the removed resources, by their type.
    """
    functions = removed.get("AWS::CloudFront::Function", ())
    return any(name.endswith(viewers.PRIVATE_ENDING) for name in functions)


def add_keys(secrets: "SecretsManagerClient", template: dict[str, Any]) -> None:
    """Adds the public keys to the template; makes the secret with the first one if there is none.

    Two deploys at once make one secret: the second finds that of the first.
    """
    metadata = template["Metadata"][TEMPLATE_METADATA]
    name = metadata["Secret"]
    if secret_store.restore(secrets, name) is None:
        secret_store.create(
            secrets,
            name,
            # The first key signs at once: without it, nothing could.
            serialize([_make_key_pair(signs_from=utc_now())]),
            description="Key pairs of the viewers of private images",
            kms_key=metadata["KmsKeyId"],
        )
    fill(template, ViewerKeyStore(secrets, name).read())


def fill(template: dict[str, Any], keys: list[ViewerKey]) -> None:
    """Puts the public keys into the key group, and their ids into outputs and settings."""
    resources, outputs = template["Resources"], template["Outputs"]
    if viewers.KEY_GROUP in resources:
        name = template["Metadata"][TEMPLATE_METADATA]["Name"]
        resources |= {_logical_id(key): _public_key(f"{name}-{key.id}", key) for key in keys}
        group = resources[viewers.KEY_GROUP]["Properties"]["KeyGroupConfig"]
        group["Items"] = [ref(_logical_id(key)) for key in keys]
        ids: Any = sub(json.dumps({key.id: f"${{{_logical_id(key)}}}" for key in keys}))
    else:
        emulated = {key.id: _EMULATED_ID.format(key.id.upper()) for key in keys}
        public = {emulated[key.id]: key.public for key in keys}
        outputs[viewers.PUBLIC_KEYS_OUTPUT] = {"Value": json.dumps(public)}
        ids = json.dumps(emulated)
    outputs[viewers.IDS_OUTPUT] = {"Value": ids}
    for resource in resources.values():
        settings = resource.get("Properties", {}).get("Environment", {}).get("Variables", {})
        if viewers.IDS_SETTING in settings:
            settings[viewers.IDS_SETTING] = ids


def finish(
    secrets: "SecretsManagerClient", secret: str, kms_key: str, outputs: dict[str, str]
) -> datetime | None:
    """Lets new keys sign once CloudFront has them everywhere, after a deploy.

    Returns the time from which they sign, or None if none was waiting. Encrypts the secret with
    another key if the stage's key has changed: only now do the functions' roles allow it.
    """
    secret_store.encrypt(secrets, secret, kms_key)
    signs_from = utc_now().replace(microsecond=0) + PROPAGATION
    deployed = json.loads(outputs[viewers.IDS_OUTPUT])
    waited = ViewerKeyStore(secrets, secret).activate(deployed, signs_from)
    return signs_from if waited else None


def _public_key(name: str, key: ViewerKey) -> dict[str, Any]:
    config = {"Name": name, "CallerReference": name, "EncodedKey": key.public}
    return {"Type": "AWS::CloudFront::PublicKey", "Properties": {"PublicKeyConfig": config}}


def _logical_id(key: ViewerKey) -> str:
    return f"ViewerKey{key.id}"


def _make_key_pair(signs_from: datetime) -> ViewerKey:
    try:
        # Deploys of other stages need no such package.
        from lib.auth.viewer_signatures import make_key_pair  # noqa: PLC0415
    except ImportError as error:
        raise ConfigError(
            "viewers: signed needs the Python package cryptography, which this machine's Python "
            "lacks: run make setup"
        ) from error
    return make_key_pair(signs_from)

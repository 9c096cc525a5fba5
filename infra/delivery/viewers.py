"""Private stages: CloudFront shows images only to holders of a signed URL or signed cookies.

Every behaviour that serves images requires the signature, also `/_signed/*`: its HMAC decides what
the stage renders at its cost, CloudFront's signature who sees it. The relay needs none, since only
the distribution can call it.

The template that `sls package` builds has an empty key group: key pairs exist once a deploy made
them. infra/hooks/viewer_keys.py then adds the public keys, and CloudFront's ids of them.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.delivery.cloudfront import build_function
from infra.naming import allow, ref, sub
from lib.auth.viewer_keys import TEMPLATE_METADATA

if TYPE_CHECKING:
    from infra.delivery.parameters import DeliveryParameters

KEY_GROUP = "ViewerKeyGroup"
# Logical id of the function that only private stages have, and the end of its name.
VIEWER_RESPONSE = "ViewerResponse"
PRIVATE_ENDING = "-private"
# Output, and setting of functions that sign: CloudFront's ids of the keys, by ours, as JSON.
IDS_OUTPUT, IDS_SETTING = "ViewerKeyIds", "VIEWER_KEY_IDS"
# Output of an emulator, which has no key groups: the public keys, by CloudFront's ids.
PUBLIC_KEYS_OUTPUT = "ViewerPublicKeys"
# Output with the secret's name, from which the hook and the command line know it.
SECRET_OUTPUT = "ViewerKeysSecret"  # noqa: S105  its name, no secret
_SOURCE = Path(__file__).parent / "viewer-response.js"
# The end of a secret's ARN: Secrets Manager adds six characters to its name.
_KEYS_ARN = "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:%s-??????"


def secret_name(prefix: str) -> str:
    """Returns the name of the secret with the key pairs, which no stack has."""
    return f"{prefix}-viewer-keys"


def viewer_resources(parameters: "DeliveryParameters") -> dict[str, Any]:
    """Builds the key group and the function on responses; empty if everyone sees the images."""
    if not parameters.is_private:
        return {}
    name = f"{parameters.prefix}-{parameters.region}"
    comment = "Keeps private images out of caches between CloudFront and viewers"
    code = _SOURCE.read_text(encoding="utf-8")
    resources = {VIEWER_RESPONSE: build_function(f"{name}{PRIVATE_ENDING}", code, comment)}
    if not parameters.emulator:
        config = {"Name": name, "Comment": f"Viewers of {parameters.prefix}", "Items": []}
        resources[KEY_GROUP] = {
            "Type": "AWS::CloudFront::KeyGroup",
            "Properties": {"KeyGroupConfig": config},
        }
    return resources


def viewer_outputs(parameters: "DeliveryParameters") -> dict[str, Any]:
    """Builds the outputs with the secret's name and the keys' ids."""
    if not parameters.is_private:
        return {}
    outputs: dict[str, Any] = {SECRET_OUTPUT: secret_name(parameters.prefix), IDS_OUTPUT: "{}"}
    if parameters.emulator:
        outputs[PUBLIC_KEYS_OUTPUT] = "{}"
    else:
        outputs["ViewerKeyGroupId"] = ref(KEY_GROUP)
    return {name: {"Value": value} for name, value in outputs.items()}


def viewer_metadata(parameters: "DeliveryParameters") -> dict[str, Any]:
    """Builds the template's metadata that tells the hook of the secret."""
    if not parameters.is_private:
        return {}
    name = f"{parameters.prefix}-{parameters.region}"
    metadata = {
        "Secret": secret_name(parameters.prefix),
        "KmsKeyId": parameters.kms_key,
        "Name": name,
    }
    return {"Metadata": {TEMPLATE_METADATA: metadata}}


def require_signature(parameters: "DeliveryParameters") -> dict[str, Any]:
    """Builds the property of a behaviour that serves images; local/cdn.py checks by itself."""
    if not parameters.is_private or parameters.emulator:
        return {}
    return {"TrustedKeyGroups": [ref(KEY_GROUP)]}


def viewer_settings(parameters: "DeliveryParameters") -> dict[str, str]:
    """Builds the environment of a function that signs URLs."""
    if not parameters.is_private:
        return {}
    return {"VIEWER_KEYS": secret_name(parameters.prefix), IDS_SETTING: "{}"}


def allow_viewer_keys(parameters: "DeliveryParameters") -> list[dict[str, Any]]:
    """Builds the permission to read the key pairs, for a function that signs URLs."""
    if not parameters.is_private:
        return []
    secret = sub(_KEYS_ARN % secret_name(parameters.prefix))
    return [allow(["secretsmanager:GetSecretValue"], secret)]

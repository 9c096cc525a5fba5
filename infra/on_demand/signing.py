"""The keys that signed URLs are signed with: a secret, on stages that serve such URLs."""

from typing import Any

from infra.encryption import build_secret
from infra.naming import allow
from infra.stage import StageParameters

SIGNING_KEYS = "SigningKeys"
# Its ARN; Ref is only its name in an emulator.
SIGNING_KEYS_ARN = {"Fn::GetAtt": [SIGNING_KEYS, "Id"]}
# 381 bits of letters and digits: more than the 256 that HMAC-SHA256 can use.
_LENGTH = 64


def signing_keys(parameters: StageParameters) -> tuple[dict[str, Any], dict[str, Any]]:
    """The secret, with a first key that Secrets Manager makes up, and the output that leads to it.

    Nobody sees that key, the template included; `lib.auth.signing_keys` reads and rotates it.
    """
    if not parameters.serves_signed:
        return {}, {}
    first = {
        "SecretStringTemplate": '{"previous": ""}',
        "GenerateStringKey": "current",
        "ExcludePunctuation": True,
        "PasswordLength": _LENGTH,
    }
    about = "Keys of the signed URLs"
    secret = build_secret(parameters, "signing-keys", about, GenerateSecretString=first)
    return {SIGNING_KEYS: secret}, {"SigningKeysArn": {"Value": SIGNING_KEYS_ARN}}


def use_of_keys(parameters: StageParameters) -> list[dict[str, Any]]:
    """Leave to read them, for the role of a function that checks signatures."""
    if not parameters.serves_signed:
        return []
    return [allow(["secretsmanager:GetSecretValue"], SIGNING_KEYS_ARN)]

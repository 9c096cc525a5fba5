"""The secret with the signing keys, on stages that serve signed URLs."""

from typing import Any

from infra.encryption import build_secret
from infra.functions import Part
from infra.naming import allow
from infra.stage import StageParameters

SIGNING_KEYS = "SigningKeys"
# Its ARN; in an emulator, Ref returns its name only.
SIGNING_KEYS_ARN = {"Fn::GetAtt": [SIGNING_KEYS, "Id"]}
# 381 bits of letters and digits: more than the 256 that HMAC-SHA256 can use.
_LENGTH = 64


def signing_keys(parameters: StageParameters) -> Part:
    """Builds the secret, and the stack output with its ARN.

    Secrets Manager generates the first key, so it is not in the template; `lib.auth.signing_keys`
    reads and rotates it.
    """
    if not parameters.serves_signed:
        return Part()
    first = {
        "SecretStringTemplate": '{"previous": ""}',
        "GenerateStringKey": "current",
        "ExcludePunctuation": True,
        "PasswordLength": _LENGTH,
    }
    description = "Keys of the signed URLs"
    secret = build_secret(parameters, "signing-keys", description, GenerateSecretString=first)
    outputs = {"SigningKeysArn": {"Value": SIGNING_KEYS_ARN}}
    return Part(resources={SIGNING_KEYS: secret}, outputs=outputs)


def allow_signing_keys(parameters: StageParameters) -> list[dict[str, Any]]:
    """Builds the permission to read the keys, for a function that verifies signatures."""
    if not parameters.serves_signed:
        return []
    return [allow(["secretsmanager:GetSecretValue"], SIGNING_KEYS_ARN)]

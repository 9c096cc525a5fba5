"""Errors of AWS, mapped to the messages that people and workers need."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from lib.aws.error_mapping import map_access_denied, map_errors
from lib.errors import ConfigError, TransientError

DECRYPT = (
    "User: arn:aws:iam::123456789012:user/ops is not authorized to perform: kms:Decrypt on "
    "resource: arn:aws:kms:eu-west-1:123456789012:key/1234abcd"
)


def refused(code: str, said: str = "", status: int = 400) -> ClientError:
    response: Any = {
        "Error": {"Code": code, "Message": said},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(response, "Operation")


def message_of(error: ClientError, *, already_mapped: bool = False) -> str:
    """Return the text of the ConfigError that a person reads."""
    with pytest.raises(ConfigError) as caught, map_access_denied("read the letters"):
        if not already_mapped:
            raise error
        with map_errors("GET failures-bucket"):
            raise error
    return str(caught.value)


@pytest.mark.parametrize("already_mapped", [False, True])
@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("KMS.AccessDeniedException", DECRYPT),  # SQS
        ("KmsAccessDenied", DECRYPT),  # SQS without the older names beside it
        ("KMSAccessDenied", ""),  # SNS
        ("KMSAccessDeniedException", ""),  # Lambda
        ("KmsAccessDeniedException", ""),  # CloudWatch
        ("AccessDenied", DECRYPT),  # S3
        ("AccessDenied", "The ciphertext refers to a customer master key that does not exist, …"),
        ("AccessDeniedException", "Access to KMS is not allowed"),  # Secrets Manager
        ("DecryptionFailure", "Secrets Manager can't decrypt the secret using the provided key"),
        ("EncryptionFailure", ""),
    ],
)
def test_who_may_not_use_the_key_is_led_to_what_operators_need_of_it(
    code: str, said: str, already_mapped: bool
) -> None:
    text = message_of(refused(code, said), already_mapped=already_mapped)
    assert text.startswith("These credentials may not read the letters, which takes permission to ")
    assert "use the KMS key that encrypts it: docs/encryption.md lists" in text
    assert code in text


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("KMS.DisabledException", ""),
        ("KmsDisabled", ""),
        ("KMSDisabled", ""),
        ("KmsKeyDisabledException", ""),
        ("KMS.NotFoundException", ""),
        ("KMSNotFound", ""),
        ("KMS.KMSInvalidStateException", f"{DECRYPT} is pending deletion"),
        ("KMS.InvalidStateException", ""),
        ("KmsInvalidKeyUsage", ""),
        ("KMSOptInRequired", ""),
        ("AccessDenied", "arn:aws:kms:eu-west-1:123456789012:key/1234abcd is pending deletion."),
    ],
)
def test_a_key_that_nobody_can_use_is_no_matter_of_these_credentials(code: str, said: str) -> None:
    text = message_of(refused(code, said))
    assert text.startswith("Nobody can read the letters: the KMS key that encrypts it is disabled")
    assert "Enable it, or cancel its deletion" in text
    assert code in text


@pytest.mark.parametrize(
    "code", ["KMS.ThrottlingException", "KmsThrottled", "KMSThrottling", "KMSInternalException"]
)
def test_what_passes_is_worth_another_try(code: str) -> None:
    with pytest.raises(TransientError) as caught, map_access_denied("read the letters"):
        raise refused(code, DECRYPT)
    assert caught.value.reason == code


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("AccessDenied", "Access Denied"),
        ("403", "Forbidden"),
        ("AccessDeniedException", "… is not authorized to perform: sqs:ReceiveMessage"),
        ("AccessDenied", "… is not authorized to perform: s3:GetObject on kmsbackup/a.jpg"),
    ],
)
def test_other_denials_are_led_to_the_permissions_of_the_command_line(code: str, said: str) -> None:
    text = message_of(refused(code, said, 403))
    assert text.startswith("These credentials may not read the letters: docs/operations.md lists")

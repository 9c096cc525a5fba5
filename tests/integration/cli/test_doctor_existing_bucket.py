"""`fanout doctor` on a stage whose originals are in a bucket that exists."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from lib.keys import Originals
from lib.operations.originals.connection import Connection
from tests.integration.cli.test_doctor import PUBLIC, Stage, account_limit, doctor, sizes_file
from tests.integration.conftest import REGION
from tests.integration.deployed import PREFIX, Commands, Run, answer, fanout, refuse
from tests.integration.snapshot import made_once

__all__ = ["doctor", "fanout", "sizes_file"]  # fixtures


def connected() -> Stage:
    """The stage's originals are in the folder photos/ of the bucket, which is as it should be."""
    stage = Stage(OriginalsUri="s3://originals/photos/", OriginalsKmsKeys="none")
    stage.s3.put_bucket_versioning(
        Bucket="originals", VersioningConfiguration={"Status": "Enabled"}
    )
    stage.tell()
    Connection(stage.s3, stage.sns, PREFIX, stage.topic).connect(Originals("originals", "photos/"))
    return stage


@pytest.fixture(autouse=True)
def stage(fanout: Commands, monkeypatch: pytest.MonkeyPatch) -> Stage:
    answer(monkeypatch, "GetAccountSettings", account_limit(27))
    return made_once(connected)


def lose(stage: Stage) -> None:
    stage.s3.put_bucket_notification_configuration(Bucket="originals", NotificationConfiguration={})


def encrypt(stage: Stage) -> None:
    default: Any = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "1234abcd-12ab-34cd-56ef-12345"}
    rule: Any = {"ApplyServerSideEncryptionByDefault": default}
    stage.s3.put_bucket_encryption(
        Bucket="originals", ServerSideEncryptionConfiguration={"Rules": [rule]}
    )


def open_up(stage: Stage) -> None:
    stage.s3.delete_public_access_block(Bucket="originals")
    stage.s3.put_bucket_policy(Bucket="originals", Policy=PUBLIC)


def overlap(stage: Stage) -> None:
    """Another entry, which S3 would refuse; moto does not."""
    topic = stage.sns.create_topic(Name="theirs")["TopicArn"]
    found: Any = stage.s3.get_bucket_notification_configuration(Bucket="originals")
    theirs = {"Id": "theirs", "TopicArn": topic, "Events": ["s3:ObjectCreated:Put"]}
    entries = {"TopicConfigurations": [*found["TopicConfigurations"], theirs]}
    stage.s3.put_bucket_notification_configuration(
        Bucket="originals",
        NotificationConfiguration=entries,  # type: ignore[arg-type]
    )


def test_all_is_well(doctor: Callable[..., Run]) -> None:
    run = doctor()
    assert (run.code, run.out) == (0, "")
    found = [json.loads(line)["what"] for line in doctor("--json").out.splitlines()]
    assert "s3://originals/photos/ notifies the topic of created and removed objects" in found
    assert "the bucket originals: no public access" in found


@pytest.mark.parametrize(
    ("change", "level", "what", "cure"),
    [
        (lose, "problem", "s3://originals/photos/ does not notify the topic", "npx sls deploy"),
        (encrypt, "problem", "is encrypted with the KMS key 1234abcd", "set originals_kms_key"),
        (open_up, "warning", "its policy lets everybody read originals", "remove the statement"),
        (open_up, "warning", "Block Public Access is not fully on", "put-public-access-block"),
        (overlap, "problem", "'theirs' (s3:ObjectCreated:Put to", "deploy again afterwards"),
        (
            lambda stage: stage.s3.put_bucket_versioning(
                Bucket="originals", VersioningConfiguration={"Status": "Suspended"}
            ),
            "warning",
            "the bucket originals keeps no old versions",
            "put-bucket-versioning",
        ),
        (
            lambda stage: stage.s3.delete_bucket_ownership_controls(Bucket="originals"),
            "warning",
            "Object Ownership is not set",
            "put-bucket-ownership-controls",
        ),
        (
            lambda stage: stage.s3.delete_bucket(Bucket="originals"),
            "problem",
            "there is no bucket originals",
            "correct originals_bucket",
        ),
    ],
)
def test_what_is_wrong_is_found_with_the_owners_cure(
    stage: Stage,
    doctor: Callable[..., Run],
    change: Callable[[Stage], Any],
    level: str,
    what: str,
    cure: str,
) -> None:
    change(stage)
    found = [json.loads(line) for line in doctor("--json").out.splitlines()]
    (finding,) = [each for each in found if what in each["what"]]
    assert finding["level"] == level
    assert cure in finding["cure"]


def test_events_to_event_bridge_are_no_harm(
    stage: Stage, doctor: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    """moto forgets EventBridge."""
    found: Any = stage.s3.get_bucket_notification_configuration(Bucket="originals")
    entries = {"TopicConfigurations": found["TopicConfigurations"]}
    bridged = entries | {"EventBridgeConfiguration": {}}
    answer(monkeypatch, "GetBucketNotificationConfiguration", bridged)
    run = doctor("--json")
    assert run.code == 0
    assert "also sends its events to EventBridge, which is no harm" in run.out


def test_what_may_not_be_looked_at_hides_nothing_else(
    doctor: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(monkeypatch, "GetBucketEncryption", "AccessDenied")
    found = [json.loads(line) for line in doctor("--json").out.splitlines()]
    assert "the bucket originals: not checked" in [each["what"] for each in found]
    assert "the bucket originals: no public access" in [each["what"] for each in found]


def test_a_requester_pays_bucket_is_no_harm(
    stage: Stage, doctor: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:

    answer(monkeypatch, "GetBucketRequestPayment", {"Payer": "Requester"})
    assert "requesters pay, and this account for its own requests" in doctor("--json").out


def test_the_region_of_the_stage_is_compared(
    doctor: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:

    answer(monkeypatch, "GetBucketLocation", {"LocationConstraint": "eu-north-1"})
    run = doctor()
    assert run.code == 1
    assert f"the bucket originals is in eu-north-1, the stage in {REGION}" in run.out

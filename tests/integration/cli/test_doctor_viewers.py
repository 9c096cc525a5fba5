"""`fanout doctor` on a private stage: CloudFront's keys against the secret's."""

import json
from datetime import timedelta
from typing import Any

import boto3
import pytest

from lib.auth.ttl_cache import utc_now
from lib.auth.viewer_signatures import make_key_pair
from tests.integration.cli.test_doctor import Stage
from tests.integration.deployed import PREFIX, Commands, answer, fanout, refuse
from tests.integration.snapshot import made_once
from tests.integration.viewing import FIRST, IDS, NAME, ViewerSecret, viewer_secret

__all__ = ["fanout", "viewer_secret"]

OK = "the CDN: every image requires a signature"


class PrivateStage:
    """A private stage, and what the doctor says of its viewers."""

    def __init__(
        self, fanout: Commands, told: dict[str, str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self._fanout, self._patch = fanout, monkeypatch
        self.told = told
        self.group("K1")
        self.behaviours({}, {"PathPattern": "_signed/*"})
        self.deploy(IDS)

    def deploy(self, ids: str, **outputs: str) -> None:
        boto3.client("cloudformation").delete_stack(StackName=PREFIX)
        told = {"ViewerKeysSecret": NAME, "ViewerKeyIds": ids, "ViewerKeyGroupId": "G", **outputs}
        body = {
            "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
            "Outputs": {key: {"Value": value} for key, value in (self.told | told).items()},
        }
        cloudformation = boto3.client("cloudformation")
        cloudformation.create_stack(StackName=PREFIX, TemplateBody=json.dumps(body))

    def group(self, *members: str) -> None:
        config = {"Name": "g", "Items": list(members)}
        answer(self._patch, "GetKeyGroup", {"KeyGroup": {"KeyGroupConfig": config}})

    def behaviours(self, *changes: dict[str, Any]) -> None:
        trusted = {"TrustedKeyGroups": {"Enabled": True, "Quantity": 1, "Items": ["G"]}}
        default, *more = [trusted | each for each in changes]
        config = {"DefaultCacheBehavior": default, "CacheBehaviors": {"Items": more}}
        answer(self._patch, "GetDistributionConfig", {"DistributionConfig": config})

    def findings(self) -> list[tuple[str, str]]:
        """Levels and texts of the findings on viewers."""
        run = self._fanout("doctor", "--json")
        found = [json.loads(line) for line in run.out.splitlines()]
        words = ("viewer", "signature", "key group")
        return [
            (each["level"], each["what"])
            for each in found
            if any(word in each["what"] for word in words)
        ]


@pytest.fixture
def told() -> dict[str, str]:
    return made_once(Stage).told


@pytest.fixture
def stage(
    fanout: Commands,
    told: dict[str, str],
    viewer_secret: ViewerSecret,
    monkeypatch: pytest.MonkeyPatch,
) -> PrivateStage:
    return PrivateStage(fanout, told, monkeypatch)


def test_a_healthy_private_stage_has_no_findings(stage: PrivateStage) -> None:
    assert stage.findings() == [
        ("ok", "the viewer keys: CloudFront has those of the secret"),
        ("ok", "the viewer keys: the key group is as it was deployed"),
        ("ok", OK),
    ]


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        (({"TrustedKeyGroups": {"Enabled": False, "Quantity": 0}},), "*"),
        (({}, {"PathPattern": "_signed/*", "TrustedKeyGroups": None}), "_signed/*"),
        (({"TrustedKeyGroups": {"Enabled": True, "Quantity": 1, "Items": ["other"]}},), "*"),
    ],
)
def test_images_that_everyone_sees_are_a_problem(
    stage: PrivateStage, changes: tuple[dict[str, Any], ...], path: str
) -> None:
    stage.behaviours(*changes)
    what = f"the CDN: {path} requires no signature, though viewers is signed"
    assert ("problem", what) in stage.findings()


def test_a_key_that_was_added_by_hand_is_a_problem(stage: PrivateStage) -> None:
    stage.group("K1", "K9")
    what = "the viewer keys: the key group has K9, which no deploy put there"
    assert ("problem", what) in stage.findings()


def test_a_key_that_was_taken_out_by_hand_is_a_problem(stage: PrivateStage) -> None:
    stage.group()
    assert ("problem", "the viewer keys: K1 was taken out of the key group") in stage.findings()


def test_a_rotation_that_waits_for_its_deploy_is_a_warning(
    stage: PrivateStage, viewer_secret: ViewerSecret
) -> None:
    new = make_key_pair()
    store = viewer_secret.store()
    store.rotate(store.read(), new, utc_now())
    what = f"the viewer keys: {new.id} waits for a deploy to put it to use"
    assert ("warning", what) in stage.findings()
    stage.deploy(json.dumps({new.id: "K2", FIRST.id: "K1"}))
    (*_, message) = [text for level, text in stage.findings() if level == "warning"]
    assert message.startswith("the viewer keys: the last step of the last deploy is missing")
    # Rotated once more, so that the first key is out of the secret alone.
    store.activate([new.id], utc_now() - timedelta(days=1))
    store.rotate(store.read(), make_key_pair(), utc_now())
    what = f"the viewer keys: {FIRST.id} is out of the secret, and still in CloudFront's key group"
    assert ("warning", what) in stage.findings()


def test_a_secret_without_a_key_that_cloudfront_has_is_a_problem(stage: PrivateStage) -> None:
    stage.deploy(json.dumps({"0123456789abcdef": "K1"}))
    what = "the viewer keys: none of the secret's keys is in CloudFront's key group and signs"
    assert ("problem", what) in stage.findings()


def test_without_permission_to_read_the_secret_that_is_said(
    stage: PrivateStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(monkeypatch, "GetSecretValue", "AccessDeniedException")
    assert stage.findings() == [("warning", "the viewers: not checked")]

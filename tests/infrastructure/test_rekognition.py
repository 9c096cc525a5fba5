"""Who may ask Rekognition, and write tags: only where a stage or a size has a use for it."""

from pathlib import Path
from typing import Any

import pytest

from lib.errors import ConfigError
from tests.infrastructure.generated import generated, generated_template
from tests.infrastructure.template import Template

FACES = {"name": "avatar", "width": 100, "height": 100, "position": "faces"}
SIZES = ["400x300", FACES]
PLAIN, AVATAR = "RoleOfResize400x300", "RoleOfResizeAvatar"
DETECT_FACES, MODERATE = "rekognition:DetectFaces", "rekognition:DetectModerationLabels"
ORIGINAL = "arn:aws:s3:::originalsbucket/originals/2026/a.jpg"
TAGGING = ("s3:GetObjectTagging", "s3:PutObjectTagging")
EMULATOR = "http://127.0.0.1:4566"


def environment(made: dict[str, Any], size: str) -> dict[str, str]:
    found: dict[str, str] = made["functions"][f"resize-{size}"]["environment"]
    return {name: found[name] for name in ("FACES", "MODERATION_CONFIDENCE") if name in found}


@pytest.mark.parametrize(
    ("changes", "role", "asked"),
    [
        ({}, PLAIN, set()),
        ({}, AVATAR, {DETECT_FACES}),
        ({"moderation": "true"}, PLAIN, {MODERATE}),
        ({"moderation": "true"}, AVATAR, {DETECT_FACES, MODERATE}),
        ({"emulator": EMULATOR}, AVATAR, set()),
    ],
)
def test_a_worker_has_only_the_rekognition_actions_it_needs(
    tmp_path: Path, changes: dict[str, Any], role: str, asked: set[str]
) -> None:
    template = generated_template(tmp_path, SIZES, **changes)
    allowed = {
        action for action in (DETECT_FACES, MODERATE) if template.role_allows(role, action, "*")
    }
    assert allowed == asked
    for action in TAGGING:
        assert template.role_allows(role, action, ORIGINAL) is bool(asked)


@pytest.fixture
def moderated(tmp_path: Path) -> Template:
    return generated_template(tmp_path, SIZES, moderation="true")


@pytest.mark.parametrize("role", [PLAIN, AVATAR])
@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("s3:PutObject", ORIGINAL),
        ("s3:DeleteObject", ORIGINAL),
        ("s3:DeleteObjectTagging", ORIGINAL),
        ("s3:PutObjectVersionTagging", ORIGINAL),
        ("s3:PutObjectTagging", "arn:aws:s3:::originalsbucket/other/a.jpg"),
        ("s3:PutObjectTagging", "arn:aws:s3:::imagesbucket/400x300/a.jpg"),
        ("s3:PutBucketTagging", "arn:aws:s3:::originalsbucket"),
        ("rekognition:IndexFaces", "*"),
        ("rekognition:DetectText", "*"),
        ("s3:GetObject", "*"),
    ],
)
def test_and_nothing_else(moderated: Template, role: str, action: str, resource: str) -> None:
    assert not moderated.role_allows(role, action, resource)


def test_no_other_function_may_ask_or_tag(moderated: Template) -> None:
    actions = (DETECT_FACES, MODERATE, *TAGGING)
    roles = {
        logical: {
            action
            for policy in role["Policies"]
            for statement in policy["PolicyDocument"]["Statement"]
            for action in statement["Action"]
        }
        for logical, role in moderated.of_type("AWS::IAM::Role").items()
    }
    assert {role for role, may in roles.items() if may & set(actions)} == {PLAIN, AVATAR}
    assert len(roles) > 5


def test_tags_start_no_rendering(dev: Template) -> None:
    configured = dev.properties("OriginalsBucket")["NotificationConfiguration"]
    events = [each["Event"] for each in configured["TopicConfigurations"]]
    assert len(events) > 2
    assert not [event for event in events if "Tagging" in event or event == "s3:*"]


def test_a_worker_has_the_settings_of_rekognition(tmp_path: Path) -> None:
    plain = generated(tmp_path, SIZES)
    assert environment(plain, "400x300") == {}
    assert environment(plain, "avatar") == {"FACES": "true"}
    made = generated(tmp_path, SIZES, moderation="true", moderation_confidence="65")
    assert environment(made, "400x300") == {"MODERATION_CONFIDENCE": "65"}
    assert environment(made, "avatar") == {"MODERATION_CONFIDENCE": "65", "FACES": "true"}


def test_an_emulator_is_asked_for_no_faces(tmp_path: Path) -> None:
    assert environment(generated(tmp_path, SIZES, emulator=EMULATOR), "avatar") == {}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"moderation": "true", "emulator": EMULATOR},
            r"moderation: got true on a stage of an emulator \(http://127.0.0.1:4566\), which has "
            r"no Rekognition",
        ),
        ({"moderation": "perhaps"}, "moderation: .*must be true or false, got 'perhaps'"),
        ({"moderation_confidence": "49"}, "moderation_confidence: .*50, got '49'"),
        ({"moderation_confidence": "101"}, "moderation_confidence: .*100, got '101'"),
    ],
)
def test_wrong_values_are_refused_by_name(
    tmp_path: Path, changes: dict[str, Any], expected: str
) -> None:
    with pytest.raises(ConfigError, match=expected):
        generated(tmp_path, SIZES, **changes)

"""What Amazon Rekognition is asked about photos: faces to crop to, and what must not be shown.

Any function that renders takes its settings and its leave from here, for the sizes it renders.
"""

from collections.abc import Iterable
from typing import Any, Self

from pydantic import Field, model_validator

from infra.naming import ORIGINALS_BUCKET, allow, sub
from infra.stage import StageParameters
from lib.keys import ORIGINALS
from lib.sizes import Size


class RekognitionParameters(StageParameters):
    """Whether photos are looked at before they are shown."""

    moderation: bool
    # Per cent; Rekognition itself tells of nothing that it is less sure of than 50.
    moderation_confidence: int = Field(ge=50, le=100)

    @model_validator(mode="after")
    def _emulators_see_nothing(self) -> Self:
        if self.moderation and self.emulator:
            raise ValueError(
                f"moderation: got true on a stage of an emulator ({self.emulator}), which has no "
                "Rekognition: no photo could be looked at, and none would be rendered. Say false "
                "there"
            )
        return self


def faces_settings(parameters: StageParameters, sizes: Iterable[Size]) -> dict[str, str]:
    """What a function has in its environment that crops to faces.

    On an emulator, which has no Rekognition, `faces` is rendered as `attention`.
    """
    return {"FACES": "true"} if _by_faces(parameters, sizes) else {}


def faces_statements(parameters: StageParameters, sizes: Iterable[Size]) -> list[dict[str, Any]]:
    """Leave to ask for faces; Rekognition knows no resources for pictures that are sent along."""
    return [allow(["rekognition:DetectFaces"], "*")] if _by_faces(parameters, sizes) else []


def analyzer_settings(parameters: RekognitionParameters, sizes: Iterable[Size]) -> dict[str, str]:
    """What a function that renders these sizes has in its environment; nothing asked, nothing."""
    settings = faces_settings(parameters, sizes)
    if parameters.moderation:
        settings["MODERATION_CONFIDENCE"] = str(parameters.moderation_confidence)
    return settings


def analyzer_statements(
    parameters: RekognitionParameters, sizes: Iterable[Size]
) -> list[dict[str, Any]]:
    """Leave to ask what is asked about photos of these sizes, and to keep the answers.

    Tags are all that a worker may write in the originals bucket: they change no byte and no ETag,
    and S3 tells the topic of objects, not of tags, so that no rendering can start by them.
    """
    asking = faces_statements(parameters, sizes)
    if parameters.moderation:
        asking.append(allow(["rekognition:DetectModerationLabels"], "*"))
    if not asking:
        return []
    tags = ["s3:GetObjectTagging", "s3:PutObjectTagging"]
    return [*asking, allow(tags, sub(f"{ORIGINALS_BUCKET}/{ORIGINALS}*"))]


def _by_faces(parameters: StageParameters, sizes: Iterable[Size]) -> bool:
    return not parameters.emulator and any(size.position == "faces" for size in sizes)

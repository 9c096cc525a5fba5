"""Settings and permissions of functions that call Amazon Rekognition: faces and moderation."""

from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import Field

from infra.naming import allow
from infra.originals import allow_originals
from infra.stage import StageParameters
from lib.sizes import Size


class RekognitionParameters(StageParameters):
    """Parameters of content moderation."""

    moderation: bool
    # Percent; Rekognition's own default minimum is 50.
    moderation_confidence: int = Field(ge=50, le=100)

    def find_conflicts(self) -> Iterator[str]:
        """Yields what is wrong with these parameters together."""
        yield from super().find_conflicts()
        if self.moderation and self.emulator:
            yield (
                f"moderation: got true on a stage of an emulator ({self.emulator}), which has no "
                "Rekognition: no photo could be looked at, and none would be rendered. Say false "
                "there"
            )


def faces_settings(parameters: StageParameters, sizes: Iterable[Size]) -> dict[str, str]:
    """Builds the environment of a function that crops to faces.

    On an emulator, which has no Rekognition, `faces` is rendered as `attention`.
    """
    return {"FACES": "true"} if _crops_to_faces(parameters, sizes) else {}


def faces_statements(parameters: StageParameters, sizes: Iterable[Size]) -> list[dict[str, Any]]:
    """Builds the permission to detect faces; for images in requests there are no resources."""
    return [allow(["rekognition:DetectFaces"], "*")] if _crops_to_faces(parameters, sizes) else []


def analyzer_settings(parameters: RekognitionParameters, sizes: Iterable[Size]) -> dict[str, str]:
    """Builds the Rekognition settings of a function that renders these sizes; may be empty."""
    settings = faces_settings(parameters, sizes)
    if parameters.moderation:
        settings["MODERATION_CONFIDENCE"] = str(parameters.moderation_confidence)
    return settings


def analyzer_statements(
    parameters: RekognitionParameters, sizes: Iterable[Size]
) -> list[dict[str, Any]]:
    """Builds the permissions to analyze photos of these sizes, and to store the results as tags.

    A worker may write nothing but tags to the originals bucket: they change neither bytes nor ETag,
    and S3 publishes no event for them, so they cannot start a render.
    """
    detection = faces_statements(parameters, sizes)
    if parameters.moderation:
        detection.append(allow(["rekognition:DetectModerationLabels"], "*"))
    if not detection:
        return []
    tags = ("s3:GetObjectTagging", "s3:PutObjectTagging")
    return [*detection, allow_originals(parameters, *tags)]


def _crops_to_faces(parameters: StageParameters, sizes: Iterable[Size]) -> bool:
    return not parameters.emulator and any(size.crops_to_faces for size in sizes)

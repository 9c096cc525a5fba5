"""Amazon Rekognition: where faces are, and what must not be shown, on a small JPEG sent along."""

from typing import Any, NamedTuple, Protocol

from lib.aws.error_mapping import map_errors


class RekognitionClient(Protocol):
    """The two operations of boto3's client that are called."""

    def detect_faces(self, *, Image: dict[str, bytes]) -> Any:  # noqa: N803  boto3's name
        """Faces, with their boxes."""

    def detect_moderation_labels(self, *, Image: dict[str, bytes], MinConfidence: float) -> Any:  # noqa: N803
        """Labels of what is not for everybody's eyes."""


class Face(NamedTuple):
    """A face's box, in shares of the picture's edges (a little outside of it at times).

    `confidence` is in per cent.
    """

    left: float
    top: float
    width: float
    height: float
    confidence: float


class Label(NamedTuple):
    """What is in the picture by Rekognition's names, and how sure it is, in per cent."""

    name: str
    confidence: float


def detect_faces(rekognition: RekognitionClient, jpeg: bytes) -> list[Face]:
    """The faces in a picture, at most 100; TransientError whatever it is that Rekognition refuses.

    The picture is of our own making: no refusal says anything of the photo.
    """
    with map_errors("DetectFaces"):
        answer = rekognition.detect_faces(Image={"Bytes": jpeg})
    return [
        Face(box["Left"], box["Top"], box["Width"], box["Height"], face["Confidence"])
        for face in answer["FaceDetails"]
        for box in [face["BoundingBox"]]
    ]


def detect_moderation_labels(
    rekognition: RekognitionClient, jpeg: bytes, *, min_confidence: float
) -> list[Label]:
    """What Rekognition is at least so sure to see (per cent) that is not for everybody's eyes.

    TransientError as for `faces`.
    """
    with map_errors("DetectModerationLabels"):
        answer = rekognition.detect_moderation_labels(
            Image={"Bytes": jpeg}, MinConfidence=min_confidence
        )
    return [Label(label["Name"], label["Confidence"]) for label in answer["ModerationLabels"]]

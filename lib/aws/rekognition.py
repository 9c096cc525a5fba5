"""Amazon Rekognition: detects faces and moderation labels in a small JPEG."""

from typing import Any, NamedTuple

from lib.aws.error_mapping import map_errors

# boto3's client; its types are not installed.
RekognitionClient = Any


class Face(NamedTuple):
    """A face's box, in fractions of the image's width and height; it may overlap the edges.

    `confidence` is in per cent.
    """

    left: float
    top: float
    width: float
    height: float
    confidence: float


class Label(NamedTuple):
    """A moderation label by Rekognition's name; `confidence` is in per cent."""

    name: str
    confidence: float


def detect_faces(rekognition: RekognitionClient, jpeg: bytes) -> list[Face]:
    """Returns at most 100 faces; raises TransientError for any error of Rekognition.

    No error is permanent: the JPEG was encoded here, so an error does not mean a bad photo.
    """
    with map_errors("DetectFaces"):
        response = rekognition.detect_faces(Image={"Bytes": jpeg})
    return [
        Face(box["Left"], box["Top"], box["Width"], box["Height"], face["Confidence"])
        for face in response["FaceDetails"]
        for box in [face["BoundingBox"]]
    ]


def detect_moderation_labels(
    rekognition: RekognitionClient, jpeg: bytes, *, min_confidence: float
) -> list[Label]:
    """Returns the moderation labels with at least this confidence, in per cent.

    Raises TransientError for any error of Rekognition, as `detect_faces` does.
    """
    with map_errors("DetectModerationLabels"):
        response = rekognition.detect_moderation_labels(
            Image={"Bytes": jpeg}, MinConfidence=min_confidence
        )
    return [Label(label["Name"], label["Confidence"]) for label in response["ModerationLabels"]]

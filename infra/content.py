"""What Amazon Rekognition is asked about photos: faces to crop to, and what must not be shown."""

from pydantic import Field

from infra.stage import StageParameters


class ContentParameters(StageParameters):
    """Whether photos are looked at before they are shown."""

    moderation: bool
    # Per cent; Rekognition itself tells of nothing that it is less sure of than 50.
    moderation_confidence: int = Field(ge=50, le=100)

"""The form of times in JSON and in message attributes: UTC, in whole seconds, with a Z."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AwareDatetime, PlainSerializer, WithJsonSchema


def format_time(time: datetime) -> str:
    """Formats a time like 2026-11-21T04:13:41Z; drops fractions of a second."""
    return time.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


# A field of a pydantic model that is written to JSON in this form, and read in any of ISO 8601.
Timestamp = Annotated[
    AwareDatetime,
    PlainSerializer(format_time, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]

"""The route that changes the focal point of a photo: its function's role, and who needs it."""

from collections.abc import Iterable
from typing import Any

from infra.originals import allow_list_originals, allow_originals
from infra.stage import StageParameters
from lib.sizes import Size

FOCUS = "POST /uploads/{path+}"


def crops_to_focus(sizes: Iterable[Size]) -> bool:
    """Returns whether a size is cropped to photos' focal points: otherwise nobody needs the route.

    Uploads may have one all the same, for sizes to come.
    """
    return any(size.has_focus for size in sizes)


def focus_statements(parameters: StageParameters) -> list[dict[str, Any]]:
    """Builds the permissions to copy an original to itself, with its tags."""
    return [
        allow_originals(
            parameters,
            "s3:GetObject",
            "s3:PutObject",
            "s3:GetObjectTagging",
            "s3:PutObjectTagging",
        ),
        # Without it, S3 answers 403 for a missing original.
        allow_list_originals(parameters),
    ]

"""The focal point of a photo, as an original's metadata hold it: `0.3,0.4`."""

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from lib.pipeline.metadata_keys import FOCUS

Share = Annotated[float, Field(ge=0, le=1, strict=True)]
# Shares of the upright photo's width and height, from its left and its top.
FocalPoint = tuple[Share, Share]
# A ten-thousandth of a photo's edge is less than a pixel of most.
_DIGITS = 4
_SHARE = rf"(?:0(?:\.[0-9]{{1,{_DIGITS}}})?|1(?:\.0{{1,{_DIGITS}}})?)"
_FOCUS = re.compile(rf"({_SHARE}),({_SHARE})")


def format_focus(focus: FocalPoint) -> str:
    """Returns the one spelling of a focal point, which metadata are compared by."""
    return ",".join(f"{abs(round(share, _DIGITS)):g}" for share in focus)


def parse_focus(text: str) -> FocalPoint | None:
    """Returns the focal point of a text; None if it is none."""
    match = _FOCUS.fullmatch(text)
    return (float(match[1]), float(match[2])) if match else None


def read_focus(metadata: Mapping[str, str]) -> FocalPoint | None:
    """Returns the focal point of an original; None if its metadata have none, or another text.

    Somebody else's program may have stored that.
    """
    return parse_focus(metadata.get(FOCUS, ""))


def focus_metadata(focus: FocalPoint | None) -> dict[str, str]:
    """Builds the metadata of an original with this focal point."""
    return {FOCUS: format_focus(focus)} if focus else {}

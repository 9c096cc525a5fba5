"""The partial frames of GIF and APNG."""

from enum import Enum
from typing import NamedTuple

from lib.images.header import Header


class Disposal(Enum):
    """How the canvas is restored before the next frame is drawn."""

    KEEP = "keep"
    CLEAR = "clear"
    RESTORE = "restore"


class Part(NamedTuple):
    """A frame: an image file of its own, its position and its duration.

    With `blend`, it is composited over the canvas; otherwise it replaces the pixels and their
    alpha.
    """

    header: Header
    corner: tuple[int, int]
    milliseconds: int
    disposal: Disposal = Disposal.KEEP
    blend: bool = True


class Parts(NamedTuple):
    """All frames of a file, and their canvas; `plays` 0 is for ever.

    If `background` has three samples, the canvas has no alpha.
    """

    frames: list[Part]
    size: tuple[int, int]
    background: tuple[int, ...]
    plays: int

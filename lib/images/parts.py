"""The frames of files that store parts of pictures: GIF and APNG."""

from enum import Enum
from typing import NamedTuple

from lib.images.header import Header


class Disposal(Enum):
    """What becomes of a part before the next one is drawn."""

    KEEP = "keep"
    CLEAR = "clear"
    RESTORE = "restore"


class Part(NamedTuple):
    """One frame: a still of its own, where it is drawn, and for how long it is shown.

    `over` blends it with what is there; otherwise it takes its place, alpha included.
    """

    header: Header
    corner: tuple[int, int]
    milliseconds: int
    disposal: Disposal = Disposal.KEEP
    over: bool = True


class Parts(NamedTuple):
    """All frames of a file, on a canvas of `size` that begins as `background`; `plays` 0: for ever.

    A background of three samples is a canvas without alpha.
    """

    frames: list[Part]
    size: tuple[int, int]
    background: tuple[int, ...]
    plays: int

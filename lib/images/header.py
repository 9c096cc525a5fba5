"""What is known of a photo before a pixel is decoded: read by our own few lines per format.

Everything that a limit is checked against comes from here, so a bomb is refused for the price
of some slices of bytes, and Pillow never sees it.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib.util import find_spec
from typing import NamedTuple

from lib.errors import PermanentError, Reason
from lib.images.splice import Spliced


class Codec(StrEnum):
    """The formats that are read."""

    JPEG = "jpeg"
    PNG = "png"
    GIF = "gif"
    WEBP = "webp"
    TIFF = "tiff"
    BMP = "bmp"
    AVIF = "avif"
    HEIC = "heic"


def has_heic_decoder() -> bool:
    """Tell whether HEIC can be read: its decoder is a package that may be left out."""
    return find_spec("pillow_heif") is not None


def list_formats() -> str:
    """The formats that can be read, for messages."""
    heic = ", HEIC" if has_heic_decoder() else ""
    return f"JPEG, PNG, WebP, GIF, AVIF{heic}, TIFF or BMP"


class Transform(NamedTuple):
    """One step from the pixels of an AVIF to what is seen: `clap`, `irot` or `imir`."""

    name: str
    data: bytes


@dataclass(frozen=True, kw_only=True)
class Header:
    """One photo's header.

    `parts` are the slices of the file that hold pixels; `orientation` is EXIF's 1-8;
    `complete` tells whether the file's own structure reaches its end; `plays` how often an AVIF's
    animation is shown, 0 for ever; `transparent_colour`
    is the one that a PNG declares as see-through, in 8 bits a sample, or in 16 if they are `deep`;
    `negative` tells whether a TIFF's 0 is white where no decoder turns that round;
    `transforms` are an AVIF's own, and `visible` the part of its pixels that they leave;
    `moving_parts` are the slices of its whole animation, where a still needs less; `decoded` are
    the pixels of all frames that a decoder makes for one picture, alpha's among them, and `kept`
    the bytes of those that it keeps beside them, where the file tells; `padded` are the pixels
    of whole tiles.
    """

    codec: Codec
    width: int
    height: int
    parts: Sequence[bytes | memoryview]
    orientation: int = 1
    profile: bytes | None = None
    complete: bool = True
    frames: int = 1
    plays: int = 0
    transparent_colour: tuple[int, ...] | None = None
    deep: bool = False
    negative: bool = False
    transforms: tuple[Transform, ...] = ()
    visible: tuple[int, int, int, int] | None = None
    moving_parts: Sequence[bytes | memoryview] | None = None
    decoded: int = 0
    kept: int = 0
    padded: int = 0

    @property
    def pixels(self) -> int:
        """Pixels of one picture: a frame and its alpha count as one, more of them as more."""
        return max(self.width * self.height, self.decoded // 2, self.padded)

    @property
    def upright(self) -> tuple[int, int]:
        """Width and height as a viewer sees them: orientations 5-8 lie on their side."""
        swapped = self.orientation >= 5  # noqa: PLR2004  EXIF's own numbers
        return (self.height, self.width) if swapped else (self.width, self.height)

    def stream(self) -> io.BufferedIOBase | io.RawIOBase:
        """A new file of the parts, for a decoder."""
        return io.BytesIO(self.parts[0]) if len(self.parts) == 1 else Spliced(*self.parts)

    def undecodable(self, cause: object) -> PermanentError:
        """The error for pixels that a decoder refused: cut off, or wrong."""
        if self.complete:
            return corrupt(self.codec, cause)
        return truncated(self.codec)


def truncated(codec: Codec) -> PermanentError:
    """The file ends before its picture does."""
    return PermanentError(
        Reason.TRUNCATED, f"the {codec.upper()} file breaks off before its end: upload it again"
    )


def corrupt(codec: Codec, cause: object) -> PermanentError:
    """The file is whole, but not what its format demands."""
    return PermanentError(
        Reason.CORRUPT,
        f"the {codec.upper()} file cannot be decoded ({cause}): export it anew and upload that",
    )


def unsupported(codec: Codec, how: str) -> PermanentError:
    """The file is sound, but of a kind that is not rendered; `how` completes "the file is"."""
    return PermanentError(
        Reason.UNSUPPORTED,
        f"the {codec.upper()} file is {how}, which is not rendered: export it as a usual one and "
        "upload that",
    )


def metadata_bomb(codec: Codec, what: str) -> PermanentError:
    """The file holds more beside its pixels than any camera or editor writes."""
    return PermanentError(
        Reason.METADATA_BOMB,
        f"the {codec.upper()} file holds {what}: export it without metadata and upload that",
    )

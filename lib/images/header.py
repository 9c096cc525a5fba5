"""The header of a photo, which is read before pixels are decoded.

All limits are checked against the header, so a decompression bomb is rejected at little cost, and
never reaches Pillow.
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
    """Returns whether HEIC can be decoded: the zip may lack its decoder."""
    return find_spec("pillow_heif") is not None


def list_formats() -> str:
    """Lists the formats that can be read, for messages."""
    heic = ", HEIC" if has_heic_decoder() else ""
    return f"JPEG, PNG, WebP, GIF, AVIF{heic}, TIFF or BMP"


class Transform(NamedTuple):
    """A transform that an AVIF declares for display: `clap`, `irot` or `imir`."""

    name: str
    data: bytes


@dataclass(frozen=True, kw_only=True)
class Header:
    """The header of a photo.

    - `parts`: slices of the file to decode; `moving_parts`: those of the whole animation, if a
      still needs fewer.
    - `orientation`: EXIF's 1-8.
    - `complete`: whether the file's structure reaches its end.
    - `plays`: of an AVIF's animation, 0 for ever.
    - `transparent_colour`: of a PNG, in 8 bits a sample, or 16 if `deep`.
    - `negative`: whether 0 is white in a TIFF whose decoder does not invert it.
    - `transforms`: those of an AVIF; `visible`: the box of its pixels that they leave.
    - `decoded`: pixels of all frames, with alpha, that one image takes; `reference_bytes`: bytes of
      the frames that the decoder holds besides. Both are 0 if the file does not declare them.
    - `padded`: pixels of whole tiles.
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
    reference_bytes: int = 0
    padded: int = 0

    @property
    def pixels(self) -> int:
        """Pixels of one image; a frame and its alpha count as one."""
        return max(self.width * self.height, self.decoded // 2, self.padded)

    @property
    def upright(self) -> tuple[int, int]:
        """Width and height after orientation; 5-8 swap them."""
        swapped = self.orientation >= 5  # noqa: PLR2004  EXIF's own numbers
        return (self.height, self.width) if swapped else (self.width, self.height)

    def stream(self) -> io.BufferedIOBase | io.RawIOBase:
        """Opens the parts as one file, for a decoder."""
        return io.BytesIO(self.parts[0]) if len(self.parts) == 1 else Spliced(*self.parts)

    def undecodable(self, cause: object) -> PermanentError:
        """Makes the error for pixels that cannot be decoded: truncated or corrupt."""
        if self.complete:
            return corrupt(self.codec, cause)
        return truncated(self.codec)


def truncated(codec: Codec) -> PermanentError:
    """Makes the error for a file that ends before its pixels do."""
    return PermanentError(
        Reason.TRUNCATED, f"the {codec.upper()} file breaks off before its end: upload it again"
    )


def corrupt(codec: Codec, cause: object) -> PermanentError:
    """Makes the error for a complete file that violates its format."""
    return PermanentError(
        Reason.CORRUPT,
        f"the {codec.upper()} file cannot be decoded ({cause}): export it anew and upload that",
    )


def unsupported(codec: Codec, how: str) -> PermanentError:
    """Makes the error for a valid file that cannot be rendered; `how` completes "the file is"."""
    return PermanentError(
        Reason.UNSUPPORTED,
        f"the {codec.upper()} file is {how}, which is not rendered: export it as a usual one and "
        "upload that",
    )


def metadata_bomb(codec: Codec, what: str) -> PermanentError:
    """Makes the error for a file with more metadata than any camera or editor writes."""
    return PermanentError(
        Reason.METADATA_BOMB,
        f"the {codec.upper()} file holds {what}: export it without metadata and upload that",
    )

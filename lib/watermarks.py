"""Reads the images of watermarks, beside sizes.yml and where they are packed with functions."""

import hashlib
from functools import lru_cache
from pathlib import Path

from lib.errors import ConfigError
from lib.images import WatermarkImage, read_watermark_image
from lib.sizes import Size, SizesFile, map_watermarks

# Where the functions' code has them: a folder beside `lib`. A file's name there is its hash.
PACKED_FOLDER = "watermarks"
_PACKED = Path(__file__).resolve().parents[1] / PACKED_FOLDER


def check_watermarks(file: SizesFile) -> None:
    """Raises ConfigError with a line for each watermark whose file cannot be used."""
    map_watermarks(file, read_watermark_image)


def load_packed(size: Size) -> WatermarkImage | None:
    """Returns the image of a size's watermark in a function; None if the size has none.

    Raises ConfigError if it is not packed.
    """
    if size.watermark is None:
        return None
    return _load(str(size.watermark.sha256))


# Decoding takes some milliseconds, and a photo needs its watermark each time. A function of several
# sizes renders one photo at a time, and has room for eight.
@lru_cache(maxsize=8)
def _load(sha256: str) -> WatermarkImage:
    try:
        data = (_PACKED / sha256).read_bytes()
    except OSError as error:
        raise ConfigError(f"the watermark {sha256} is not packed: deploy again") from error
    if hashlib.sha256(data).hexdigest() != sha256:
        raise ConfigError(f"the watermark {sha256} was packed with other bytes: deploy again")
    return read_watermark_image(data)

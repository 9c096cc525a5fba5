"""Packs all sizes into one environment variable; Lambda allows 4 KB for all variables together."""

import json
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterable

from lib.sizes.size import Size


def pack_sizes(sizes: Iterable[Size]) -> str:
    """Returns the sizes as base64 text: their differences from the defaults, compressed."""
    entries = [size.model_dump(mode="json", exclude_defaults=True) for size in sizes]
    return b64encode(zlib.compress(json.dumps(entries).encode(), 9)).decode()


def unpack_sizes(text: str) -> list[Size]:
    """Returns the sizes that `pack_sizes` packed; raises ValueError for other text."""
    try:
        entries = json.loads(zlib.decompress(b64decode(text, validate=True)))
    except zlib.error as error:
        raise ValueError(f"these are no packed sizes: {error}") from error
    return [Size.model_validate(entry) for entry in entries]

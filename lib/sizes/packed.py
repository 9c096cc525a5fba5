"""All sizes of a stage in one environment variable: Lambda takes 4 KB for all of them together."""

import json
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterable

from lib.sizes.size import Size


def pack_sizes(sizes: Iterable[Size]) -> str:
    """The sizes as short text: what differs from the defaults, compressed."""
    entries = [size.model_dump(mode="json", exclude_defaults=True) for size in sizes]
    return b64encode(zlib.compress(json.dumps(entries).encode(), 9)).decode()


def unpack_sizes(text: str) -> list[Size]:
    """The sizes that `packed` made a text of; ValueError where it is another text."""
    try:
        entries = json.loads(zlib.decompress(b64decode(text, validate=True)))
    except zlib.error as error:
        raise ValueError(f"these are no packed sizes: {error}") from error
    return [Size.model_validate(entry) for entry in entries]

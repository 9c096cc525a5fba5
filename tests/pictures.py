"""A few pictures made in code: small, and with a corner that tells which way is up."""

import io
from typing import Any

from PIL import Image, ImageDraw

RED, BLUE, GREEN, WHITE = (200, 30, 30), (30, 30, 200), (30, 160, 30), (255, 255, 255)


def quarters(width: int = 320, height: int = 240, mode: str = "RGB") -> Image.Image:
    """Red, blue / green, white: a turned or mirrored picture shows at once."""
    image = Image.new("RGB", (width, height), WHITE)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, width // 2 - 1, height // 2 - 1), RED)
    draw.rectangle((width // 2, 0, width, height // 2 - 1), BLUE)
    draw.rectangle((0, height // 2, width // 2 - 1, height), GREEN)
    return image.convert(mode)


def encoded(image: Image.Image, format: str = "JPEG", **options: Any) -> bytes:  # noqa: A002
    """The picture as a file's bytes."""
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


def decoded(data: bytes) -> Image.Image:
    """A file's bytes as a picture, fully read."""
    image = Image.open(io.BytesIO(data))
    image.load()
    return image

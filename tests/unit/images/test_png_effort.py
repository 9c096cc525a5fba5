"""How a PNG is compressed: quickly where that costs few bytes."""

from collections.abc import Callable

import pytest
from PIL import Image, ImageDraw

from lib.images import encode
from tests.unit.images import made


def photograph() -> Image.Image:
    """Smooth with grain, so that nothing repeats."""
    return Image.blend(made.photo(320, 240), made.noise(320, 240), 0.1)


def drawing() -> Image.Image:
    image = Image.new("RGB", (320, 240), "white")
    draw = ImageDraw.Draw(image)
    for y in range(0, 240, 6):
        draw.text((4, y), "the same words " * 4, fill=(20, 40, y))
    return image


@pytest.mark.parametrize(("draw", "is_quick"), [(photograph, True), (drawing, False)])
def test_run_lengths_are_used_where_they_cost_few_bytes(
    draw: Callable[[], Image.Image], is_quick: bool
) -> None:
    image = draw()
    quick = made.encoded(image, "PNG", compress_level=1, compress_type=3)
    thorough = made.encoded(image, "PNG", compress_level=4)
    assert (len(quick) <= 1.01 * len(thorough)) == is_quick
    assert len(encode.encode(image, "png", made.size())) <= 1.01 * len(thorough)
    options = encode._png(image, 320 * 240)
    assert (options.get("compress_type") == 3) == is_quick


@pytest.mark.parametrize("size", [(1, 1), (1, 200), (200, 1), (65, 65)])
@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_small_images_are_compressed_too(mode: str, size: tuple[int, int]) -> None:
    image = made.photo(*size).convert(mode)
    png = encode.encode(image, "png", made.size())
    assert made.decoded(png).tobytes() == image.tobytes()

"""AVIFs whose rows are read from the decoder's bytes, beside Pillow's image of them."""

from functools import cache
from typing import Any

import pytest
from PIL import Image

from lib.images import avif_rows, decode, render
from lib.images.formats import read_header
from tests.unit.images import made

CLEAR = made.photo(61, 43)
CLEAR.putalpha(Image.linear_gradient("L").resize(CLEAR.size))
SOURCES: dict[str, tuple[Image.Image, dict[str, Any]]] = {
    "small": (made.photo(61, 43), {}),
    "turned": (made.photo(61, 43), {"exif": made.exif(6)}),
    "transparent": (CLEAR, {}),
    "of several bands": (made.photo(1400, 1000), {"speed": 10}),
    "animated": (CLEAR, {"save_all": True, "append_images": [CLEAR]}),
}


@cache
def source(name: str) -> bytes:
    image, options = SOURCES[name]
    return made.encoded(image, "AVIF", **options)


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("box", [(20, 30), (60, 40), (1000, 700)])
def test_its_variants_are_those_of_pillows_image(
    name: str, box: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    size = made.size(width=box[0], height=box[1], format="png")
    by_rows = render(source(name), size)
    monkeypatch.setattr(avif_rows, "open_rows", lambda *_: None)
    assert by_rows == render(source(name), size)


@pytest.mark.parametrize("name", SOURCES)
def test_its_rows_are_read(name: str) -> None:
    header = read_header(source(name))
    assert avif_rows.open_rows(decode.open_image(header), header) is not None


def test_a_decoder_without_such_a_method_is_pillows(monkeypatch: pytest.MonkeyPatch) -> None:
    header = read_header(source("small"))
    image = decode.open_image(header)
    monkeypatch.delattr(image, "_decoder")
    assert avif_rows.open_rows(image, header) is None

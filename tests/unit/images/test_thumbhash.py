"""ThumbHashes are, byte for byte, those of the reference."""

import json
import subprocess
from base64 import b64decode, b64encode
from pathlib import Path

import pytest
from PIL import Image

from lib.images import thumbhash
from tests.thumbhash import decode

PROJECT = Path(__file__).parents[3]
# Kind, width, height and seed of pixels as `make_pixels` makes them, and what rgbaToThumbHash of
# npm's thumbhash 0.1.1 returns for them.
VECTORS = [
    ("noise", 32, 24, 1, "HwgCDYL6qW9yvNYVd7l1pxQv9Z+d"),
    ("noise", 7, 100, 2, "4AcCCQLF1XSWSSQHQLf1hBI="),
    ("noise", 100, 7, 3, "IPgBCYI5P4UHmgxeym8VFvo="),
    ("slope", 64, 48, 4, "mjcGbYyAd3d1h4h4d3iIeIB1CNiH"),
    ("slope", 33, 77, 5, "mbYFQxBxgHd4d4h3cYBH93g="),
    ("slope", 100, 100, 6, "HwsKjxRwd3eDh3iIh3eHd3h3B0d3cY8I"),
    ("clear", 64, 48, 7, "2jeGNIYIgIeFiIiICFiIgI0XIQNUFmVhAg=="),
    ("clear", 20, 61, 8, "l7WBEgYXk5CYiJiTkFn4ZxAyUoZiSEc="),
    ("clear", 100, 31, 9, "XJmGSogIcIiGiIiAhwi3eDJDQWVgJhY="),
    ("noise", 1, 1, 10, "aART50QI9wiIh4hwj3CI+AiIcH/4CIgA"),
    ("slope", 2, 3, 11, "UxImDQJ4B3eIiIeIiIeICIZwmQem"),
    ("slope", 100, 1, 12, "W8g2mbJ3eHiIiAiIcHhXhwg="),
]
# A hash, and of what its thumbHashToRGBA returns the size and every 101st pixel.
DECODED = [
    (
        VECTORS[0][4],
        (32, 23),
        "139 104 132 255 137 111 127 255 132 125 118 255 128 134 113 255 "
        "125 134 116 255 124 124 126 255 124 116 135 255 128 113 134 255",
    ),
    (
        VECTORS[6][4],
        (32, 26),
        "79 57 141 136 79 55 134 136 88 60 124 136 111 75 115 136 136 92 100 136 "
        "159 111 85 136 177 128 78 136 69 91 121 136 82 100 115 136",
    ),
]


def make_pixels(kind: str, width: int, height: int, seed: int) -> Image.Image:
    """Without any symmetry, whose terms are zero but for errors of rounding."""
    state = seed

    def grain() -> int:
        nonlocal state
        state = state * 1103515245 + 12345 & 0x7FFFFFFF
        return state >> 16 & 255

    pixels = bytearray()
    for y in range(height):
        for x in range(width):
            first = grain()
            if kind == "noise":
                pixels += bytes((first, grain(), grain()))
            else:
                red, blue = min(255, 3 * x + first % 40), max(0, 200 - 2 * x - y)
                pixels += bytes((red, min(255, 2 * y + x + 10), blue))
            pixels.append(min(255, 2 * x * y % 300) if kind == "clear" else 255)
    return Image.frombytes("RGBA", (width, height), bytes(pixels))


@pytest.mark.parametrize(("kind", "width", "height", "seed", "expected"), VECTORS)
def test_the_hash_is_that_of_the_reference(
    kind: str, width: int, height: int, seed: int, expected: str
) -> None:
    image = make_pixels(kind, width, height, seed)
    assert b64encode(thumbhash.encode(image)).decode() == expected


@pytest.mark.parametrize(("encoded", "size", "pixels"), DECODED)
def test_the_tests_decoder_shows_what_a_browser_does(
    encoded: str, size: tuple[int, int], pixels: str
) -> None:
    image = decode(b64decode(encoded))
    assert image.size == size
    sample = [value for at, value in enumerate(image.tobytes()) if at % 404 < 4]
    assert sample == list(map(int, pixels.split()))


def test_the_console_shows_what_a_browser_does() -> None:
    hashes = [encoded for *_, encoded in VECTORS]
    shown = subprocess.run(
        ["node", "--input-type=module"],
        input=f"""
            import {{ decode }} from "{PROJECT}/console/thumbhash.js";
            const shown = {json.dumps(hashes)}.map(decode);
            console.log(JSON.stringify(shown.map((s) => [s.width, s.height, [...s.pixels]])));
        """,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    for encoded, (width, height, pixels) in zip(hashes, json.loads(shown.stdout), strict=True):
        expected = decode(b64decode(encoded))
        assert (width, height) == expected.size, encoded
        # Cosines differ in their last bit between Python and JavaScript.
        assert all(
            abs(one - other) <= 1 for one, other in zip(pixels, expected.tobytes(), strict=True)
        ), encoded


@pytest.mark.parametrize("colour", [(255, 255, 255, 255), (1, 2, 3, 255), (200, 10, 90, 255)])
def test_an_even_colour_has_no_terms_of_rounding_errors(colour: tuple[int, int, int, int]) -> None:
    encoded = thumbhash.encode(Image.new("RGBA", (30, 17), colour))
    assert not any(encoded[5:])
    shown = decode(encoded).getpixel((9, 9))
    assert shown == pytest.approx(colour, abs=9)


def test_nothing_at_all_is_clear() -> None:
    image = decode(thumbhash.encode(Image.new("RGBA", (20, 20), (9, 9, 9, 0))))
    assert image.getchannel("A").getextrema() == (0, 0)

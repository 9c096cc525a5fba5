"""The script of docs/pages.md, which draws a photo's placeholder, under Node."""

import json
import re
import subprocess
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from lib.images import thumbhash
from tests.pictures import quarters
from tests.thumbhash import decode

DOCUMENT = (Path(__file__).parents[3] / "docs" / "pages.md").read_text()
(SCRIPT,) = re.findall(r"```js\n(.*?)```", DOCUMENT, re.DOTALL)
# What the script needs of a page. An image is loaded after the script has run.
PAGE = """
const { script, images } = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const drawn = [], listeners = [];
globalThis.ImageData = class { constructor(...pixels) { drawn.push(pixels); } };
globalThis.document = {
  querySelectorAll: () => images,
  createElement: () => ({ getContext: () => ({ putImageData() {} }), toDataURL: () => 'data:,' }),
};
for (const image of images) {
  image.style = {};
  image.addEventListener = (event, listener) => { listeners.push([event, listener]); };
}
(0, eval)(script);
const before = images.map((image) => image.style.background);
listeners.forEach(([event, listener]) => { if (event === 'load') listener(); });
const after = images.map((image) => image.style.background);
const pixels = drawn.map(([bytes, width, height]) => ({ bytes: [...bytes], width, height }));
process.stdout.write(JSON.stringify({ pixels, before, after }));
"""


def run(*hashes: bytes, complete: bool = False) -> Any:
    """What the script draws for images with these hashes, and their backgrounds."""
    images = [
        {"dataset": {"thumbhash": b64encode(each).decode()}, "complete": complete}
        for each in hashes
    ]
    ran = subprocess.run(
        ["node", "-e", PAGE],
        input=json.dumps({"script": SCRIPT, "images": images}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def made(width: int, height: int, *, transparent: bool) -> Image.Image:
    """Four colours, and a hole on the right."""
    image = quarters(32, 32).resize((width, height)).convert("RGBA")
    if transparent:
        image.paste((0, 0, 0, 0), (width // 2, 0, width, height))
    return image


@pytest.mark.parametrize("transparent", [False, True])
def test_it_draws_what_the_reference_draws(transparent: bool) -> None:
    sizes = [(32, 24), (24, 32), (32, 32), (32, 5), (5, 32), (1, 1), (32, 1)]
    hashes = [thumbhash.encode(made(*size, transparent=transparent)) for size in sizes]
    for found, expected in zip(run(*hashes)["pixels"], map(decode, hashes), strict=True):
        assert (found["width"], found["height"]) == expected.size
        # The reference cuts fractions off, a canvas rounds.
        pairs = zip(found["bytes"], expected.tobytes(), strict=True)
        assert all(abs(one - other) <= 1 for one, other in pairs)


def test_it_shows_the_preview_until_the_image_is_loaded() -> None:
    ran = run(thumbhash.encode(made(32, 24, transparent=False)))
    assert ran["before"] == ["center / 100% 100% url(data:,)"]
    assert ran["after"] == ["none"]


def test_it_leaves_an_image_that_is_there_already() -> None:
    ran = run(thumbhash.encode(made(32, 24, transparent=False)), complete=True)
    assert (ran["pixels"], ran["before"]) == ([], [None])

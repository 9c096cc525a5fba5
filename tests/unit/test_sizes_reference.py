"""docs/sizes.md is what infra/sizes_reference.py writes."""

import itertools
import re
from functools import cache
from typing import get_args

import pytest
import yaml
from PIL import Image, ImageChops

from infra.sizes_reference import (
    EXAMPLES,
    IMAGES,
    PAGE,
    PHOTO,
    SMALL_PHOTO_SIZES,
    make_images,
    make_page,
    make_photo,
)
from lib.images import render
from lib.sizes import Size, load_sizes, parse_sizes
from lib.sizes.size import Fit, options
from tests.pictures import decoded, encoded

EXAMPLES_FILE = "docs/size-examples.yml"
WRITE = "run .venv/bin/python -m infra.sizes_reference"
# Encoders' versions differ by a few levels of a sample; a crop or colour that moved, by more.
TOLERANCE = 12
MAX_BYTES = 400 * 1024
images_made = cache(make_images)


@pytest.mark.parametrize("key", options())
def test_each_key_has_a_description_and_an_example_that_sets_it(key: str) -> None:
    assert options()[key].description, f"{key}: describe it in lib/sizes/size.py"
    assert any(key in entry for entry in EXAMPLES.get(key, ())), (
        f"{key}: show it in {EXAMPLES_FILE}, and, if it changes the picture, in _SOURCES"
    )
    for entry in EXAMPLES[key]:
        Size.model_validate(entry)


def test_each_fit_mode_is_shown() -> None:
    shown = {entry.get("fit") for entry in EXAMPLES["fit"]}
    assert shown == set(get_args(Fit)), f"show each fit mode in {EXAMPLES_FILE}"


def test_each_example_is_of_a_key() -> None:
    assert EXAMPLES.keys() <= options().keys(), f"remove an example from {EXAMPLES_FILE}"


def test_the_example_of_the_introduction_is_one() -> None:
    _, block, _ = re.split(r"```(?:yaml)?\n", PAGE.read_text().partition("\n## ")[0])
    assert len(parse_sizes(block.encode(), file=PAGE.name).sizes) > 1


@pytest.mark.parametrize(
    ("row", "column"), list(itertools.product(range(len(SMALL_PHOTO_SIZES)), range(4)))
)
def test_the_table_of_small_photos_is_what_the_renderer_makes(row: int, column: int) -> None:
    table = re.findall(r"^\| (?:size|`\{).*$", PAGE.read_text(), re.MULTILINE)
    header, *rows = ([cell.strip() for cell in line.split("|")[1:-1]] for line in table)
    assert len(rows) == len(SMALL_PHOTO_SIZES)
    photo, _, enlarged = header[1 + column].partition(", ")
    entry = yaml.safe_load(rows[row][0].strip("`"))
    size = Size(name="small", background="#ff0000", enlarge=bool(enlarged), **entry)
    white = Image.new("RGB", pixels(photo), "white")
    made = decoded(render(encoded(white, "PNG"), size).data).convert("RGB")
    # The blue of the background is 0, the photo's is not.
    box = made.getchannel("B").getbbox()
    assert box is not None
    canvas, _, part = rows[row][1 + column].partition(", the photo ")
    assert made.size == pixels(canvas)
    assert (box[2] - box[0], box[3] - box[1]) == pixels(part or canvas)


def pixels(text: str) -> tuple[int, int]:
    width, height = text.split(" x ")
    return int(width), int(height)


def test_the_page_is_what_the_program_writes() -> None:
    assert PAGE.read_text() == make_page(), f"docs/sizes.md is not up to date: {WRITE}"


def test_the_pictures_are_those_of_the_program_and_small() -> None:
    files = {file.name: file.stat().st_size for file in IMAGES.iterdir()}
    assert files.keys() == images_made().keys(), f"docs/images/sizes is not up to date: {WRITE}"
    assert sum(files.values()) < MAX_BYTES


@pytest.mark.parametrize("name", sorted(file.name for file in IMAGES.iterdir()))
def test_a_picture_has_the_pixels_that_the_renderer_makes_today(name: str) -> None:
    require_same(name, (IMAGES / name).read_bytes(), images_made()[name])


def test_the_photo_that_the_readme_uploads_is_larger_than_each_size() -> None:
    require_same(PHOTO.name, PHOTO.read_bytes(), make_photo())
    width, height = decoded(PHOTO.read_bytes()).size
    sizes = load_sizes(PAGE.parents[1] / "sizes.yml")
    assert all((size.width or 0) < width and (size.height or 0) < height for size in sizes)
    assert PHOTO.stat().st_size < MAX_BYTES


def require_same(name: str, stored: bytes, drawn: bytes) -> None:
    kept, made = decoded(stored), decoded(drawn)
    facts = [(image.size, image.format, getattr(image, "n_frames", 1)) for image in (kept, made)]
    assert facts[0] == facts[1], f"{name} is not up to date: {WRITE}"
    difference = ImageChops.difference(kept.convert("RGBA"), made.convert("RGBA"))
    assert max(difference.tobytes()) <= TOLERANCE, f"{name} is not up to date: {WRITE}"

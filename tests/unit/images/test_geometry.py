"""Output sizes, for any photo and any box."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from lib.images import render
from lib.images.geometry import Geometry, fit
from lib.images.orient import stored_box
from lib.sizes import MAX_EDGE, Size
from lib.sizes.size import Fit
from tests.unit.images import made

EDGES = st.integers(1, MAX_EDGE)
PIXELS = st.integers(1, 32_768)
FITS = st.sampled_from(get_args(Fit))
# What each fit mode makes of a photo of 400 x 200 in a box of 100 x 100.
WHOLE = (0, 0, 400, 200)
BY_FIT = {
    "cover": Geometry((100, 0, 300, 200), (100, 100), (100, 100)),
    "contain": Geometry(WHOLE, (100, 50), (100, 100), (0, 25)),
    "inside": Geometry(WHOLE, (100, 50), (100, 50)),
    "fill": Geometry(WHOLE, (100, 100), (100, 100)),
}


@pytest.mark.parametrize("fit_", get_args(Fit))
def test_each_fit_mode_has_its_own_geometry(fit_: str) -> None:
    assert fit_ in BY_FIT, (
        f"fit: {fit_}: compute it in fit() in lib/images/geometry.py, and add what it makes to "
        f"BY_FIT in {__file__}. If it crops or pads, say so in Size._position_has_an_effect in "
        "lib/sizes/size.py"
    )
    assert fit(made.size(width=100, height=100, fit=fit_), 400, 200) == BY_FIT[fit_]


@given(width=PIXELS, height=PIXELS, box=st.tuples(EDGES, EDGES), fit_=FITS, enlarge=st.booleans())
def test_what_comes_out_fits_its_box(
    width: int, height: int, box: tuple[int, int], fit_: str, enlarge: bool
) -> None:
    size = made.size(width=box[0], height=box[1], fit=fit_, enlarge=enlarge)
    plan = fit(size, width, height)

    assert all(1 <= length <= edge for length, edge in zip(plan.canvas, box, strict=True)), (
        f"fit: {fit_} makes more pixels than the box has: Size._box_fits_its_memory in "
        "lib/sizes/size.py must reckon with them"
    )
    assert all(1 <= length <= edge for length, edge in zip(plan.scaled, plan.canvas, strict=True))
    left, top, right, bottom = plan.crop
    assert 0 <= left < right <= width
    assert 0 <= top < bottom <= height
    if fit_ == "contain" or (enlarge and fit_ != "inside"):
        assert plan.canvas == box
    if not enlarge:
        assert plan.scaled[0] <= width
        assert plan.scaled[1] <= height


@given(width=PIXELS, height=PIXELS, box=st.tuples(EDGES, EDGES))
def test_cover_has_the_boxs_ratio_and_keeps_an_edge_whole(
    width: int, height: int, box: tuple[int, int]
) -> None:
    plan = fit(made.size(width=box[0], height=box[1]), width, height)
    kept = plan.crop[2] - plan.crop[0], plan.crop[3] - plan.crop[1]

    assert kept[0] == pytest.approx(width) or kept[1] == pytest.approx(height)
    assert kept[0] / kept[1] == pytest.approx(box[0] / box[1], rel=1e-6)
    if box[0] <= width and box[1] <= height:
        assert plan.canvas == box


@given(width=PIXELS, height=PIXELS, edge=EDGES, enlarge=st.booleans())
def test_with_one_edge_the_other_follows_the_photo(
    width: int, height: int, edge: int, enlarge: bool
) -> None:
    plan = fit(made.size(width=edge, height=None, enlarge=enlarge), width, height)
    assert plan.canvas[0] <= edge
    assert plan.canvas[1] <= MAX_EDGE
    expected = max(1, round(height * plan.canvas[0] / width))
    if plan.canvas[0] > 100 and plan.canvas[1] < MAX_EDGE:
        assert plan.canvas[1] == pytest.approx(expected, rel=0.01, abs=1)


@given(
    width=st.integers(1, 60),
    height=st.integers(1, 60),
    box=st.tuples(st.integers(1, 70), st.integers(1, 70)),
    fit_=FITS,
    enlarge=st.booleans(),
    format_=st.sampled_from(["JPEG", "PNG"]),
)
def test_a_rendition_has_the_size_that_it_says(
    *, width: int, height: int, box: tuple[int, int], fit_: str, enlarge: bool, format_: str
) -> None:
    size = made.size(width=box[0], height=box[1], fit=fit_, enlarge=enlarge)
    rendition = render(made.encoded(Image.new("RGB", (width, height)), format_), size)

    assert made.decoded(rendition).size == (rendition.width, rendition.height)
    assert (rendition.width, rendition.height) == fit(size, width, height).canvas
    assert (rendition.source_width, rendition.source_height) == (width, height)


@pytest.mark.parametrize(
    ("options", "photo", "canvas"),
    [
        ({"width": 800, "height": 600}, (4000, 3000), (800, 600)),
        ({"width": 800, "height": 600}, (400, 400), (400, 300)),
        ({"width": 800, "height": 600, "enlarge": True}, (400, 400), (800, 600)),
        ({"width": 800, "height": 600, "fit": "contain"}, (400, 400), (800, 600)),
        ({"width": 800, "height": 600, "fit": "inside"}, (4000, 2000), (800, 400)),
        ({"width": 800, "height": 600, "fit": "inside"}, (100, 50), (100, 50)),
        ({"width": 800, "height": 600, "fit": "fill"}, (4000, 300), (800, 300)),
        ({"width": 1200, "height": None}, (2400, 1000), (1200, 500)),
        ({"width": None, "height": 500}, (2400, 1000), (1200, 500)),
        ({"width": 100, "height": None}, (30_000, 1), (100, 1)),
    ],
)
def test_by_hand(
    options: dict[str, object], photo: tuple[int, int], canvas: tuple[int, int]
) -> None:
    assert fit(Size.model_validate(options), *photo).canvas == canvas


@pytest.mark.parametrize(
    ("position", "colour"),
    [
        ("top-left", made.RED),
        ("top-right", made.GREEN),
        ("bottom-left", made.BLUE),
        ("bottom-right", made.YELLOW),
    ],
)
def test_a_corner_keeps_its_corner(position: str, colour: tuple[int, int, int]) -> None:
    quarters = made.photo(2, 2).resize((200, 200), Image.Resampling.NEAREST)
    wide = made.rendered(made.encoded(quarters, "PNG"), width=40, height=20, position=position)
    tall = made.rendered(made.encoded(quarters, "PNG"), width=20, height=40, position=position)
    for image in (wide, tall):
        x = 2 if "left" in position else image.width - 3
        y = 2 if "top" in position else image.height - 3
        assert image.getpixel((x, y)) == pytest.approx(colour, abs=2)


def test_contain_puts_the_photo_where_it_is_told() -> None:
    data = made.encoded(Image.new("RGB", (100, 100), "black"), "PNG")
    for position, x in (("left", 10), ("center", 50), ("right", 90)):
        image = made.rendered(data, width=100, height=40, fit="contain", position=position)
        assert image.getpixel((x, 20)) == (0, 0, 0)
        assert image.getpixel((100 - x if x != 50 else 2, 20)) == (255, 255, 255)


@given(
    box=st.tuples(st.integers(0, 49), st.integers(0, 39), st.integers(51, 99), st.integers(41, 79)),
    orientation=st.integers(1, 8),
)
def test_a_stored_box_is_as_large_as_the_upright_one(
    box: tuple[int, int, int, int], orientation: int
) -> None:
    stored = (80, 100) if orientation >= 5 else (100, 80)
    left, top, right, bottom = stored_box(box, orientation, stored)
    assert 0 <= left < right <= stored[0]
    assert 0 <= top < bottom <= stored[1]
    assert (right - left) * (bottom - top) == (box[2] - box[0]) * (box[3] - box[1])

"""Which sizes show the same picture."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.sizes import Size, group_by_picture, have_same_ratio


def size(name: str, width: int | None, height: int | None = None, **options: str) -> Size:
    return Size.model_validate({"name": name, "width": width, "height": height, **options})


def names(*sizes: Size) -> list[list[str]]:
    return [[each.name for each in group] for group in group_by_picture(sizes)]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ((400, 300), (800, 600), True),
        ((800, 600), (400, 300), True),
        ((400, 300), (400, 300), True),
        ((333, 250), (1200, 900), True),
        ((400, 267), (1200, 800), True),
        ((400, 300), (1200, 800), False),
        ((400, 300), (300, 400), False),
        ((400, 300), (400, 301), True),
        ((400, 300), (400, 302), False),
        ((1, 1), (1000, 1000), True),
        ((1200, 675), (1200, 900), False),
        ((50, 199), (1000, 4000), True),  # 49.75 wide
        ((50, 190), (1000, 4000), False),
    ],
)
def test_a_ratio_is_the_same_to_a_pixel_of_the_smaller(
    one: tuple[int, int], other: tuple[int, int], same: bool
) -> None:
    assert have_same_ratio(one, other) is same


@given(
    width=st.integers(50, 8000),
    height=st.integers(50, 8000),
    widths=st.lists(st.integers(1, 2000), min_size=2, max_size=2),
)
def test_whole_pixels_of_one_photo_have_its_ratio(
    width: int, height: int, widths: list[int]
) -> None:
    one, other = ((each, max(1, round(height * each / width))) for each in widths)
    assert have_same_ratio(one, other)
    assert have_same_ratio(one[::-1], other[::-1])


def test_groups_are_of_one_picture_each() -> None:
    assert names(
        size("2000", 2000),
        size("crop", 800, 600),
        size("padded", 80, 60, fit="contain"),
        size("200", 200, fit="contain"),  # its fit has no effect
        size("small", 333, 250),
        size("top", 80, 60, position="top"),
        size("webp", 400, 300, format="webp"),
        size("high", None, 90),
        size("higher", None, 180),
    ) == [
        ["200", "2000"],
        ["small", "webp", "crop"],
        ["padded"],
        ["top"],
        ["high"],
        ["higher"],
    ]


def test_alike_sizes_of_one_width_keep_their_order() -> None:
    assert names(size("b", 400), size("a", 400), size("c", 200)) == [["c", "b", "a"]]

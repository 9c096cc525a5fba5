"""The options of a size that decide its pixels: what is taken, and what is refused with words."""

from typing import Any

import pytest
from pydantic import ValidationError

from lib.errors import ConfigError
from lib.sizes import Size, parse_sizes, recipe_id


def a_size(**options: Any) -> Size:
    return Size.model_validate({"width": 400, "height": 300, **options})


def refused(**options: Any) -> str:
    entry = {"name": "photo", "width": 400, "height": 300, **options}
    with pytest.raises(ConfigError) as caught:
        parse_sizes({"sizes": [entry]}, file="sizes.yml")
    assert str(caught.value).startswith("sizes.yml: sizes[0] (photo): ")
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    "options",
    [
        {"position": "top-right"},
        {"position": "bottom", "fit": "contain"},
        {"position": "attention"},
        {"position": "faces"},
        {"formats": ["webp", "avif"]},
        {"quality": {"avif": 50, "jpeg": 75}},
        {"quality": 1},
        {"lossless": True, "format": "webp"},
        {"lossless": True, "formats": ["webp"]},
        {"animated": True},
        {"animated": True, "format": "avif"},
        {"animated": True, "formats": ["jpeg"]},
        {"format": "avif"},
    ],
)
def test_taken(options: dict[str, Any]) -> None:
    size = a_size(**options)
    assert options.keys() <= size.model_fields_set
    assert hash(size) == hash(size.model_copy())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"quality": 101}, "quality: Input should be less than or equal to 100, got 101"),
        ({"quality": {"png": 80}}, "quality.png: Extra inputs are not permitted, got 80"),
        ({"quality": {"avif": 0}}, "quality.avif: Input should be greater than or equal to 1"),
        ({"quality": "high"}, "quality: Input should be a valid integer, got 'high'"),
        ({"formats": ["gif"]}, "formats.0: Input should be 'jpeg', 'png', 'webp' or 'avif'"),
        ({"formats": ["webp", "webp"]}, "'webp' is stored already"),
        ({"format": "avif", "formats": ["avif"]}, "'avif' is stored already"),
        ({"position": "middle"}, "position: Input should be 'center', 'top'"),
        ({"position": "top", "fit": "inside"}, "'top' needs fit: cover or contain"),
        ({"position": "attention", "fit": "contain"}, "'attention' needs fit: cover"),
        ({"position": "faces", "fit": "inside"}, "'faces' needs fit: cover"),
        ({"position": "faces", "width": None}, "'faces' needs fit: cover"),
        ({"position": "left", "height": None}, "with a width and a height"),
        ({"lossless": True, "format": "jpeg"}, "use format webp or png"),
        ({"lossless": True, "format": "avif"}, "use format webp or png"),
        ({"animated": True, "format": "jpeg"}, "animated: a JPEG cannot be"),
        ({"animated": "yes"}, "animated: Input should be a valid boolean, got 'yes'"),
        ({"width": 8000, "height": 8000, "memory": 512}, "take 732 MB to make, and of 512 MB"),
    ],
)
def test_refused(options: dict[str, Any], words: str) -> None:
    assert words in refused(**options)


@pytest.mark.parametrize(
    "options",
    [{"position": "top"}, {"quality": {"jpeg": 79}}, {"lossless": True}, {"animated": True}],
)
def test_each_of_them_makes_another_recipe(options: dict[str, Any]) -> None:
    plain = recipe_id(a_size(), "1")
    assert recipe_id(a_size(**options), "1") != plain


def test_a_size_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        a_size().enlarge = True  # type: ignore[misc]

"""Writes the sections of docs/sizes.md and their images, and the photo that the README uploads.

Descriptions, types, defaults and limits are the model's. `lib.images` renders the images from
drawings made here. The introduction of the page is written by hand.
"""

import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any, get_args

import yaml
from PIL import Image, ImageDraw

from lib.images import Focus, Rendition, geometry, read_watermark_image, render
from lib.sizes import Size
from lib.sizes.size import NOT_IN_RECIPE, Fit

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGE, IMAGES = DOCS / "sizes.md", DOCS / "images" / "sizes"
PHOTO = DOCS / "images" / "sea.jpg"
# Drawings are made this many times larger, then reduced, for smooth edges.
_OVERSAMPLING = 4
# Shapes: ImageDraw's method, the colour, and the coordinates as shares of the image's edges.
_Shape = tuple[str, str, tuple[float, ...]]
# The person stands outside the middle square, so that a crop shows where it lies.
_SCENE: list[_Shape] = [
    ("ellipse", "#84a98c", (-0.3, 0.55, 0.75, 1.7)),
    ("ellipse", "#52796f", (0.35, 0.65, 1.4, 1.9)),
    ("rectangle", "#f8f9fa", (0.46, 0.38, 0.58, 0.66)),
    ("polygon", "#9d0208", (0.44, 0.4, 0.52, 0.22, 0.6, 0.4)),
    ("rectangle", "#22333b", (0.82, 0.6, 0.835, 0.92)),
    ("rectangle", "#22333b", (0.855, 0.6, 0.87, 0.92)),
    ("rectangle", "#c1121f", (0.81, 0.42, 0.88, 0.72)),
    ("ellipse", "#d8997a", (0.815, 0.27, 0.875, 0.41)),
]
# The focal point of the photo.
_HOUSE: Focus = (0.52, 0.4)
_LOGO_SHAPES: list[_Shape] = [
    ("ellipse", "#023e8a", (0.1, 0.08, 0.57, 0.92)),
    ("polygon", "#e85d04", (0.4, 0.85, 0.65, 0.15, 0.9, 0.85)),
]
_MARK = "<!-- From here on written by `.venv/bin/python -m infra.sizes_reference`. -->\n"
# Entries of sizes.yml that show each key.
EXAMPLES: dict[str, list[dict[str, Any]]] = yaml.safe_load((DOCS / "size-examples.yml").read_text())
_PHOTO, _SMALL_PHOTO = "the photo", "a photo of 96 x 54 pixels"
_LOGO, _SUNSET = "a PNG with a transparent background", "an animated GIF"
# The drawing that a key's images are made from; other keys have no images.
_SOURCES = {
    "width": _PHOTO,
    "height": _PHOTO,
    "fit": _PHOTO,
    "format": _LOGO,
    "quality": _PHOTO,
    "position": _PHOTO,
    "animated": _SUNSET,
    "background": _LOGO,
    "enlarge": _SMALL_PHOTO,
    "watermark": _PHOTO,
}
# Photos that are smaller than the boxes of these entries on both edges, and on one.
SMALL_PHOTOS = ((200, 100), (600, 100))
SMALL_PHOTO_SIZES: list[dict[str, Any]] = [
    *({"width": 400, "height": 300, "fit": fit} for fit in get_args(Fit)),
    {"width": 400},
    {"height": 300},
]
_TYPES = {"boolean": "true or false", "integer": "whole number", "string": "text", "array": "list"}


def _draw(shapes: list[_Shape], size: tuple[int, int], colour: str = "#0000") -> Image.Image:
    large = size[0] * _OVERSAMPLING, size[1] * _OVERSAMPLING
    image = Image.new("RGBA", large, colour)
    draw = ImageDraw.Draw(image)
    for kind, fill, shares in shapes:
        getattr(draw, kind)([share * large[at % 2] for at, share in enumerate(shares)], fill)
    return image.resize(size, Image.Resampling.BOX)


def _draw_photo(size: tuple[int, int], sun: float = 0.2) -> Image.Image:
    """Draws the scene with the sun at a share of its height."""
    disc = ("ellipse", "#ffb703", (0.08, sun - 0.12, 0.215, sun + 0.12))
    return _draw([disc, *_SCENE], size, "#bfe3f5").convert("RGB")


def _make_source(name: str) -> bytes:
    """Draws a source image."""
    if name == _SUNSET:
        frames = [_draw_photo((160, 90), sun / 10).quantize(32) for sun in range(2, 9)]
        return _save(
            frames[0], "GIF", save_all=True, append_images=frames[1:], duration=300, loop=0
        )
    if name == _LOGO:
        return _save(_draw(_LOGO_SHAPES, (160, 90)), "PNG")
    return _save(_draw_photo((96, 54) if name == _SMALL_PHOTO else (320, 180)), "PNG")


def _save(image: Image.Image, format_: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, format_, **options)
    return out.getvalue()


def make_images() -> dict[str, bytes]:
    """Renders the page's images, by file name."""
    made = (each for key in _SOURCES for each in _render(key))
    images = {_name_file(size, rendition): rendition.data for size, rendition in made}
    return {"original.png": _make_source(_PHOTO), **images}


def make_photo() -> bytes:
    """Draws the photo that the README uploads; each size of sizes.yml reduces it."""
    return _save(_draw_photo((1280, 960)), "JPEG", quality=85)


def _render(key: str) -> list[tuple[Size, Rendition]]:
    source = _make_source(_SOURCES[key])
    sizes = map(Size.model_validate, EXAMPLES[key])
    watermark = read_watermark_image(_make_source(_LOGO))
    return [(size, render(source, size, _HOUSE, watermark)) for size in sizes]


def _name_file(size: Size, rendition: Rendition) -> str:
    return f"{size.name}.{rendition.content_type.removeprefix('image/')}"


def make_page() -> str:
    """Formats the page: its introduction as it is, then a section for each key."""
    introduction = PAGE.read_text().partition(_MARK)[0]
    schema = Size.model_json_schema()
    sections = (
        _make_section(key, field, schema["$defs"]) for key, field in schema["properties"].items()
    )
    return introduction + "\n".join([_MARK, *sections])


def _make_section(key: str, field: dict[str, Any], definitions: dict[str, Any]) -> str:
    kinds = [
        definitions[kind["$ref"].rpartition("/")[2]] if "$ref" in kind else kind
        for kind in field.get("anyOf") or field.get("oneOf") or [field]
        if kind.get("type") != "null"
    ]
    type_ = " or ".join(_TYPES.get(kind["type"], "mapping") for kind in kinds)
    limits = "; ".join(filter(None, map(_describe_limits, kinds))) or "none"
    recipe = "no" if key in NOT_IN_RECIPE else "yes"
    default = "none" if field.get("default") is None else f"`{_show(field['default'])}`"
    lines = [
        *(f"## {key}", "", field["description"], ""),
        *("| type | default | limits | recipe |", "|---|---|---|---|"),
        *(f"| {type_} | {default} | {limits} | {recipe} |", ""),
        *("```yaml", "sizes:", *(f"  - {_show(entry)}" for entry in EXAMPLES[key]), "```", ""),
        *(_make_pictures(key) if key in _SOURCES else ()),
        *(_make_small_photos() if key == "enlarge" else ()),
    ]
    return "\n".join(lines)


def _describe_limits(kind: dict[str, Any]) -> str:
    """Describes the limits of one type in words."""
    limits = [f"`{value}`" for value in kind.get("enum", ())]
    if "limits" in kind:
        limits.append(kind["limits"])
    if "maximum" in kind:
        limits.append(f"{kind['minimum']} to {kind['maximum']}")
    if "pattern" in kind:
        limits.append(f"`{kind['pattern']}`")
    if "maxLength" in kind:
        limits.append(f"at most {kind['maxLength']} characters")
    if "items" in kind:
        limits.append(_describe_limits(kind["items"]))
    for key, each in kind.get("properties", {}).items():
        limits.append(f"`{key}`: {_describe_limits(each)}")
    return ", ".join(limits)


def _show(value: object) -> str:
    """Formats a value as YAML on one line."""
    text: str = yaml.safe_dump([value], default_flow_style=True, sort_keys=False, width=200)
    return text.strip()[1:-1]


def _make_pictures(key: str) -> Iterable[str]:
    """Formats the table of a key's images."""
    if _SOURCES[key] != _PHOTO:
        yield from (f"Made from {_SOURCES[key]}:", "")
    made = _render(key)
    yield _make_row(size.name for size, _ in made)
    yield _make_row("---" for _ in made)
    yield _make_row(f"![{size.name}](images/sizes/{_name_file(size, each)})" for size, each in made)
    yield _make_row(f"{each.width} x {each.height}" for _, each in made)
    yield ""


def _make_small_photos() -> Iterable[str]:
    """Formats the table of what photos smaller than a box become."""
    yield (
        "What becomes of a photo that is smaller than a size, on both edges (200 x 100) or on one "
        "(600 x 100). The other keys do not change these pixels:"
    )
    yield ""
    headers = [
        f"{width} x {height}{', `enlarge: true`' if enlarge else ''}"
        for width, height in SMALL_PHOTOS
        for enlarge in (False, True)
    ]
    yield _make_row(["size", *headers])
    yield _make_row("---" for _ in range(1 + len(headers)))
    for entry in SMALL_PHOTO_SIZES:
        cells = [
            _describe_fitted({**entry, "enlarge": enlarge}, photo)
            for photo in SMALL_PHOTOS
            for enlarge in (False, True)
        ]
        yield _make_row([f"`{_show(entry)}`", *cells])
    yield ""


def _describe_fitted(entry: dict[str, Any], photo: tuple[int, int]) -> str:
    """Describes the pixels of a variant, and those of the photo in it if they are fewer."""
    plan = geometry.fit(Size(name="small", **entry), *photo)
    text = f"{plan.canvas[0]} x {plan.canvas[1]}"
    if plan.scaled == plan.canvas:
        return text
    return f"{text}, the photo {plan.scaled[0]} x {plan.scaled[1]}"


def _make_row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Writes the page and its images."""
    PAGE.write_text(make_page())
    IMAGES.mkdir(parents=True, exist_ok=True)
    for old in IMAGES.iterdir():
        old.unlink()
    for name, data in make_images().items():
        (IMAGES / name).write_bytes(data)
    PHOTO.write_bytes(make_photo())


if __name__ == "__main__":
    main()

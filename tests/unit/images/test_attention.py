"""The crop that looks for what draws the eye beats the one in the middle."""

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from tests.unit.images import made

SKIN = (224, 172, 140)


def meadow(width: int, height: int) -> Image.Image:
    """A dull background with some grain."""
    grain = made.noise(width // 4, height // 4).resize((width, height), Image.Resampling.BICUBIC)
    return Image.blend(Image.new("RGB", (width, height), (110, 120, 105)), grain, 0.12)


def face(image: Image.Image, x: int, y: int, radius: int) -> tuple[int, int, int, int]:
    draw = ImageDraw.Draw(image)
    box = (x - radius, y - radius, x + radius, y + radius)
    draw.ellipse(box, fill=SKIN)
    for side in (-1, 1):
        eye = x + side * radius // 3
        draw.ellipse((eye - 3, y - 8, eye + 3, y - 2), fill=(40, 30, 30))
    draw.arc((x - radius // 2, y, x + radius // 2, y + radius // 2), 0, 180, fill=(150, 60, 60))
    return box


def ball(image: Image.Image, x: int, y: int, radius: int) -> tuple[int, int, int, int]:
    box = (x - radius, y - radius, x + radius, y + radius)
    ImageDraw.Draw(image).ellipse(box, fill=(230, 40, 20))
    return box


def house(image: Image.Image, x: int, y: int, radius: int) -> tuple[int, int, int, int]:
    """Grey, but full of edges."""
    box = (x - radius, y - radius, x + radius, y + radius)
    draw = ImageDraw.Draw(image)
    for step in range(-radius, radius, 8):
        draw.rectangle((x + step, y - radius, x + step + 3, y + radius), fill=(40, 40, 40))
        draw.rectangle((x - radius, y + step, x + radius, y + step + 3), fill=(220, 220, 220))
    return box


@pytest.mark.parametrize("subject", [face, ball, house])
@pytest.mark.parametrize(
    ("size", "place"),
    [
        ((600, 200), (80, 100)),
        ((600, 200), (520, 110)),
        ((600, 200), (180, 80)),
        ((200, 600), (100, 70)),
        ((200, 600), (90, 530)),
    ],
)
def test_it_keeps_more_of_the_subject_than_the_centre(
    subject: object, size: tuple[int, int], place: tuple[int, int]
) -> None:
    image = meadow(*size)
    subject(image, *place, 40)  # type: ignore[operator]
    image = image.filter(ImageFilter.GaussianBlur(1))
    shares = {}
    for position in ("attention", "center"):
        options = {"width": 100, "height": 100, "position": position, "format": "png"}
        shares[position] = subject_pixels(made.rendered(made.encoded(image, "PNG"), **options))

    assert shares["attention"] > 0.9 * subject_pixels(image.resize((size[0] // 2, size[1] // 2)))
    assert shares["attention"] > shares["center"]


def subject_pixels(image: Image.Image) -> int:
    """How many pixels are far from the meadow's colour."""
    flat = Image.new("RGB", image.size, (110, 120, 105))
    far = ImageChops.difference(image.convert("RGB"), flat).convert("L")
    return sum(far.histogram()[35:])


@pytest.mark.parametrize("orientation", [1, 6])
def test_it_looks_at_the_upright_photo(orientation: int) -> None:
    image = meadow(600, 200)
    face(image, 520, 100, 40)
    stored = image if orientation == 1 else image.transpose(Image.Transpose.ROTATE_90)
    data = made.encoded(stored, "JPEG", exif=made.exif(orientation))
    result = made.rendered(data, width=100, height=100, position="attention", format="png")
    whole = subject_pixels(image.resize((300, 100)))
    assert subject_pixels(result) > 0.9 * whole


def test_where_nothing_stands_out_it_is_the_centre() -> None:
    plain = made.encoded(Image.new("RGB", (300, 100), (90, 90, 90)), "PNG")
    framed = meadow(300, 100)
    face(framed, 150, 50, 30)
    for data in (plain, made.encoded(framed, "PNG")):
        options = {"width": 100, "height": 100, "format": "png"}
        attention = made.rendered(data, position="attention", **options)
        assert made.difference(attention, made.rendered(data, **options)) < 8


@pytest.mark.parametrize("mode", ["L", "RGBA", "LA", "P", "CMYK", "I;16"])
def test_it_takes_any_mode(mode: str) -> None:
    image = meadow(300, 100).convert("L" if mode == "I;16" else mode)
    data = made.encoded(image.convert(mode) if mode != "I;16" else image, "TIFF")
    result = made.rendered(data, width=100, height=100, position="attention")
    assert result.size == (100, 100)


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (3, 2)])
def test_it_takes_any_size(size: tuple[int, int]) -> None:
    data = made.encoded(Image.new("RGB", size), "PNG")
    made.rendered(data, width=2, height=1, position="attention")
    made.rendered(data, width=1, height=2, position="attention")

"""Where a crop should lie so that it keeps what draws the eye.

The method is that of libvips' `smartcrop` (its "attention" strategy, which sharp offers) and of
Jonas Wagner's smartcrop.js before it: edges, saturated colour and skin tones each add to a map of
interest. Here the map is summed along the axis that is cropped, and the crop goes where it holds
the most, weighted towards its middle. On 96 pixels it takes a few milliseconds, in Pillow's C.
"""

from operator import mul

from PIL import Image, ImageChops, ImageFilter

from lib.images.resample import resample

# Long edge of the picture that is looked at: what is smaller than a hundredth draws no eye.
_LOOK = 96
# Weights as in smartcrop.js, scaled to Pillow's 8 bits: skin counts most, then detail.
_SKIN, _DETAIL, _SATURATION = 1.8, 1.0, 0.3
# Skin lies here in YCbCr, whoever's it is (Chai and Ngan, "Face segmentation using skin-colour
# map in videophone applications", 1999): Cb 77-127, Cr 133-173. Walls and sand lie below Cr 145,
# and skin, light or dark, above.
_SKIN_CB, _SKIN_CR = (77, 127), (145, 173)
# Colour says nothing in the dark, and washed-out colour is background.
_DARK, _COLOURFUL = 40, 100
# What lies at a crop's edge counts half of what lies in its middle.
_EDGE_WEIGHT = 0.5
# Of two crops that hold as much, the one nearer the centre: photographers aim.
_PULL = 0.1


def look(image: Image.Image) -> Image.Image:
    """A tiny RGB copy of decoded pixels; what is transparent is black, and of no interest."""
    ratio = min(1.0, _LOOK / max(image.size))
    size = max(1, round(image.width * ratio)), max(1, round(image.height * ratio))
    tiny = resample(image, (0, 0, *image.size), size)
    if tiny.mode in ("La", "RGBa"):
        page = Image.new("RGB", size)
        seen = tiny.convert("LA" if tiny.mode == "La" else "RGBA")
        page.paste(seen.convert("RGB"), mask=seen.getchannel("A"))
        return page
    return tiny.convert("RGB")


def anchor(tiny: Image.Image, ratio: float) -> tuple[float, float]:
    """Where a crop of `ratio` (width by height) lies best, as shares of the space left over."""
    width, height = tiny.size
    if ratio * height < width:
        return _best(_interest(tiny, (width, 1)), round(ratio * height)), 0.5
    return 0.5, _best(_interest(tiny, (1, height)), round(width / ratio))


def _interest(tiny: Image.Image, line: tuple[int, int]) -> list[float]:
    """How much there is to see in each column (for a line lying flat) or row."""
    luma, blue, red = tiny.convert("YCbCr").split()
    lit = luma.point(lambda value: 255 * (value > _DARK))
    skin = ImageChops.multiply(_within(blue, _SKIN_CB), _within(red, _SKIN_CR))
    vivid = tiny.convert("HSV").getchannel("S").point(lambda value: max(0, value - _COLOURFUL))
    weighted = (
        (ImageChops.multiply(skin, lit), _SKIN),
        (_edges(luma), _DETAIL),
        (ImageChops.multiply(vivid, lit), _SATURATION),
    )
    lines = [(_mean(part, line), weight) for part, weight in weighted]
    return [sum(values[at] * weight for values, weight in lines) for at in range(line[0] * line[1])]


def _within(band: Image.Image, limits: tuple[int, int]) -> Image.Image:
    return band.point(lambda value: 255 * (limits[0] <= value <= limits[1]))


def _edges(luma: Image.Image) -> Image.Image:
    """Edges; the filter copies the outermost pixels as they are, and they are none."""
    edges = luma.filter(ImageFilter.FIND_EDGES)
    framed = Image.new("L", luma.size)
    inner = (1, 1, max(1, luma.width - 1), max(1, luma.height - 1))
    framed.paste(edges.crop(inner), inner[:2])
    return framed


def _mean(part: Image.Image, line: tuple[int, int]) -> list[float]:
    """The part averaged into a line."""
    packed = part.convert("F").resize(line, Image.Resampling.BOX).tobytes()
    return list(memoryview(packed).cast("f"))


def _best(interest: list[float], length: int) -> float:
    """Where a window of `length` holds the most, as a share of how far it can move."""
    space = len(interest) - length
    if space <= 0 or length <= 0:
        return 0.5
    middle = (length - 1) / 2 or 1.0
    weights = [1 - (1 - _EDGE_WEIGHT) * abs(at - middle) / middle for at in range(length)]

    def score(start: int) -> float:
        held: float = sum(map(mul, interest[start : start + length], weights))
        return held * (1 - _PULL * abs(start / space - 0.5))

    return max(range(space + 1), key=score) / space

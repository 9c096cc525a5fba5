"""Finds the crop with the most salient part of an image.

The method is that of libvips' `smartcrop` ("attention", as in sharp) and of Jonas Wagner's
smartcrop.js before it: edges, saturated colours and skin tones add up to a saliency map. Here the
map is summed along the axis that is cropped, and the crop is placed where its sum, weighted towards
its centre, is largest. On a thumbnail of 96 pixels this takes a few milliseconds.
"""

from operator import mul

from PIL import Image, ImageChops, ImageFilter

from lib.images.resample import resample

# Long edge of the thumbnail: details smaller than a hundredth of the photo are not salient.
_THUMBNAIL_EDGE = 96
# Weights as in smartcrop.js, scaled to Pillow's 8 bits: skin counts most, then detail.
_SKIN, _DETAIL, _SATURATION = 1.8, 1.0, 0.3
# The range of all skin tones in YCbCr (Chai and Ngan, "Face segmentation using skin-colour map in
# videophone applications", 1999) is Cb 77-127, Cr 133-173. Walls and sand are below Cr 145, and
# skin, light or dark, is above.
_SKIN_CB, _SKIN_CR = (77, 127), (145, 173)
# Dark pixels have no reliable colour, and pale colours are background.
_DARK, _COLOURFUL = 40, 100
# Weight of a crop's edge relative to its centre.
_EDGE_WEIGHT = 0.5
# Of two crops with equal sums, the one nearer the centre wins: photographers aim.
_CENTRE_BIAS = 0.1


def make_thumbnail(image: Image.Image) -> Image.Image:
    """Returns a small RGB copy of decoded pixels; transparent ones become black: not salient."""
    ratio = min(1.0, _THUMBNAIL_EDGE / max(image.size))
    size = max(1, round(image.width * ratio)), max(1, round(image.height * ratio))
    thumbnail = resample(image, (0, 0, *image.size), size)
    if thumbnail.mode in ("La", "RGBa"):
        canvas = Image.new("RGB", size)
        straight = thumbnail.convert("LA" if thumbnail.mode == "La" else "RGBA")
        canvas.paste(straight.convert("RGB"), mask=straight.getchannel("A"))
        return canvas
    return thumbnail.convert("RGB")


def find_anchor(thumbnail: Image.Image, ratio: float) -> tuple[float, float]:
    """Returns the best place of a crop of `ratio` (width / height), as shares of the free space."""
    width, height = thumbnail.size
    if ratio * height < width:
        return _find_window(_saliency(thumbnail, (width, 1)), round(ratio * height)), 0.5
    return 0.5, _find_window(_saliency(thumbnail, (1, height)), round(width / ratio))


def _saliency(thumbnail: Image.Image, line: tuple[int, int]) -> list[float]:
    """Returns the saliency of each column (`line` is (width, 1)) or row ((1, height))."""
    luma, blue, red = thumbnail.convert("YCbCr").split()
    lit = luma.point(lambda value: 255 * (value > _DARK))
    skin = ImageChops.multiply(_within(blue, _SKIN_CB), _within(red, _SKIN_CR))
    vivid = thumbnail.convert("HSV").getchannel("S").point(lambda value: max(0, value - _COLOURFUL))
    weighted = (
        (ImageChops.multiply(skin, lit), _SKIN),
        (_edges(luma), _DETAIL),
        (ImageChops.multiply(vivid, lit), _SATURATION),
    )
    lines = [(_average(part, line), weight) for part, weight in weighted]
    return [sum(values[at] * weight for values, weight in lines) for at in range(line[0] * line[1])]


def _within(band: Image.Image, limits: tuple[int, int]) -> Image.Image:
    return band.point(lambda value: 255 * (limits[0] <= value <= limits[1]))


def _edges(luma: Image.Image) -> Image.Image:
    """Detects edges; blanks the outermost pixels, which the filter copies unchanged."""
    edges = luma.filter(ImageFilter.FIND_EDGES)
    framed = Image.new("L", luma.size)
    inner = (1, 1, max(1, luma.width - 1), max(1, luma.height - 1))
    framed.paste(edges.crop(inner), inner[:2])
    return framed


def _average(part: Image.Image, line: tuple[int, int]) -> list[float]:
    """Averages the columns or rows into a line."""
    packed = part.convert("F").resize(line, Image.Resampling.BOX).tobytes()
    return list(memoryview(packed).cast("f"))


def _find_window(saliency: list[float], length: int) -> float:
    """Returns the best start of a window of `length`, as a share of the free space."""
    space = len(saliency) - length
    if space <= 0 or length <= 0:
        return 0.5
    middle = (length - 1) / 2 or 1.0
    weights = [1 - (1 - _EDGE_WEIGHT) * abs(at - middle) / middle for at in range(length)]

    def score(start: int) -> float:
        total: float = sum(map(mul, saliency[start : start + length], weights))
        return total * (1 - _CENTRE_BIAS * abs(start / space - 0.5))

    return max(range(space + 1), key=score) / space

"""Renders a photo at a size: header, limits, geometry, decode, resize, colours, canvas, encode."""

from typing import NamedTuple

from PIL import Image

from lib.errors import ConfigError
from lib.images import animation, effort, jpeg_to_jpeg, kernel, limits
from lib.images.compose import compose
from lib.images.encode import ANIMATED, CONTENT_TYPES, encode, encode_frames, list_targets
from lib.images.formats import read_header
from lib.images.geometry import Focus
from lib.images.header import Header
from lib.images.placeholder import Placeholder, make_placeholder
from lib.images.transform import TransformedImage, transform_still
from lib.images.watermark import WatermarkImage, make_stamp
from lib.sizes import Size


class Rendition(NamedTuple):
    """An encoded image, its content type and size, and the size of the upright original.

    `placeholder` is None unless the size asks for one.
    """

    data: bytes
    content_type: str
    width: int
    height: int
    source_width: int
    source_height: int
    placeholder: Placeholder | None = None


def content_type_of(source: bytes) -> str:
    """Returns the content type of a photo's bytes; raises PermanentError if they are no photo."""
    # Each codec has the name of its media type.
    return f"image/{read_header(source).codec}"


def render(
    source: bytes, size: Size, focus: Focus | None = None, watermark: WatermarkImage | None = None
) -> Rendition:
    """Renders a photo in the size's own format only; otherwise as `render_all`."""
    return _render(source, size, focus, watermark, only_own=True)[0]


def render_all(
    source: bytes, size: Size, focus: Focus | None = None, watermark: WatermarkImage | None = None
) -> list[Rendition]:
    """Renders a photo in each format of the size, the own format first, from one decode.

    `focus` is the photo's focal point or the centre of its faces, in shares (x, y) of the upright
    photo: with position `focus` or `faces` the crop is centred there, and without a focus it is
    placed by the fallback, or as with `attention`. Other positions ignore it. `watermark` is what
    `read_watermark_image` returns for the size's. Raises PermanentError for bytes that can never
    be rendered, and ConfigError if the kernel cannot be loaded or the watermark's image is not
    given.
    """
    return _render(source, size, focus, watermark, only_own=False)


def _render(
    source: bytes,
    size: Size,
    focus: Focus | None,
    watermark: WatermarkImage | None,
    *,
    only_own: bool,
) -> list[Rendition]:
    # Here, where a failure is not taken for a decoder's.
    kernel.is_available()
    if size.watermark and watermark is None:
        raise ConfigError(f"{size.name}: nothing is rendered without its watermark's image")
    focus = focus if size.has_focus or size.crops_to_faces else None
    limits.check_bytes(source)
    header = read_header(source)
    # Before other formats are left out: they must not change the bytes of the own one.
    if planar := jpeg_to_jpeg.render(header, size, focus):
        return [_take(planar, header, size)]
    if only_own:
        size = size.model_copy(update={"formats": ()})
    if size.animated and header.frames > 1:
        moving = animation.transform_frames(header, size, focus)
        finisher = _Finisher(moving.frames[0], size, watermark)
        return [_encode_animation(moving, each, finisher) for each in finisher.targets]
    still = transform_still(header, size, focus)
    finisher = _Finisher(still, size, watermark)
    effort.check(still.image, still.plan.canvas, finisher.targets, size)
    return [_encode_still(still, target, finisher) for target in finisher.targets]


class _Finisher:
    """Completes transformed images of one plan: canvas, watermark, placeholder."""

    def __init__(
        self, first: TransformedImage, size: Size, watermark: WatermarkImage | None
    ) -> None:
        self.size, self._first = size, first
        transparent = first.image.mode in ("LA", "RGBA")
        self.targets = list_targets(size, first.header.codec, transparent=transparent)
        self._stamp = (
            make_stamp(watermark, size.watermark, first.plan)
            if size.watermark and watermark
            else None
        )

    def finish(self, image: Image.Image, *, alpha: bool) -> Image.Image:
        """Places an image on its canvas, and the watermark on it."""
        composed = compose(image, self._first.plan, self.size.background, alpha=alpha)
        return self._stamp.place(composed) if self._stamp else composed

    def make_rendition(self, data: bytes, target: str, image: Image.Image) -> Rendition:
        """Makes the rendition of encoded data; `image` is the finished still or first frame."""
        placeholder = make_placeholder(image) if self.size.placeholder else None
        plan, header = self._first.plan, self._first.header
        return Rendition(data, CONTENT_TYPES[target], *plan.canvas, *header.upright, placeholder)


def _take(planar: jpeg_to_jpeg.PlanarRendition, header: Header, size: Size) -> Rendition:
    placeholder = make_placeholder(planar.planes.to_rgb()) if size.placeholder else None
    edges = *planar.plan.canvas, *header.upright
    return Rendition(planar.data, CONTENT_TYPES["jpeg"], *edges, placeholder)


def _encode_still(still: TransformedImage, target: str, finisher: _Finisher) -> Rendition:
    image = finisher.finish(still.image, alpha=target != "jpeg")
    return finisher.make_rendition(encode(image, target, finisher.size), target, image)


def _encode_animation(moving: animation.Animation, target: str, finisher: _Finisher) -> Rendition:
    if target not in ANIMATED:
        return _encode_still(moving.frames[0], target, finisher)
    images = [finisher.finish(frame.image, alpha=True) for frame in moving.frames]
    data = encode_frames(images, moving.milliseconds, moving.plays, target, finisher.size)
    return finisher.make_rendition(data, target, images[0])

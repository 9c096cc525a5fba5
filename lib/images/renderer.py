"""Renders a photo at a size: header, limits, geometry, decode, resize, colours, canvas, encode."""

from typing import NamedTuple

from lib.images import animation, effort, kernel, limits
from lib.images.compose import compose
from lib.images.encode import ANIMATED, CONTENT_TYPES, encode, encode_frames, list_targets
from lib.images.formats import read_header
from lib.images.geometry import Focus
from lib.images.transform import TransformedImage, transform_still
from lib.sizes import Size

# Part of every recipe id: raise it with each change that alters the variants' pixels, so that
# existing variants become stale.
RENDERER_VERSION = "4"


class Rendition(NamedTuple):
    """An encoded image, its content type and size, and the size of the upright original."""

    data: bytes
    content_type: str
    width: int
    height: int
    source_width: int
    source_height: int


def content_type_of(source: bytes) -> str:
    """Returns the content type of a photo's bytes; raises PermanentError if they are no photo."""
    # Each codec has the name of its media type.
    return f"image/{read_header(source).codec}"


def render(source: bytes, size: Size, focus: Focus | None = None) -> Rendition:
    """Renders a photo in the size's own format only; otherwise as `render_all`."""
    return render_all(source, size.model_copy(update={"formats": ()}), focus)[0]


def render_all(source: bytes, size: Size, focus: Focus | None = None) -> list[Rendition]:
    """Renders a photo in each format of the size, the own format first, from one decode.

    `focus` is the centre of the photo's faces, in shares (x, y) of the upright photo: with position
    `faces` the crop is centred there, and without a focus it is placed as with `attention`. Other
    positions ignore it. Raises PermanentError for bytes that can never be rendered, and
    ConfigError if the kernel cannot be loaded.
    """
    # Here, where a failure is not taken for a decoder's.
    kernel.is_available()
    focus = focus if size.position == "faces" else None
    limits.check_bytes(source)
    header = read_header(source)
    if size.animated and header.frames > 1:
        moving = animation.transform_frames(header, size, focus)
        return [_encode_animation(moving, each, size) for each in _targets(moving.frames[0], size)]
    still = transform_still(header, size, focus)
    targets = _targets(still, size)
    effort.check(still.image, still.plan.canvas, targets, size)
    return [_encode_still(still, target, size) for target in targets]


def _targets(still: TransformedImage, size: Size) -> list[str]:
    transparent = still.image.mode in ("LA", "RGBA")
    return list_targets(size, still.header.codec, transparent=transparent)


def _encode_still(still: TransformedImage, target: str, size: Size) -> Rendition:
    image = compose(still.image, still.plan, size.background, alpha=target != "jpeg")
    return _make_rendition(encode(image, target, size), target, still)


def _encode_animation(moving: animation.Animation, target: str, size: Size) -> Rendition:
    first = moving.frames[0]
    if target not in ANIMATED:
        return _encode_still(first, target, size)
    images = [
        compose(frame.image, frame.plan, size.background, alpha=True) for frame in moving.frames
    ]
    data = encode_frames(images, moving.milliseconds, moving.plays, target, size)
    return _make_rendition(data, target, first)


def _make_rendition(data: bytes, target: str, still: TransformedImage) -> Rendition:
    return Rendition(data, CONTENT_TYPES[target], *still.plan.canvas, *still.header.upright)

"""One photo at one size: header, limits, plan, decode, resize, turn, colours, canvas, encode."""

from typing import NamedTuple

from lib.images import animation, effort, limits
from lib.images.compose import compose
from lib.images.encode import CONTENT_TYPES, MOVING, encode, encode_frames, targets
from lib.images.formats import read_header
from lib.images.geometry import Focus
from lib.images.transform import TransformedImage, transform_still
from lib.sizes import Size

# Part of every recipe id: raise it when a change here alters the pixels of variants, so that
# the old ones count as stale.
RENDERER_VERSION = "3"


class Rendition(NamedTuple):
    """What a render gives: the encoded picture, its type, and its true size in pixels.

    `source_width` and `source_height` are those of the upright original.
    """

    data: bytes
    content_type: str
    width: int
    height: int
    source_width: int
    source_height: int


def content_type_of(source: bytes) -> str:
    """What a photo's own bytes are called over HTTP, as `image/jpeg`.

    Raises PermanentError for bytes that are no photo.
    """
    # Each codec is named like its media type.
    return f"image/{read_header(source).codec}"


def render(source: bytes, size: Size, focus: Focus | None = None) -> Rendition:
    """Render an encoded photo at a size, in the size's own format; otherwise as `render_all`."""
    return render_all(source, size.model_copy(update={"formats": ()}), focus)[0]


def render_all(source: bytes, size: Size, focus: Focus | None = None) -> list[Rendition]:
    """One rendition per format of the size, the base format first, all from one decode.

    `focus` is where the middle of the photo's faces is, in shares (x, y) of the upright photo: a
    size of position `faces` has its crop's middle there, as far as the edges allow, and without
    one looks for what draws the eye. It moves nothing at any other size.
    Raises PermanentError, with its reason, for bytes that can never be rendered.
    """
    focus = focus if size.position == "faces" else None
    limits.check_bytes(source)
    header = read_header(source)
    if size.animated and header.frames > 1:
        film = animation.transform_frames(header, size, focus)
        return [_moving(film, target, size) for target in _targets(film.pictures[0], size)]
    picture = transform_still(header, size, focus)
    targets_ = _targets(picture, size)
    effort.check(picture.image, picture.plan.canvas, targets_, size)
    return [_rendition(picture, target, size) for target in targets_]


def _targets(picture: TransformedImage, size: Size) -> list[str]:
    transparent = picture.image.mode in ("LA", "RGBA")
    return targets(size, picture.header.codec, transparent=transparent)


def _rendition(picture: TransformedImage, target: str, size: Size) -> Rendition:
    page = compose(picture.image, picture.plan, size.background, alpha=target != "jpeg")
    return _named(encode(page, target, size), target, picture)


def _moving(film: animation.Animation, target: str, size: Size) -> Rendition:
    if target not in MOVING:
        return _rendition(film.pictures[0], target, size)
    pages = [
        compose(picture.image, picture.plan, size.background, alpha=True)
        for picture in film.pictures
    ]
    data = encode_frames(pages, film.milliseconds, film.plays, target, size)
    return _named(data, target, film.pictures[0])


def _named(data: bytes, target: str, picture: TransformedImage) -> Rendition:
    return Rendition(data, CONTENT_TYPES[target], *picture.plan.canvas, *picture.header.upright)

"""Renders the image in a request's body, and stores it as an original if requested.

No variant is stored here: the pipeline renders a stored original like any other upload.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain
from typing import Any, NamedTuple

from lib import images, keys, upload_paths
from lib.aws import s3 as objects
from lib.aws.clients import S3Client
from lib.errors import ConflictError, ProblemKind, RequestError
from lib.keys import Originals
from lib.on_demand import MAX_IMAGE_BYTES, map_render_errors
from lib.rekognition import ImageAnalyzer
from lib.sizes import Quality, Size
from lib.upload_types import explain_rejection


class StoreTarget(NamedTuple):
    """The path to store the original at, and whether to replace an existing photo."""

    path: str
    overwrite: bool = False


@dataclass(frozen=True)
class DirectRenderer:
    """Renders images for one stack; `content_types` are those that may be stored.

    A stored path must fit the folders of those `sizes` that are made of it. `image_analyzer` finds
    faces; None if no size is cropped to them. `load_watermark` returns the image of a size's
    watermark, if it has one.
    """

    s3: S3Client
    originals: Originals
    sizes: list[Size]
    content_types: list[str]
    max_bytes: int
    image_analyzer: ImageAnalyzer | None = None
    load_watermark: Callable[[Size], images.WatermarkImage | None] = lambda _: None

    def render(
        self, image: bytes, size: Size, target: StoreTarget | None = None
    ) -> images.Rendition:
        """Returns the image at a size; stores its original last, after everything that may fail.

        Raises RequestError if it cannot be rendered, returned or stored; TransientError if S3
        did not respond, in which case the original may have been stored.
        """
        self._check_bytes(image)
        if target:
            self._check_size(size, target.path)
        content_type = self._check_type(image, target) if target else ""
        rendition = self._render(image, size)
        if len(rendition.data) > MAX_IMAGE_BYTES:
            raise _too_many_bytes(
                f"rendered it has {len(rendition.data):,} bytes, and an answer carries "
                f"{MAX_IMAGE_BYTES:,}: upload it by POST /uploads, and fetch its variant"
            )
        if target:
            self._store(image, content_type, target)
        return rendition

    def _check_bytes(self, image: bytes) -> None:
        if len(image) > self.max_bytes:
            raise _too_many_bytes(
                f"the picture has {len(image):,} bytes, the limit is {self.max_bytes:,}: "
                "make it smaller"
            )
        if len(image) > MAX_IMAGE_BYTES:
            raise _too_many_bytes(
                f"the picture has {len(image):,} bytes, and a request carries "
                f"{MAX_IMAGE_BYTES:,}: upload it by POST /uploads, which takes "
                f"{self.max_bytes:,}, and fetch its variant"
            )

    def _check_size(self, size: Size, path: str) -> None:
        """Raises RequestError if no worker makes this size of the photo that is to be stored."""
        if not size.applies_to(path):
            names = ", ".join(each.name for each in self.sizes if each.applies_to(path)) or "none"
            raise RequestError(
                422,
                ProblemKind.UNKNOWN_SIZE,
                f"size: {size.name} is not made of photos at {keys.escaped(path)!r}, of which the "
                f"sizes are {names}: choose one of these, another path, or leave store out",
            )

    def _check_type(self, image: bytes, target: StoreTarget) -> str:
        """Returns the type to store; checks before rendering what cannot be stored."""
        with map_render_errors(len(image)):
            content_type = images.content_type_of(image)
        if content_type not in self.content_types:
            raise RequestError(
                415,
                ProblemKind.UNSUPPORTED_TYPE,
                f"the image's type {explain_rejection(content_type, self.content_types)}",
            )
        folders = [size.folders for size in self.sizes if size.applies_to(target.path)]
        upload_paths.require_valid(target.path, self.originals, chain.from_iterable(folders))
        if not target.overwrite:
            upload_paths.require_free(self.s3, self.originals, target.path)
        return content_type

    def _render(self, image: bytes, size: Size) -> images.Rendition:
        with map_render_errors(len(image)):
            focus = self.image_analyzer.find_focus(image, size) if self.image_analyzer else None
            return images.render(image, size, focus, self.load_watermark(size))

    def _store(self, image: bytes, content_type: str, target: StoreTarget) -> None:
        key = self.originals.key(target.path)
        if target.overwrite:
            objects.put_object(self.s3, self.originals.bucket, key, image, content_type)
            return
        try:
            objects.put_if_match(
                self.s3,
                self.originals.bucket,
                key,
                image,
                content_type=content_type,
                etag=None,
            )
        except ConflictError as error:  # another upload came first
            raise upload_paths.make_taken_error(target.path) from error


def find_size(sizes: Iterable[Size], name: str, format_: str | None = None) -> Size:
    """Returns the declared size of a name, in its own format or in another of its formats.

    Raises RequestError, with the declared ones, if there is none.
    """
    declared = {size.name: size for size in sizes}
    size = declared.get(name)
    if size is None:
        raise RequestError(
            422,
            ProblemKind.UNKNOWN_SIZE,
            f"size: {name!r} is not declared: choose one of {', '.join(declared)}",
        )
    if format_ in (None, size.format):
        return size
    if format_ not in size.formats:
        formats = ", ".join([size.format, *size.formats])
        raise RequestError(
            422,
            ProblemKind.UNKNOWN_FORMAT,
            f"format: {name} is not made as {format_!r}, but as {formats}: choose one of these, "
            "or leave it out",
        )
    return _in_format(size, format_)


def _in_format(size: Size, format_: str) -> Size:
    """Returns the size with one of its extra formats as its own; the bytes stay the same.

    The other formats remain: beside them, a JPEG is rendered in RGB.
    """
    changes: dict[str, Any] = {"format": format_}
    if format_ in Quality.model_fields:
        # An AVIF's quality depends on whether it is the size's own format.
        changes["quality"] = Quality.model_validate({format_: size.quality_of(format_)})
    return size.model_copy(update=changes)


def _too_many_bytes(why: str) -> RequestError:
    return RequestError(413, ProblemKind.TOO_MANY_BYTES, why)

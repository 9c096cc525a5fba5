"""A picture that a request brings along: rendered at once, and kept as an original if wanted.

No queue, no event, no variant stored: only what is kept goes on through the pipeline, like any
other upload.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from lib import images, keys, upload_paths
from lib.aws import s3 as objects
from lib.errors import ConflictError, ProblemKind, RequestError
from lib.on_demand import MAX_IMAGE_BYTES, map_render_errors
from lib.rekognition import ImageAnalyzer
from lib.sizes import Quality, Size

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class StoreTarget(NamedTuple):
    """Where the original is to be kept, and whether in place of another."""

    path: str
    overwrite: bool = False


@dataclass(frozen=True)
class DirectRenderer:
    """Renders what callers send, for one stack; `content_types` are those that it keeps.

    `sizes` are all that the stack has: what is kept has to fit each of them. `content` finds faces,
    and is None where no size is cropped to them.
    """

    s3: "S3Client"
    originals_bucket: str
    sizes: list[Size]
    content_types: list[str]
    max_bytes: int
    image_analyzer: ImageAnalyzer | None = None

    def render(
        self, picture: bytes, size: Size, keep: StoreTarget | None = None
    ) -> images.Rendition:
        """The picture at a size; its original is kept once nothing is left that could go wrong.

        RequestError for what cannot be rendered, carried or kept. TransientError where S3 gave no
        answer: then the original may have been kept all the same.
        """
        self._check_bytes(picture)
        content_type = self._checked_type(picture, keep) if keep else ""
        rendition = self._rendered(picture, size)
        if len(rendition.data) > MAX_IMAGE_BYTES:
            raise _too_many_bytes(
                f"rendered it has {len(rendition.data):,} bytes, and an answer carries "
                f"{MAX_IMAGE_BYTES:,}: upload it by POST /uploads, and fetch its variant"
            )
        if keep:
            self._store(picture, content_type, keep)
        return rendition

    def _check_bytes(self, picture: bytes) -> None:
        if len(picture) > self.max_bytes:
            raise _too_many_bytes(
                f"the picture has {len(picture):,} bytes, the limit is {self.max_bytes:,}: "
                "make it smaller"
            )
        if len(picture) > MAX_IMAGE_BYTES:
            raise _too_many_bytes(
                f"the picture has {len(picture):,} bytes, and a request carries "
                f"{MAX_IMAGE_BYTES:,}: upload it by POST /uploads, which takes "
                f"{self.max_bytes:,}, and fetch its variant"
            )

    def _checked_type(self, picture: bytes, keep: StoreTarget) -> str:
        """The type to keep it by, before any work is done for what cannot be kept."""
        with map_render_errors(len(picture)):
            content_type = images.content_type_of(picture)
        if content_type not in self.content_types:
            raise RequestError(
                415,
                ProblemKind.UNSUPPORTED_TYPE,
                f"the picture is {content_type!r}; kept are {', '.join(self.content_types)}",
            )
        folders = [folder for size in self.sizes for folder in size.folders]
        upload_paths.require_valid(keep.path, folders)
        if not keep.overwrite:
            upload_paths.require_free(self.s3, self.originals_bucket, keep.path)
        return content_type

    def _rendered(self, picture: bytes, size: Size) -> images.Rendition:
        with map_render_errors(len(picture)):
            focus = self.image_analyzer.find_focus(picture, size) if self.image_analyzer else None
            return images.render(picture, size, focus)

    def _store(self, picture: bytes, content_type: str, keep: StoreTarget) -> None:
        key = keys.original_key(keep.path)
        if keep.overwrite:
            objects.put_object(self.s3, self.originals_bucket, key, picture, content_type)
            return
        try:
            objects.put_if_match(
                self.s3,
                self.originals_bucket,
                key,
                picture,
                content_type=content_type,
                etag=None,
            )
        except ConflictError as error:  # somebody else was quicker
            raise upload_paths.make_taken_error(keep.path) from error


def find_size(sizes: Iterable[Size], name: str, format_: str | None = None) -> Size:
    """The size of a name, in its own format or in another of its formats.

    RequestError, with what there is, where it is not declared: a stranger's numbers are not
    rendered.
    """
    known = {size.name: size for size in sizes}
    size = known.get(name)
    if size is None:
        raise RequestError(
            422,
            ProblemKind.UNKNOWN_SIZE,
            f"size: {name!r} is not declared: choose one of {', '.join(known)}",
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
    """The size with only one of the formats beside its own, to the same bytes as there."""
    changes: dict[str, Any] = {"format": format_, "formats": ()}
    if format_ in Quality.model_fields:
        # An AVIF's quality depends on whether it is the size's own format.
        changes["quality"] = Quality.model_validate({format_: size.quality_of(format_)})
    return size.model_copy(update=changes)


def _too_many_bytes(why: str) -> RequestError:
    return RequestError(413, ProblemKind.TOO_MANY_BYTES, why)

"""Changes the focal point of a photo that is stored."""

from dataclasses import dataclass

from pydantic import BaseModel

from lib.aws.clients import S3Client
from lib.aws.s3_metadata import replace_metadata
from lib.errors import ConflictError, PermanentError, ProblemKind, RequestError
from lib.keys import Originals, escaped
from lib.pipeline.focus import FocalPoint, focus_metadata
from lib.pipeline.metadata_keys import FOCUS


class FocusRequest(BaseModel, frozen=True, extra="forbid"):
    """Request to change a photo's focal point; null removes it."""

    focus: FocalPoint | None


class PhotoFocus(BaseModel):
    """A photo's focal point; sizes that are cropped to it are rendered anew if it has changed."""

    path: str
    focus: FocalPoint | None


@dataclass(frozen=True)
class FocusEditor:
    """Changes the focal points of one stack's photos."""

    s3: S3Client
    originals: Originals

    def set(self, path: str, focus: FocalPoint | None) -> PhotoFocus:
        """Sets or removes a photo's focal point, in the metadata of its original.

        Raises RequestError if there is no photo, if it is archived, or if it changes meanwhile.
        """
        self.originals.check(path)
        new = focus_metadata(focus)

        def change(metadata: dict[str, str]) -> dict[str, str]:
            return {name: value for name, value in metadata.items() if name != FOCUS} | new

        try:
            changed = replace_metadata(
                self.s3, self.originals.bucket, self.originals.key(path), change
            )
        except ConflictError as error:
            raise RequestError(
                409,
                ProblemKind.CONFLICT,
                f"the photo at {escaped(path)!r} was replaced or deleted at this moment: look at "
                "the new one, then send its focal point",
            ) from error
        except PermanentError as error:
            raise RequestError(422, ProblemKind.NOT_RENDERED, f"{error.reason}: {error}") from error
        if changed is None:
            raise RequestError(
                404,
                ProblemKind.NO_PICTURE,
                f"there is no photo at {escaped(path)!r}: upload it first",
            )
        return PhotoFocus(path=path, focus=focus)

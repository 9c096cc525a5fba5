"""Whether a photo may be uploaded under a path: told alike by every way to upload one."""

from collections.abc import Iterable
from typing import TYPE_CHECKING
from unicodedata import category

from lib import keys
from lib.aws import s3 as objects
from lib.errors import PermanentError, ProblemKind, RequestError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


# In any field of a form S3 puts the sent file's own name in place of `${filename}`, and the SDK
# then signs a prefix in place of the key: the form could write to every key below it.
_VARIABLE = "${"
# Unicode's categories of control characters, and of halves of surrogate pairs.
_NOT_PRINTED = ("Cc", "Cs")


def require_valid(path: str, folders: Iterable[str]) -> None:
    """Refuse (RequestError) a path that no upload may ask for.

    That is one that no original, or no variant of it in one of the folders, can have, and one that
    a form would not take literally. `folders` are those of all sizes, with one for each format
    beside a size's own.
    """
    require_printable(path)
    if _VARIABLE in path:
        raise RequestError(
            422,
            ProblemKind.BAD_PATH,
            f"the path {keys.escaped(path)!r} has '{_VARIABLE}' in it, which S3 reads as a "
            "variable: upload under a path without",
        )
    try:
        keys.check_original(path)
        for folder in folders:
            keys.variant_key(folder, path)
    except PermanentError as error:
        raise RequestError(422, ProblemKind.BAD_PATH, str(error)) from error


def require_printable(path: str) -> None:
    """Refuse (RequestError) a path with control characters, or with what is no character.

    Browsers change line breaks in the fields of a form, and not everything that stands between a
    caller and S3 passes the others on.
    """
    if any(category(character) in _NOT_PRINTED for character in path):
        raise RequestError(
            422,
            ProblemKind.BAD_PATH,
            f"the path {path!a} has a control character in it, such as a line break: use a "
            "plain path such as 2026/photo.jpg",
        )


def require_free(s3: "S3Client", originals_bucket: str, path: str) -> None:
    """Refuse (RequestError) a path where there is a photo now."""
    if objects.head(s3, originals_bucket, keys.original_key(path)) is not None:
        raise make_taken_error(path)


def make_taken_error(path: str) -> RequestError:
    """The refusal of a path where there is a photo."""
    return RequestError(
        409,
        ProblemKind.PATH_TAKEN,
        f"there is a photo at {path!r}: ask with overwrite: true to replace it",
    )

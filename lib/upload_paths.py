"""Checks of the path of a new photo, the same for every way to upload it."""

from collections.abc import Iterable
from unicodedata import category

from lib import keys
from lib.aws import s3 as objects
from lib.aws.clients import S3Client
from lib.errors import PermanentError, ProblemKind, RequestError
from lib.keys import Originals

# S3 replaces `${filename}` in any form field by the uploaded file's name. The SDK then signs a
# prefix instead of a key, and the form could write to every key below that prefix.
_VARIABLE = "${"
# Below /uploads/, API Gateway sends a POST to these routes instead of to a photo of that path.
ROUTES = ("batch", "status")
# Unicode's categories of control characters and of halves of surrogate pairs.
_UNPRINTABLE = ("Cc", "Cs")


def require_valid(path: str, originals: Originals, folders: Iterable[str]) -> None:
    """Raises RequestError if the original, a variant or an upload form cannot use the path.

    `folders` are those of the sizes that are made of it, one for each format.
    """
    require_printable(path)
    if path in ROUTES:
        raise RequestError(
            422,
            ProblemKind.BAD_PATH,
            f"the path {path!r} is that of a route, POST /uploads/{path}: upload to a folder, such "
            f"as photos/{path}, or under a name such as {path}.jpg",
        )
    if _VARIABLE in path:
        raise RequestError(
            422,
            ProblemKind.BAD_PATH,
            f"the path {keys.escaped(path)!r} has '{_VARIABLE}' in it, which S3 reads as a "
            "variable: upload under a path without",
        )
    try:
        originals.check(path)
        for folder in folders:
            keys.variant_key(folder, path)
    except PermanentError as error:
        raise RequestError(422, ProblemKind.BAD_PATH, str(error)) from error


def require_printable(path: str) -> None:
    """Raises RequestError if the path has a control character or half of a surrogate pair.

    Browsers change line breaks in form fields, and some proxies drop other control characters.
    """
    if any(category(character) in _UNPRINTABLE for character in path):
        raise RequestError(
            422,
            ProblemKind.BAD_PATH,
            f"the path {path!a} has a control character in it, such as a line break: use a "
            "plain path such as 2026/photo.jpg",
        )


def require_free(s3: S3Client, originals: Originals, path: str) -> None:
    """Raises RequestError if the path has a photo."""
    if objects.head(s3, originals.bucket, originals.key(path)) is not None:
        raise make_taken_error(path)


def make_taken_error(path: str) -> RequestError:
    """Builds the error for a path that has a photo."""
    return RequestError(
        409,
        ProblemKind.PATH_TAKEN,
        f"there is a photo at {path!r}: send overwrite: true to replace it",
    )

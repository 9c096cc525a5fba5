"""Signs the URLs of variants that the API returns, if a caller requests it."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import TYPE_CHECKING

from lib.errors import PermanentError, ProblemKind, Reason, RequestError
from lib.keys import SIGNED_FOLDER, check_path

if TYPE_CHECKING:
    from lib.auth.viewer_signatures import ViewerSigner

# The longest lifetime of a signed URL or cookie: seven days, S3's own limit on presigned URLs.
# Whoever has a copy can see the image until then; only two rotations of the key end it sooner.
MAX_SECONDS = 7 * 24 * 60 * 60


def make_url_signer(signer: "ViewerSigner | None", seconds: int | None) -> Callable[[str], str]:
    """Returns what signs URLs for so many seconds, or leaves them as they are if none are given.

    Raises RequestError on a stage that shows its variants to everyone, and so has no signer.
    """
    if seconds is None:
        return str
    if signer is None:
        raise RequestError(
            422,
            ProblemKind.INVALID_REQUEST,
            "signed: this stage shows its variants to everyone (viewers is not signed): leave it "
            "out, and use the URLs as they are",
        )
    return signer.make_url_signer(signer.now() + timedelta(seconds=seconds))


def list_folders(
    folder: str, size_folders: Iterable[str], *, has_signed: bool, has_queries: bool
) -> list[str]:
    """Returns the CDN's folders with images of photos in a folder; "" for all photos.

    A wildcard in place of the size would be one folder, but would also match this folder inside of
    others. Raises PermanentError if the folder cannot be that of a cookie.
    """
    path = folder.strip("/")
    if not path:
        return [""]
    check_path(path)
    if ";" in path:
        raise PermanentError(
            Reason.BAD_KEY,
            f"the folder {folder!r} has a ';' in it, which ends a cookie's path: sign URLs instead",
        )
    of_sizes = list(size_folders)
    if path.partition("/")[0] in (*of_sizes, SIGNED_FOLDER):
        raise PermanentError(
            Reason.BAD_KEY,
            f"the folder {folder!r} is called like one of the CDN, and its cookies could show "
            f"other photos: give a folder that is not in {path.partition('/')[0]}/",
        )
    cdn = [*of_sizes, *([SIGNED_FOLDER] if has_signed else [])]
    return [f"{each}/{path}/" for each in cdn] + ([f"{path}/"] if has_queries else [])

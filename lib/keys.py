"""Photo paths, and the keys and URLs derived from them.

The original is at `<prefix><path>` in the originals bucket (the prefix is `originals/` unless the
stage names another), a variant at `<size>/<path>` in the images bucket and in URLs.
"""

from dataclasses import dataclass
from urllib.parse import quote

from lib.errors import PermanentError, Reason

FETCH_RECORDS = "_fetch"
# The CDN's folder of signed images: no size's name begins with an underscore.
SIGNED_FOLDER = "_signed"
# The CDN's folder of the console, likewise.
CONSOLE_FOLDER = "_console"
# S3's own limit on a key, in bytes of UTF-8.
MAX_KEY_BYTES = 1024
# Characters that URLs carry unencoded, besides letters, digits and `-._`. CloudFront invalidates a
# path only if nothing but non-ASCII and RFC 1738's unsafe characters (`~` is one) is encoded. `+`
# and `*` are encoded nevertheless: S3 reads `+` as a space, an invalidation `*` as a wildcard.
_UNENCODED_IN_URLS = "/!$&'(),:;=@"


@dataclass(frozen=True)
class Originals:
    """Where a stage's originals are: in one folder of a bucket.

    `prefix` ends in a slash; "" is the whole bucket.
    """

    bucket: str
    prefix: str

    def __str__(self) -> str:
        return f"{self.bucket}/{self.prefix}"

    def key(self, path: str) -> str:
        """Returns an original's key."""
        return self.prefix + path

    def path(self, key: str) -> str:
        """Returns the path of the original with this key."""
        return key.removeprefix(self.prefix)

    def has(self, bucket: str, key: str) -> bool:
        """Returns whether the object is below the prefix of this bucket."""
        return bucket == self.bucket and key.startswith(self.prefix)

    def check(self, path: str) -> None:
        """Raises PermanentError if no original, or no fetch record, can have this path."""
        check_path(path)
        _check_length("original", self.key(path))
        _check_length("fetch record", f"{FETCH_RECORDS}/{path}")


def variant_key(size_name: str, path: str) -> str:
    """Returns a variant's key in the images bucket.

    Raises PermanentError if the path would leave the size's folder or the key is too long for S3.
    """
    check_path(path)
    key = f"{size_name}/{path}"
    _check_length("variant", key)
    return key


def variant_url(base_url: str, size_name: str, path: str) -> str:
    """Returns a variant's URL below `base_url` (no trailing slash), without any request."""
    return f"{base_url}/{url_path(variant_key(size_name, path))}"


def url_path(key: str | bytes) -> str:
    """Percent-encodes a key for URLs and invalidations.

    The CloudFront Function rewrites every request to this spelling
    (infra/delivery/viewer-request.js).
    """
    return quote(key, safe=_UNENCODED_IN_URLS).replace("~", "%7E")


def escaped(path: str) -> str:
    """Returns the path percent-encoded in ASCII, for logs, headers and message attributes."""
    # Logging must not fail for half of a surrogate pair, which strict UTF-8 rejects.
    return quote(path, errors="surrogatepass")


def is_utf8(text: str) -> bool:
    """Returns whether a text encodes as UTF-8; one from JSON may hold half of a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def check_path(path: str) -> None:
    """Raises PermanentError if programs would read the path differently, or not as UTF-8.

    Browsers, proxies and file systems remove `.`, `..` and empty folders, and cut at NUL.
    """
    if not is_utf8(path):
        raise PermanentError(
            Reason.BAD_KEY,
            f"the path {escaped(path)!r} is not UTF-8: upload under a plain path such as "
            "2026/photo.jpg",
        )
    parts = path.split("/")
    if "\0" in path or any(part in ("", ".", "..") for part in parts):
        raise PermanentError(
            Reason.BAD_KEY,
            f"the path {escaped(path)!r} has an empty folder, '.', '..' or a NUL in it: "
            "upload under a plain path such as 2026/photo.jpg",
        )


def _check_length(kind: str, key: str) -> None:
    length = len(key.encode())
    if length > MAX_KEY_BYTES:
        raise PermanentError(
            Reason.BAD_KEY,
            f"the {kind}'s key would have {length} bytes, S3 takes {MAX_KEY_BYTES}: "
            "give a shorter path",
        )

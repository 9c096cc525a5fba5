"""Paths of photos, and the keys and URLs that follow from them.

A path is the same in every place: `originals/<path>` in the originals bucket,
`<size>/<path>` in the images bucket and in URLs.
"""

from urllib.parse import quote

from lib.errors import PermanentError, Reason

ORIGINALS = "originals/"
FETCH_RECORDS = "_fetch"
# Where signed pictures are at the CDN: no size's name begins with an underscore.
SIGNED_FOLDER = "_signed"
# S3's own limit on a key, in bytes of UTF-8.
MAX_KEY_BYTES = 1024
# What stays as it is in a URL beside letters, digits and `-._`: CloudFront invalidates a path only
# if no more of it is encoded than non-ASCII and RFC 1738's unsafe characters (`~` is one). `+` and
# `*` are encoded all the same: S3 reads a `+` as a space, an invalidation a `*` as a wildcard.
_PLAIN_IN_URLS = "/!$&'(),:;=@"


def original_key(path: str) -> str:
    """Key of an original in the originals bucket."""
    return ORIGINALS + path


def variant_key(size_name: str, path: str) -> str:
    """Key of a variant in the images bucket.

    Raises PermanentError where the path would leave the size's folder or the key is too long
    for S3.
    """
    check_path(path)
    key = f"{size_name}/{path}"
    _check_length("variant", key)
    return key


def check_original(path: str) -> None:
    """Refuse (PermanentError) paths that no original can have."""
    check_path(path)
    _check_length("original", original_key(path))


def variant_url(base_url: str, size_name: str, path: str) -> str:
    """Address of a variant below `base_url` (no slash at its end); needs no look-up."""
    return f"{base_url}/{url_path(variant_key(size_name, path))}"


def url_path(key: str | bytes) -> str:
    """Spell a key as URLs and purges do: the CDN brings each request for it to this spelling.

    The CloudFront Function does the same (infra/delivery/viewer-request.js).
    """
    return quote(key, safe=_PLAIN_IN_URLS).replace("~", "%7E")


def escaped(path: str) -> str:
    """The path in plain ASCII, percent-encoded: for logs, headers and message attributes."""
    # Half of a surrogate pair is no character, but what logs it must not fail.
    return quote(path, errors="surrogatepass")


def is_utf8(text: str) -> bool:
    """Whether a text can be encoded: one from JSON may hold half of a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def check_path(path: str) -> None:
    """Refuse (PermanentError) paths that mean different things to different readers, or nothing.

    Browsers, proxies and file systems fold `.`, `..` and empty folders away, and cut at NUL. S3
    takes keys in UTF-8, which has no halves of surrogate pairs.
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


def _check_length(whose: str, key: str) -> None:
    length = len(key.encode())
    if length > MAX_KEY_BYTES:
        raise PermanentError(
            Reason.BAD_KEY,
            f"the {whose}'s key would have {length} bytes, S3 takes {MAX_KEY_BYTES}: "
            "give a shorter path",
        )

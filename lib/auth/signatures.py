"""Signed URLs: an HMAC over a photo's path and its processing options.

Both are signed as text, so that any language with an HMAC can sign a URL in a few lines.
"""

import hmac
import re
from base64 import urlsafe_b64encode
from collections.abc import Iterable

from lib import keys as paths
from lib.keys import SIGNED_FOLDER

# 32 bytes in base64url.
_SIGNATURE = re.compile("[A-Za-z0-9_-]{43}")


def is_well_formed(text: str) -> bool:
    """Returns whether the text has a signature's length and alphabet."""
    return _SIGNATURE.fullmatch(text) is not None


def sign_url(base_url: str, key: str, path: str, options: str) -> str:
    """Returns the URL of a signed image below `base_url` (no trailing slash).

    Options and signature are in the URL's path: the CDN's cache key has nothing else, and one
    wildcard can invalidate all signed images of a photo.
    """
    return f"{base_url}/{SIGNED_FOLDER}/{paths.url_path(path)}/{options}/{sign(key, path, options)}"


def sign(key: str, path: str, options: str) -> str:
    """Returns the HMAC-SHA256 of path, newline and options, as base64url without padding.

    `path` is the original's, unescaped; no option contains a newline. The HMAC's key is the UTF-8
    bytes of `key`.
    """
    digest = hmac.digest(key.encode(), f"{path}\n{options}".encode(), "sha256")
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def verify(keys: Iterable[str], path: str, options: str, presented: str) -> bool:
    """Returns whether `presented` is the signature by one of the keys; an empty key signs nothing.

    Compares with every key, so that the duration reveals nothing about any key. Compares text, not
    bytes: 43 characters leave two bits unused, so other texts would decode to the same bytes.
    """
    given = presented.encode()
    is_valid = False
    for key in keys:
        is_equal = hmac.compare_digest(given, sign(key, path, options).encode())
        is_valid |= is_equal and bool(key)
    return is_valid

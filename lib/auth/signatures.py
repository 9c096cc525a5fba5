"""Signed URLs: what is wanted of which photo, and an HMAC of that.

It is over both as text, so that any language with an HMAC can make one in a few lines.
"""

import hmac
import re
from base64 import urlsafe_b64encode
from collections.abc import Iterable

from lib import keys as paths
from lib.keys import SIGNED_FOLDER

# 32 bytes in base64url.
_FORM = re.compile("[A-Za-z0-9_-]{43}")


def is_well_formed(text: str) -> bool:
    """Whether this could be a signature."""
    return _FORM.fullmatch(text) is not None


def sign_url(base_url: str, key: str, path: str, options: str) -> str:
    """The URL of a signed picture below `base_url` (no slash at its end).

    All of it is in the path: the CDN's cache knows no more of a URL, and a deletion can name all
    pictures of a photo.
    """
    return f"{base_url}/{SIGNED_FOLDER}/{paths.url_path(path)}/{options}/{sign(key, path, options)}"


def sign(key: str, path: str, options: str) -> str:
    """Base64url, without padding, of HMAC-SHA256 over the path, a newline and the options.

    `path` is that of the original, not escaped; no option has a newline in it. The key is the
    UTF-8 bytes of its text.
    """
    digest = hmac.digest(key.encode(), f"{path}\n{options}".encode(), "sha256")
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def verify(keys: Iterable[str], path: str, options: str, presented: str) -> bool:
    """Whether `presented` is the signature by one of the keys; "" is none, and signs nothing.

    Compares with all of them, so that the time it takes tells nothing about any. As text: the 43
    characters have two bits to spare, and other spellings of the same bytes would be other URLs.
    """
    given = presented.encode()
    found = False
    for key in keys:
        equal = hmac.compare_digest(given, sign(key, path, options).encode())
        found |= equal and bool(key)
    return found

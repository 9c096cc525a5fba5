"""Parses URLs from callers, once and strictly.

Two parsers that disagree about a URL's host let an attacker bypass the checks. So only this module
parses URLs; it rejects everything unusual, and the other modules use the parts.
"""

import re
from ipaddress import IPv6Address
from typing import NamedTuple
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit

from lib.errors import PermanentError, Reason

# nginx and Apache accept request lines of up to 8 KB, and the method and version need some of it. A
# URL that is presigned with a session token has about 2,000 characters.
MAX_LENGTH = 8000
_PORTS = {"http": 80, "https": 443}
# Letters, digits and hyphens, and the underscore that some hosts have although it is invalid.
_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")
# White space and control characters, which some parsers drop, and the backslash, which browsers
# read as a slash.
_AMBIGUOUS = re.compile(r"[\x00-\x20\x7f-\xa0\\]")
# Characters with a meaning in a URL; all others but letters, digits and "_.-" are percent-encoded.
_NOT_ENCODED = "!#$%&'()*+,/:;=?@[]~"


class Url(NamedTuple):
    """Parts of a URL; `host` and `request_target` (path and query) are ASCII.

    Only `host` may be shown or logged: path and query can contain secrets.
    """

    scheme: str
    host: str
    port: int
    request_target: str

    @property
    def authority(self) -> str:
        """Value of the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def filename(self) -> str:
        """Name under which a browser would save the file; "" if the path ends in a slash."""
        return unquote(self.request_target.partition("?")[0]).rpartition("/")[2]

    @property
    def is_public(self) -> bool:
        """Whether the port is 80 or 443: other ports may belong to other services."""
        return self.port in _PORTS.values()

    def resolve_redirect(self, location: str) -> "Url":
        """Returns the URL that a redirect leads to; PermanentError if it is not allowed.

        `location` is the header as http.client returns it, decoded as Latin-1.
        """
        escaped = quote(location.encode("latin-1", "replace"), safe=_NOT_ENCODED)
        url = parse_url(urljoin(f"{self.scheme}://{self.authority}{self.request_target}", escaped))
        if self.scheme == "https" and url.scheme == "http":
            raise PermanentError(
                Reason.SOURCE_REFUSED,
                f"{self.host} redirects from https to http, where anybody could change the "
                "photo: give the final URL",
            )
        return url


def parse_url(text: str) -> Url:
    """Parses a URL; PermanentError (`bad_url`), which does not quote it, if it is not allowed."""
    if len(text) > MAX_LENGTH:
        raise _bad_url_error(f"it has {len(text):,} characters, the limit is {MAX_LENGTH:,}")
    if _AMBIGUOUS.search(text):
        raise _bad_url_error(
            "it contains white space, a control character or a backslash: escape them"
        )
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise _bad_url_error("it cannot be read") from None
    if parts.scheme not in _PORTS:
        raise _bad_url_error("it does not start with http:// or https://")
    if "@" in parts.netloc:
        raise _bad_url_error("it contains a user name or a password, which are never sent")
    if "%" in parts.netloc:
        raise _bad_url_error("its host contains a percent sign")
    request_target = quote(parts.path or "/", safe=_NOT_ENCODED)
    if parts.query:
        request_target += f"?{quote(parts.query, safe=_NOT_ENCODED)}"
    port = _PORTS[parts.scheme] if port is None else port
    return Url(parts.scheme, _parse_host(parts), port, request_target)


def check_port(url: Url) -> None:
    """Raises PermanentError for a port other than 80 and 443."""
    if not url.is_public:
        raise _bad_url_error(f"its port is {url.port}; only 80 and 443 are allowed")


def _parse_host(parts: SplitResult) -> str:
    """Returns the host in ASCII; other characters in IDNA 2003, as the standard library does."""
    hostname = parts.hostname or ""
    try:
        if parts.netloc.startswith("["):
            return str(IPv6Address(hostname))
        host = hostname.rstrip(".").encode("idna").decode().lower()
    except ValueError:
        host = ""
    if not _HOST.fullmatch(host):
        raise _bad_url_error("its host is neither a name nor an address")
    return host


def _bad_url_error(why: str) -> PermanentError:
    return PermanentError(
        Reason.BAD_URL,
        f"the URL cannot be fetched: {why}; give a plain one such as https://example.com/photo.jpg",
    )

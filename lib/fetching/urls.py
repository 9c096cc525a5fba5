"""URLs as strangers write them, taken apart once and for all.

Two readers of one URL that disagree about its host are how checks are gone round. So it is
read here only, everything unusual is refused, and what follows uses the parts.
"""

import re
from ipaddress import IPv6Address
from typing import NamedTuple
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit

from lib.errors import PermanentError, Reason

# The longest request line that nginx and Apache take, 8 KB, less the rest of that line. A URL
# presigned with a session's token has about 2,000.
MAX_LENGTH = 8000
_PORTS = {"http": 80, "https": 443}
# Letters, digits and hyphens, and the underscore that some names have all the same.
_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")
# White space and controls, which parsers drop or keep as they like; and the backslash, which
# browsers read as a slash.
_AMBIGUOUS = re.compile(r"[\x00-\x20\x7f-\xa0\\]")
# What has a meaning in a URL stays as it is; everything else is percent-encoded.
_MEANT = "!#$%&'()*+,/:;=?@[]~"


class Url(NamedTuple):
    """Where a URL leads; `host` and `resource` (path and query) are ASCII.

    Only `host` may be shown or logged: path and query can be secrets.
    """

    scheme: str
    host: str
    port: int
    request_target: str

    @property
    def authority(self) -> str:
        """The Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def filename(self) -> str:
        """What a browser would call the file, "" where the path ends in a slash."""
        return unquote(self.request_target.partition("?")[0]).rpartition("/")[2]

    @property
    def is_public(self) -> bool:
        """Whether the port is one of the two where the web is: others may be no web servers."""
        return self.port in _PORTS.values()

    def resolve_redirect(self, location: str) -> "Url":
        """Where a redirect leads; PermanentError where it may not lead.

        `location` is the header as http.client gives it, its bytes read as Latin-1.
        """
        escaped = quote(location.encode("latin-1", "replace"), safe=_MEANT)
        url = parse_url(urljoin(f"{self.scheme}://{self.authority}{self.request_target}", escaped))
        if self.scheme == "https" and url.scheme == "http":
            raise PermanentError(
                Reason.SOURCE_REFUSED,
                f"{self.host} redirects from https to http, where anybody could change the "
                "photo: give the address that it leads to",
            )
        return url


def parse_url(text: str) -> Url:
    """Take a URL apart; PermanentError (`bad_url`) says what is wrong without quoting it."""
    if len(text) > MAX_LENGTH:
        raise _bad(f"it has {len(text):,} characters, the limit is {MAX_LENGTH:,}")
    if _AMBIGUOUS.search(text):
        raise _bad("it has white space, a control character or a backslash in it: escape them")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise _bad("it cannot be read") from None
    if parts.scheme not in _PORTS:
        raise _bad("it does not begin with http:// or https://")
    if "@" in parts.netloc:
        raise _bad("it has a user name or a password in it, which are passed on to nobody")
    if "%" in parts.netloc:
        raise _bad("its host is escaped, or an address with a zone")
    resource = quote(parts.path or "/", safe=_MEANT)
    if parts.query:
        resource += f"?{quote(parts.query, safe=_MEANT)}"
    return Url(parts.scheme, _host(parts), _PORTS[parts.scheme] if port is None else port, resource)


def check_port(url: Url) -> None:
    """PermanentError for a port that is not the web's."""
    if not url.is_public:
        raise _bad(f"its port is {url.port}; only 80 and 443 are asked")


def _host(parts: SplitResult) -> str:
    """The host in ASCII; of names beyond it the IDNA 2003 form, all the standard library has."""
    given = parts.hostname or ""
    try:
        if parts.netloc.startswith("["):
            return str(IPv6Address(given))
        host = given.rstrip(".").encode("idna").decode().lower()
    except ValueError:
        host = ""
    if not _HOST.fullmatch(host):
        raise _bad("its host is no name and no address")
    return host


def _bad(why: str) -> PermanentError:
    return PermanentError(
        Reason.BAD_URL,
        f"the URL cannot be fetched: {why}; give a plain one such as https://example.com/photo.jpg",
    )

"""Packs URIs into plain ASCII without escapes, so that signed Function URL requests keep them.

infra/delivery/relay.js packs, the function unpacks.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode

from lib.errors import ProblemKind, RequestError


def pack(uri: str) -> str:
    """Encodes a whole URI as a path of one segment."""
    return f"/{urlsafe_b64encode(uri.encode()).rstrip(b'=').decode()}"


def unpack(packed: str) -> str:
    """Decodes the URI in a path; raises RequestError if `pack` would not write this path."""
    try:
        uri = urlsafe_b64decode(f"{packed[1:]}==").decode("ascii")
    except ValueError:
        uri = ""
    # One URI has several spellings in Base64, and decoders skip foreign characters.
    if uri.startswith("/") and pack(uri) == packed:
        return uri
    raise RequestError(
        400,
        ProblemKind.INVALID_REQUEST,
        "the path is not packed: use the address of the CDN, which packs it",
    )

"""URIs in plain ASCII without escapes: as the Function URL is asked for them, and signed.

infra/delivery/relay.js packs, the function unpacks.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode

from lib.errors import ProblemKind, RequestError


def pack(uri: str) -> str:
    """A path of one folder, which says the whole URI."""
    return f"/{urlsafe_b64encode(uri.encode()).rstrip(b'=').decode()}"


def unpack(packed: str) -> str:
    """The URI that a path says; RequestError for what nobody has packed."""
    try:
        uri = urlsafe_b64decode(f"{packed[1:]}==").decode("ascii")
    except ValueError:
        uri = ""
    # Base64 has more than one spelling, and decoders read over what is none.
    if uri.startswith("/") and pack(uri) == packed:
        return uri
    raise RequestError(
        400,
        ProblemKind.INVALID_REQUEST,
        "the path is not packed: ask at the address of the CDN, which does so",
    )

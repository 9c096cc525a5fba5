"""What a variant's Cache-Control says."""

from infra.delivery.parameters import DeliveryParameters
from lib.sizes import Size


def cache_control(size: Size, parameters: DeliveryParameters) -> str:
    """The size's own times, or the stage's: for browsers (max-age) and for CloudFront (s-maxage).

    Browsers get less by default, since nobody can purge their copies. `immutable` keeps them from
    asking again before that time is over; it is for paths whose content never changes.
    """
    browser = _first(size.browser_seconds, parameters.browser_seconds)
    cdn = _first(size.cdn_seconds, parameters.cdn_seconds)
    immutable = parameters.immutable if size.immutable is None else size.immutable
    said = f"public, max-age={browser}, s-maxage={cdn}"
    return f"{said}, immutable" if immutable else said


def _first(own: int | None, stages: int) -> int:
    return stages if own is None else own

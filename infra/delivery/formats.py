"""Formats by what the browser takes: the origins that the CloudFront Function chooses from.

`<size>.<format>/<path>` and `<size>/<path>` differ in their first folder alone. So each folder is
an origin of its own (one bucket, another OriginPath), the function takes the folder off the URI,
and has CloudFront ask the format's origin first and the size's own where that has no such picture.
The folder goes into the cache key by a header that only the function sets.
"""

from infra.delivery.on_demand import has_on_demand_origin
from infra.delivery.parameters import DeliveryParameters
from lib.errors import ConfigError
from lib.sizes import Size

# Each size's name, and its formats in the order in which they are preferred.
Formats = dict[str, tuple[str, ...]]

FOLDER_HEADER = "x-fanout-folder"
# What the name of a folder's origin begins with.
ORIGIN = "images-"
# CloudFront's limit on origins: a quota, which can be raised.
MAX_ORIGINS = 100


def served_formats(parameters: DeliveryParameters, sizes: list[Size]) -> Formats:
    """The sizes whose formats can be chosen by Accept: at their URLs, or by `format=auto`."""
    if not (parameters.serve_formats or parameters.serve_queries):
        return {}
    return {size.name: size.formats for size in sizes if size.formats}


def folder_origins(parameters: DeliveryParameters, formats: Formats) -> dict[str, str]:
    """OriginPath of each folder by the name of its origin; ConfigError for too many of them.

    None on an emulator: it has no origin groups.
    """
    if parameters.emulator:
        return {}
    folders = [
        folder
        for size, extra in formats.items()
        for folder in (size, *(f"{size}.{format_}" for format_ in extra))
    ]
    others = 1 + has_on_demand_origin(parameters)
    if len(folders) + others > MAX_ORIGINS:
        raise ConfigError(
            f"{serving(parameters)}: {len(formats)} sizes with formats have {len(folders)} "
            f"folders, and each is an origin of the distribution, of which CloudFront allows "
            f"{MAX_ORIGINS}: declare formats for fewer sizes, or ask AWS for a higher quota and "
            "raise MAX_ORIGINS in infra/delivery/formats.py"
        )
    return {f"{ORIGIN}{folder}": f"/{folder}" for folder in folders}


def serving(parameters: DeliveryParameters) -> str:
    """The parameter that has formats chosen, to name in a refusal."""
    return "serve_formats" if parameters.serve_formats else "serve_queries"

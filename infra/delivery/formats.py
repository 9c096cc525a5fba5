"""Origins that the CloudFront Function chooses from by the formats that a browser accepts.

`<size>.<format>/<path>` and `<size>/<path>` differ in their first folder only. So each folder is an
origin (one bucket, another OriginPath). The function removes the folder from the URI and builds an
origin group: the format's origin, then the size's. A header that only the function sets puts the
folder into the cache key.
"""

from infra.delivery.parameters import DeliveryParameters
from lib.errors import ConfigError
from lib.sizes import Size

# Each size's name, and its formats in order of preference.
Formats = dict[str, tuple[str, ...]]

FOLDER_HEADER = "x-fanout-folder"
# Prefix of the names of folders' origins.
ORIGIN = "images-"
# CloudFront's quota of origins a distribution; AWS raises it on request.
MAX_ORIGINS = 100


def served_formats(parameters: DeliveryParameters, sizes: list[Size]) -> Formats:
    """Returns the sizes whose formats are chosen by Accept: at their URLs, or by `format=auto`."""
    if not (parameters.serve_formats or parameters.serve_queries):
        return {}
    return {size.name: size.formats for size in sizes if size.formats}


def folder_origins(parameters: DeliveryParameters, formats: Formats) -> list[tuple[str, str]]:
    """Returns the name of each folder's origin, and its OriginPath.

    Empty on an emulator, which has no origin groups. Raises ConfigError for too many folders.
    """
    if parameters.emulator:
        return []
    folders = [
        folder
        for size, extra in formats.items()
        for folder in (size, *(f"{size}.{format_}" for format_ in extra))
    ]
    others = 1 + parameters.has_on_demand_origin
    if len(folders) + others > MAX_ORIGINS:
        raise ConfigError(
            f"{serving(parameters)}: {len(formats)} sizes with formats have {len(folders)} "
            f"folders, and each is an origin of the distribution, of which CloudFront allows "
            f"{MAX_ORIGINS}: declare formats for fewer sizes, or ask AWS for a higher quota and "
            "raise MAX_ORIGINS in infra/delivery/formats.py"
        )
    return [(f"{ORIGIN}{folder}", f"/{folder}") for folder in folders]


def serving(parameters: DeliveryParameters) -> str:
    """Returns the name of the parameter that has formats chosen, for messages."""
    return "serve_formats" if parameters.serve_formats else "serve_queries"

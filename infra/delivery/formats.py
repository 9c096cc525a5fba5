"""Formats by what the browser takes: the CloudFront Function, and the origins it chooses from.

`<size>.<format>/<path>` and `<size>/<path>` differ in their first folder alone. So each folder is
an origin of its own (one bucket, another OriginPath), the function takes the folder off the URI,
and has CloudFront ask the format's origin first and the size's own where that has no such picture.
The folder goes into the cache key by a header that only the function sets.
"""

import json
from pathlib import Path
from typing import Any

from infra.delivery.parameters import DeliveryParameters
from lib.errors import ConfigError
from lib.sizes import Size

# Each size's name, and its formats in the order in which they are preferred.
Formats = dict[str, tuple[str, ...]]

FOLDER_HEADER = "x-fanout-folder"
# CloudFront's limits on a function's source, and (a quota, which can be raised) on origins.
MAX_FUNCTION_BYTES = 10 * 1024
MAX_ORIGINS = 100
_SOURCES = Path(__file__).parent
_ORIGIN = "images-"


def served_formats(parameters: DeliveryParameters, sizes: list[Size]) -> Formats:
    """The sizes whose formats are chosen by Accept; none unless the stage serves formats."""
    if not parameters.serve_formats:
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
    if len(folders) >= MAX_ORIGINS:
        raise ConfigError(
            f"serve_formats: {len(formats)} sizes with formats have {len(folders)} folders, and "
            f"each is an origin of the distribution, of which CloudFront allows {MAX_ORIGINS}: "
            "declare formats for fewer sizes, or ask AWS for a higher quota and raise MAX_ORIGINS "
            "in infra/delivery/formats.py"
        )
    return {f"{_ORIGIN}{folder}": f"/{folder}" for folder in folders}


def formats_resources(parameters: DeliveryParameters, formats: Formats) -> dict[str, Any]:
    """The function that chooses; nothing where no formats are served."""
    if not formats:
        return {}
    code = function_code(formats, emulated=bool(parameters.emulator))
    size = len(code.encode())
    if size > MAX_FUNCTION_BYTES:
        raise ConfigError(
            f"serve_formats: the CloudFront Function has {size:,} bytes with its table of "
            f"{len(formats)} sizes, CloudFront takes {MAX_FUNCTION_BYTES:,}: declare formats for "
            "fewer sizes, or give these shorter names"
        )
    return {
        "ViewerRequest": {
            "Type": "AWS::CloudFront::Function",
            "Properties": {
                "Name": f"{parameters.prefix}-{parameters.region}",
                "AutoPublish": True,
                "FunctionCode": code,
                "FunctionConfig": {
                    "Comment": "Chooses a picture's format by Accept",
                    "Runtime": "cloudfront-js-2.0",
                },
            },
        }
    }


def function_code(formats: Formats, *, emulated: bool) -> str:
    """The function's source: how the choice is carried out, the table, and how it is made."""
    way = "emulated.js" if emulated else "fallback.js"
    table = (
        f"const FOLDER = {json.dumps(FOLDER_HEADER)};\n"
        f"const ORIGIN = {json.dumps(_ORIGIN)};\n"
        f"const FORMATS = {json.dumps(formats)};\n"
    )
    return f"{_source(way)}\n{table}\n{_source('viewer-request.js')}"


def _source(name: str) -> str:
    return (_SOURCES / name).read_text(encoding="utf-8")

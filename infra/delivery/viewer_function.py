"""The CloudFront Function on viewer requests, assembled from the parts that its stage needs."""

import json
import re
from pathlib import Path
from typing import Any

from infra.delivery.cloudfront import build_function
from infra.delivery.formats import FOLDER_HEADER, ORIGIN, Formats, serving
from infra.delivery.parameters import DeliveryParameters
from infra.delivery.relay import ON_DEMAND
from lib.errors import ConfigError
from lib.sizes import Size, group_by_picture
from lib.sizes.paths import FOLDERS, split_pattern

# CloudFront's limit on a function's source.
MAX_FUNCTION_BYTES = 10 * 1024
_SOURCES = Path(__file__).parent
# The parts of the function divide nothing, and have no template strings.
_LITERAL = re.compile(r"""('(?:[^'\\]|\\.)*'|/(?:[^/\\]|\\.)+/)""")
_SPACES = re.compile(r"\s*([^\w\s])\s*")


def function_resources(
    parameters: DeliveryParameters, formats: Formats, sizes: list[Size]
) -> dict[str, Any]:
    """Builds the function; raises ConfigError if its source is too long for CloudFront."""
    code = function_code(parameters, formats, sizes)
    length = len(code.encode())
    if length > MAX_FUNCTION_BYTES:
        count = len(sizes) if parameters.serve_queries else len(formats)
        fewer = "fewer sizes" if parameters.serve_queries else "formats for fewer sizes"
        raise ConfigError(
            f"{serving(parameters)}: the CloudFront Function has {length:,} bytes with its table "
            f"of {count} sizes, CloudFront takes {MAX_FUNCTION_BYTES:,}: declare {fewer}, or give "
            f"these shorter names{' and fewer paths' * any(size.is_limited for size in sizes)}"
        )
    name = f"{parameters.prefix}-{parameters.region}"
    comment = "Spells paths alike, chooses sizes by query and formats by Accept"
    return {"ViewerRequest": build_function(name, code, comment)}


def function_code(parameters: DeliveryParameters, formats: Formats, sizes: list[Size]) -> str:
    """Returns the function's source: `send`, the constants, and the choice of an image."""
    constants: dict[str, Any] = {
        "FOLDER": FOLDER_HEADER,
        "ORIGIN": ORIGIN,
        # The origin asked if a format is missing: null for the size's own folder.
        "ELSE": ON_DEMAND if parameters.has_failover else None,
        "SERVE_FORMATS": parameters.serve_formats,
        "SERVE_QUERIES": parameters.serve_queries,
        "SIZES": size_table(
            sizes if parameters.serve_queries else [each for each in sizes if each.name in formats]
        ),
    }
    sources = [_source("viewer-request.js")]
    if parameters.serve_queries:
        constants["LIMITED"] = any(size.is_limited for size in sizes)
        sources.insert(0, _source("queries.js"))
        if constants["LIMITED"]:
            sources.insert(0, _source("paths.js"))
    if parameters.emulator:
        constants["PRIVATE"] = parameters.is_private
    send = _source("emulated.js" if parameters.emulator else "fallback.js")
    lines = [f"const {name} = {_compact(value)};" for name, value in constants.items()]
    return "\n".join([send, *lines, *sources])


def size_table(sizes: list[Size]) -> list[list[Any]]:
    """Returns an entry for each size, as viewer-request.js describes them, by width.

    Among sizes with one box, the first in sizes.yml stays first: it is the one that is chosen.
    """
    groups = enumerate(group_by_picture(sizes))
    shown = {size.name: number for number, group in groups for size in group}
    return [
        [
            *(each.name, each.width or 0, each.height or 0, each.format),
            *(shown[each.name], each.formats, *_list_patterns(each)),
        ]
        for each in sorted(sizes, key=lambda each: each.width or 0)
    ]


def _list_patterns(size: Size) -> list[list[str]]:
    if not size.is_limited:
        return []
    paths = size.paths or (FOLDERS,)
    return [
        ["/".join(split_pattern(pattern)) for pattern in each] for each in (paths, size.except_)
    ]


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def _source(name: str) -> str:
    """Reads a part without comments and spaces, which would count towards the limit."""
    lines = map(str.strip, (_SOURCES / name).read_text(encoding="utf-8").splitlines())
    return "\n".join(_close_up(line) for line in lines if line and not line.startswith("//"))


def _close_up(line: str) -> str:
    """Removes spaces beside punctuation, but not in strings and regular expressions."""
    parts = _LITERAL.split(line)
    parts[::2] = (_SPACES.sub(r"\1", part) for part in parts[::2])
    return "".join(parts)

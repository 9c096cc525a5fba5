"""Reads sizes.yml, which queues, functions, alarms and URLs are generated from."""

import re
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from lib.errors import ConfigError
from lib.sizes.size import Size

# "800x600", "1200x" (width only), "x600" (height only).
_SHORT_FORM = re.compile(r"(?P<width>[0-9]{0,9})x(?P<height>[0-9]{0,9})")


def load_sizes(path: str | Path) -> list[Size]:
    """Reads and validates sizes.yml.

    Raises ConfigError with a line for each mistake: file, entry, key, limit and the value given.
    """
    import yaml  # noqa: PLC0415  functions get their size from the environment: no YAML in the zip

    path = Path(path)
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    # PyYAML also lets Python's errors through: for text that is not UTF-8, impossible dates, and
    # numbers of thousands of digits.
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: is not YAML: {' '.join(str(error).split())}") from error
    return parse_sizes(document, file=path.name)


def parse_sizes(document: object, *, file: str) -> list[Size]:
    """Validates the content of sizes.yml; raises ConfigError with `file` as its name."""
    if not isinstance(document, dict) or not isinstance(document.get("sizes"), list):
        raise ConfigError(f"{file}: needs a key 'sizes' with a list of sizes, such as '- 800x600'")
    mistakes = [
        f"{file}: {key}: unknown key; the file takes 'defaults' and 'sizes'"
        for key in document
        if key not in ("defaults", "sizes")
    ]
    defaults = document.get("defaults") or {}
    if not isinstance(defaults, dict) or {"name", "width", "height"} & defaults.keys():
        raise ConfigError(
            f"{file}: defaults: must be a mapping of settings that sizes share "
            f"(not name, width or height), got {defaults!r}"
        )
    if not document["sizes"]:
        raise ConfigError(f"{file}: sizes: at least one size is needed, got an empty list")
    sizes: list[Size] = []
    for index, entry in enumerate(document["sizes"]):
        try:
            sizes.append(Size.model_validate({**defaults, **_expand(entry)}))
        except ValidationError as error:
            where = f"{file}: sizes[{index}]{_name(entry)}"
            mistakes += [f"{where}: {line}" for line in _describe(error)]
        except ConfigError as error:
            mistakes.append(f"{file}: sizes[{index}]: {error}")
    mistakes += [f"{file}: {line}" for line in _find_clashes(sizes)]
    if mistakes:
        raise ConfigError("\n".join(mistakes))
    return sizes


def _expand(entry: object) -> dict[str, Any]:
    if isinstance(entry, dict):
        return entry
    match = _SHORT_FORM.fullmatch(entry) if isinstance(entry, str) else None
    if match is None:
        raise ConfigError(
            f"must look like 800x600, 1200x, x600, or be a mapping with a name, got {entry!r}"
        )
    edges = {edge: int(digits) for edge, digits in match.groupdict().items() if digits}
    return {"name": entry, **edges}


def _name(entry: object) -> str:
    name = entry.get("name") if isinstance(entry, dict) else entry
    return f" ({name})" if name else ""


# Parts of pydantic's locations that are no keys: the tags of the two kinds of `quality`.
_TAGS = {"number", "mapping"}


def _describe(error: ValidationError) -> list[str]:
    lines = []
    for mistake in error.errors():
        key = ".".join(str(part) for part in mistake["loc"] if part not in _TAGS)
        text = mistake["msg"].removeprefix("Value error, ")
        given = "" if mistake["type"] == "missing" or not key else f", got {mistake['input']!r}"
        lines.append(": ".join(filter(None, [key, text])) + given)
    return lines


def _find_clashes(sizes: list[Size]) -> list[str]:
    lines, seen = [], dict[str, Size]()
    for size in sizes:
        first = seen.setdefault(size.logical_id, size)
        if first is size:
            continue
        if first.name == size.name:
            lines.append(f"sizes: name: two sizes are called {size.name!r}: rename or remove one")
        else:
            lines.append(
                f"sizes: name: {first.name!r} and {size.name!r} both give the CloudFormation "
                f"logical id {size.logical_id!r}: rename one"
            )
    return lines

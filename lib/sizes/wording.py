"""Describes mistakes in sizes.yml for the person who wrote the file."""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import TYPE_CHECKING

from lib.sizes.size import CONFLICT, PATHS, Quality, options
from lib.sizes.watermark import Watermark

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

# What people write instead, where spelling does not show it.
_SYNONYMS = {
    "jpg": "jpeg",
    "centre": "center",
    "middle": "center",
    "crop": "cover",
    "stretch": "fill",
    "w": "width",
    "h": "height",
    "folders": "paths",
    "include": "paths",
    "exclude": "except",
    "colour": "background",
    "color": "background",
}
# difflib's likeness: `widht` is 0.8 like `width`, and `outside` 0.77 like `inside`.
_MIN_RATIO = 0.8
# Longer words resemble no key, and comparing them takes long.
_MAX_COMPARED = 40
# Parts of pydantic's locations that are no keys: the tags of the two kinds of `quality`.
_TAGS = {"number", "mapping"}
# Keys that mappings may have; the hash of a watermark's file is read, not written.
_NESTED = {
    "quality": list(Quality.model_fields),
    "watermark": [name for name in Watermark.model_fields if name != "sha256"],
}
# pydantic's types of errors: of keys that there are not, and of values beyond a limit.
_UNKNOWN_KEY = ("extra_forbidden", "invalid_key")
_LIMITS = {
    "less_than_equal": "must be at most {le}",
    "greater_than_equal": "must be at least {ge}",
    "too_long": "must have at most {max_length} items",
    "string_too_long": "must have at most {max_length} characters",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "int_parsing": "must be a whole number",
    "float_type": "must be a number, such as 0.6",
    "model_type": "must be a mapping, such as {{file: marks/logo.png}}",
}
# Keys whose value is a list; an example of an item for those who gave none.
_LISTS = {"formats": "webp", **dict.fromkeys(PATHS, "avatars/")}
_DIGITS = re.compile(r"0*([0-9]{1,9})(?:\.0+)?(?: ?px)?")
_SHORT_COLOUR = re.compile(r"#?([0-9a-fA-F])([0-9a-fA-F])([0-9a-fA-F])")
_COLOUR = re.compile(r"#?([0-9a-fA-F]{6})")


def suggest(word: str, options: Iterable[str]) -> str:
    """Returns the option that was probably meant; "" if none resembles the word."""
    options = list(options)
    word = re.sub(r"[\s_]+", "-", word.casefold().strip())
    if _SYNONYMS.get(word) in options:
        return _SYNONYMS[word]
    if len(word) > _MAX_COMPARED:
        return ""
    return next(iter(get_close_matches(word, options, 1, _MIN_RATIO)), "")


def no_such_key(key: str, options: Iterable[str]) -> str:
    """Says that a key is unknown, with the one that was probably meant, or all."""
    options = list(options)
    near = suggest(key, options)
    rest = f"did you mean {near}?" if near else f"there are {', '.join(options)}"
    return f"no such key; {rest}"


def find_keys(error: "ErrorDetails") -> list[str]:
    """Returns the keys that a mistake is about, with the one that was probably meant."""
    if error["type"] == CONFLICT:
        return list(error["ctx"]["keys"])
    key = str(error["loc"][0])
    near = suggest(key, options()) if error["type"] in _UNKNOWN_KEY else ""
    return [key, near] if near else [key]


def find_path(error: "ErrorDetails") -> tuple[int | str, ...]:
    """Returns the keys and indices from a size to a mistake; of a conflict, its first key."""
    if error["type"] == CONFLICT:
        return (error["ctx"]["keys"][0],)
    loc = error["loc"]
    is_tagged = loc[:1] == ("quality",) and loc[1:2] and loc[1] in _TAGS
    return (loc[0], *loc[2:]) if is_tagged else loc


def refuse_nested(parent: str, key: str) -> str:
    """Says that a key of a mapping is unknown."""
    return f"{parent}.{key}: {no_such_key(key, _NESTED[parent])}"


def describe(error: "ErrorDetails", given: str) -> str:
    """Says what is wrong and what to write; `given` is the value as the file has it."""
    if error["type"] == CONFLICT:
        return str(error["msg"])
    path = find_path(error)
    # The item of a list is shown by its value.
    key = ".".join(map(str, path[:1] if path[0] in _LISTS else path))
    if error["type"] in _UNKNOWN_KEY:
        if len(path) > 1:
            return refuse_nested(str(path[0]), str(path[-1]))
        return f"{key}: {no_such_key(key, options())}"
    if error["type"] == "missing":
        return f"{key}: is missing"
    return f"{key}: {given or 'no value'}: {correct(error, given)}"


def correct(error: "ErrorDetails", given: str) -> str:
    """Says what to write instead of the value `given`, which has a mistake of pydantic's."""
    kind, context = error["type"], error.get("ctx", {})
    if kind in _LIMITS:
        return _LIMITS[kind].format(**context)
    if kind == "literal_error":
        expected = str(context["expected"]).replace("'", "")
        near = suggest(given, re.split(", | or ", expected))
        return f"say {near}" if near else f"must be {expected}"
    if kind == "tuple_type":
        return f"must be a list, such as [{given or _LISTS[str(error['loc'][0])]}]"
    if kind in ("int_type", "int_from_float"):
        return _correct_number(error["input"], given)
    if kind in ("string_type", "string_pattern_mismatch"):
        return _correct_text(error, given)
    return error["msg"].removeprefix("Value error, ")


def _correct_number(value: object, given: str) -> str:
    if number := _DIGITS.fullmatch(given):
        return f"must be a number: write {number[1]}"
    read = ""
    if isinstance(value, bool) and given not in ("true", "false"):
        read = f"; YAML reads {given} as {str(value).lower()}"
    return f"must be a whole number{read}"


def _correct_text(error: "ErrorDetails", given: str) -> str:
    if error["loc"][0] in PATHS:
        return f'must be text: write it in quotes: "{given}"'
    if error["loc"] == ("background",):
        return _correct_colour(given)
    return _correct_name(error["input"], given)


def _correct_name(value: object, given: str) -> str:
    rule = "must be lower-case letters, digits and '-'"
    if value is None or isinstance(value, (dict, list)):
        return rule
    name = "-".join(re.findall("[a-z0-9]+", given.lower()))
    if name == given:
        # YAML reads 800 as a number, and on as true.
        return f'{rule}: write it in quotes: "{given}"'
    return f"{rule}: say {name}" if name else rule


def _correct_colour(given: str) -> str:
    text = 'must be a colour in quotes, such as "#ffffff"'
    if not given:
        return f"{text}: without quotes, # begins a comment"
    if short := _SHORT_COLOUR.fullmatch(given):
        return f'write "#{"".join(2 * digit for digit in short.groups())}"'
    if colour := _COLOUR.fullmatch(given):
        return f'write "#{colour[1]}", in quotes'
    return text

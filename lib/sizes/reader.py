"""Validates the entries of sizes.yml, and collects all of their mistakes."""

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import ValidationError

from lib.sizes.document import Document, Path
from lib.sizes.size import CONFLICT, QUEUE_ENDINGS, RESERVED, Size
from lib.sizes.wording import describe, find_keys, find_path, no_such_key, refuse_nested

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

# "800x600", "1200x" (width only), "x600" (height only).
_SHORT_FORM = re.compile(r"(?P<width>[0-9]{0,9})x(?P<height>[0-9]{0,9})")
_DEFAULTS, _SIZES = "defaults", "sizes"
_EXAMPLE = "such as '- 800x600'"
_FORMS = "800x600, 1200x, x600 or keys such as {name: hero, width: 1600}"
# Keys that each size has for itself.
_OWN = ("name", "width", "height")
# Stands in for a size's own keys when the defaults are validated alone.
_ANY_BOX = {"name": _DEFAULTS, "width": 1, "height": 1}


class Mistake(NamedTuple):
    """A mistake: its line, the entry that has it, and a sentence."""

    line: int
    entry: str
    text: str

    def __str__(self) -> str:
        """Formats it on one line, whatever the file has in a name or a value."""
        text = ": ".join(filter(None, [str(self.line), self.entry, self.text]))
        return "".join(
            each if each.isprintable() else each.encode("unicode_escape").decode() for each in text
        )


class SizesReader:
    """Reads the sizes of a document, and collects all mistakes."""

    def __init__(self, document: Document) -> None:
        self._document = document
        # In the order of reading, each once.
        self.mistakes = dict[Mistake, None]()

    def read(self) -> list[tuple[int, Size]]:
        """Returns the valid sizes with their lines."""
        content = self._document.value
        if not isinstance(content, dict):
            found = "the file is empty" if content is None else "the file has no keys"
            self._add(f"{found}: it needs 'sizes:', and below it a list of sizes {_EXAMPLE}")
            return []
        for key in content:
            if key not in (_DEFAULTS, _SIZES):
                self._add(f"{key}: {no_such_key(key, [_DEFAULTS, _SIZES])}", key)
        for path, line, first in self._document.duplicates:
            text = f"{path[-1]}: is in line {first} already: remove one"
            self.mistakes[Mistake(line, self._name_entry(path), text)] = None
        defaults = self._read_defaults(content.get(_DEFAULTS))
        sizes = self._read_entries(content.get(_SIZES), defaults)
        self._find_clashes(sizes)
        return sizes

    def _read_defaults(self, defaults: object) -> dict[str, Any]:
        """Returns the valid ones of the keys that sizes share."""
        if defaults is None:
            return {}
        if not isinstance(defaults, dict):
            given = self._document.quote(_DEFAULTS)
            self._add(
                f"needs keys that sizes share, such as {{quality: 80}}, not {given}", _DEFAULTS
            )
            return {}
        shared = {key: value for key, value in defaults.items() if key not in _OWN}
        for key in defaults.keys() & set(_OWN):
            self._add(f"{key}: each size has its own: remove it here", _DEFAULTS, key)
        self._refuse_hash(shared, _DEFAULTS)
        _, errors = _validate({**shared, **_ANY_BOX})
        wrong = set[object]()
        for error in errors:
            # A size may override one of the keys that conflict.
            if error["type"] != CONFLICT:
                self._add_error(error, _DEFAULTS)
                wrong.add(error["loc"][0])
        return {key: value for key, value in shared.items() if key not in wrong}

    def _read_entries(self, entries: object, defaults: dict[str, Any]) -> list[tuple[int, Size]]:
        if not isinstance(entries, list) or not entries:
            given = "" if entries in (None, []) else f", not {self._document.quote(_SIZES)}"
            self._add(f"{_SIZES}: needs a list of sizes, {_EXAMPLE}{given}", _SIZES)
            return []
        _, of_defaults = _validate({**defaults, **_ANY_BOX})
        alone = {error["msg"] for error in of_defaults}
        sizes = []
        for index, entry in enumerate(entries):
            keys = _expand(entry)
            if keys is None:
                self._add(f"is no size: write {_FORMS}", _SIZES, index)
                continue
            self._refuse_hash(keys, _SIZES, index)
            size, errors = _validate({**defaults, **keys})
            for error in errors:
                is_of_defaults = error["msg"] in alone and find_keys(error)[0] not in keys
                self._add_error(error, *([_DEFAULTS] if is_of_defaults else [_SIZES, index]))
            if size is not None:
                sizes.append((self._document.find_line(_SIZES, index), size))
        return sizes

    def _refuse_hash(self, keys: dict[str, Any], *entry: object) -> None:
        """Refuses a watermark's hash, which is that of its file and never given."""
        watermark = keys.get("watermark")
        if isinstance(watermark, dict) and "sha256" in watermark:
            text = refuse_nested("watermark", "sha256")
            self._add(text, *entry, "watermark", "sha256")

    def _find_clashes(self, sizes: list[tuple[int, Size]]) -> None:
        for line, size in sizes:
            if size.name in RESERVED:
                text = f"name: {size.name} is reserved for a queue of no size: rename this size"
                self.mistakes[Mistake(line, size.name, text)] = None
        owners = dict[str, tuple[int, Size]]()
        for line, size in sizes:
            for claim, clash in _list_claims(size).items():
                first, owner = owners.setdefault(claim, (line, size))
                if owner is not size:
                    text = f"name: {clash.format(owner.name)} (line {first}): rename or remove one"
                    self.mistakes[Mistake(line, size.name, text)] = None
                    break

    def _add_error(self, error: "ErrorDetails", *entry: object) -> None:
        path = (*entry, *find_path(error))
        # A name that is made of a wrong box is not in the file.
        if path[-1] == "name" and not self._document.has(*path):
            return
        self._add(describe(error, self._document.quote(*path)), *path)

    def _add(self, text: str, *path: object) -> None:
        line = self._document.find_line(*path)
        self.mistakes[Mistake(line, self._name_entry(path), text)] = None

    def _name_entry(self, path: Path) -> str:
        """Names the entry of a path: `defaults`, a size's name, its box, or its number."""
        match path:
            case ["defaults", *_]:
                return _DEFAULTS
            case ["sizes", int() as index, *_]:
                return self._name_size(index)
        return ""

    def _name_size(self, index: int) -> str:
        path = (_SIZES, index)
        width, height = (self._document.read_scalar(*path, key) for key in ("width", "height"))
        return (
            self._document.read_scalar(*path)
            or self._document.read_scalar(*path, "name")
            or (f"{width}x{height}" if width or height else f"size {index + 1}")
        )


def _expand(entry: object) -> dict[str, Any] | None:
    """Returns the keys of an entry; None if it is no size."""
    if isinstance(entry, dict):
        return entry
    match = _SHORT_FORM.fullmatch(entry) if isinstance(entry, str) else None
    if match is None:
        return None
    return {"name": entry, **{key: int(text) for key, text in match.groupdict().items() if text}}


def _validate(given: dict[Any, Any]) -> tuple[Size | None, list["ErrorDetails"]]:
    """Returns the size, or its mistakes: also the conflicts of those keys that are right."""
    try:
        return Size.model_validate(given), []
    except ValidationError as error:
        errors = error.errors(include_url=False)
    wrong = {key for each in errors if each["type"] != CONFLICT for key in find_keys(each)}
    if wrong:
        right = {key: value for key, value in given.items() if key not in wrong}
        errors += [each for each in _find_conflicts(right) if not wrong & {*find_keys(each)}]
    return None, errors


def _find_conflicts(given: dict[Any, Any]) -> list["ErrorDetails"]:
    try:
        Size.model_validate(given)
    except ValidationError as error:
        return [each for each in error.errors(include_url=False) if each["type"] == CONFLICT]
    return []


def _list_claims(size: Size) -> dict[str, str]:
    """Returns what only one size of a stack can have, and what to say if `{}` has it too."""
    queues = [f"{size.name}{ending}" for ending in QUEUE_ENDINGS]
    return {
        f"name {size.name}": "another size is called {}",
        f"id {size.logical_id}": "{} has the same letters and digits, which name its resources",
        **{f"queue {queue}": f"{{}} would have a queue {queue} too" for queue in queues},
    }

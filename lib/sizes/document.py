"""Reads a YAML document with the line and the text of each value, for messages about mistakes."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import yaml

from lib.errors import ConfigError

# Keys and indices that lead from the top of the document to a value.
Path = tuple[object, ...]
# A key and its value; an item of a list has no key.
_Step = tuple[yaml.Node | None, yaml.Node]

# A stack carries some thirty sizes, which take a few KB; YAML of a megabyte takes seconds.
MAX_BYTES = 100_000
# Characters of a value that a message quotes.
_MAX_QUOTED = 60
# Python's errors that PyYAML lets through: for impossible dates, numbers of thousands of digits,
# escapes of no character, and values that do not suit their !!tag.
_PYTHON_ERRORS = (ValueError, OverflowError, LookupError, AttributeError, TypeError)
# Words for YAML's types.
_KINDS = {"int": "number", "float": "number", "timestamp": "date", "bool": "boolean", "str": "text"}
# What to do about errors of PyYAML that are often made.
_HINTS = {
    "'\\t' that cannot start": "indent with spaces instead of tabs",
    "mapping values are not allowed": "check the indentation, and the spaces after ':' and '-'",
    "undefined alias": "its & has to stand above its *",
    "expected alphabetic or numeric character": "put text that begins with '*' or '&' in quotes",
    "but found another document": "remove the line '---'",
}


class Duplicate(NamedTuple):
    """A key that a mapping has twice: its path and lines."""

    path: Path
    line: int
    first_line: int


@dataclass(frozen=True)
class Document:
    """A YAML document: its value, its nodes, which have lines, and keys that are given twice."""

    value: object
    root: yaml.Node | None
    duplicates: list[Duplicate]
    # Each mapping's keys and values by key, once they were asked for; by the mapping's identity.
    _index: dict[int, dict[object, _Step]] = field(default_factory=dict)

    def find_line(self, *path: object) -> int:
        """Returns the line of a key or item; if it has none, of what contains it."""
        line = self.root.start_mark.line if self.root else 0
        for key, value in self._walk(path):
            line = (key or value).start_mark.line
        return line + 1

    def quote(self, *path: object) -> str:
        """Returns a value as it is written, cut to a length; "" if it has no value."""
        node = self._find_node(path)
        if isinstance(node, yaml.ScalarNode):
            text = str(node.value)
            return text if len(text) <= _MAX_QUOTED else f"{text[:_MAX_QUOTED]}…"
        return "a list" if isinstance(node, yaml.SequenceNode) else "a mapping"

    def read_scalar(self, *path: object) -> str:
        """Returns a text or number as it is written; "" if the path does not lead to one."""
        is_scalar = isinstance(self._find_node(path), yaml.ScalarNode)
        return self.quote(*path) if is_scalar and self.has(*path) else ""

    def has(self, *path: object) -> bool:
        """Returns whether the document has this key or item."""
        return len(list(self._walk(path))) == len(path)

    def _find_node(self, path: Path) -> yaml.Node | None:
        steps = list(self._walk(path))
        return steps[-1][1] if steps else self.root

    def _walk(self, path: Path) -> Iterator[_Step]:
        """Yields key and value of each step of the path, as far as it leads."""
        node = self.root
        for step in path:
            found = self._step_into(node, step)
            if found is None:
                return
            node = found[1]
            yield found

    def _step_into(self, node: yaml.Node | None, step: object) -> _Step | None:
        if isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            return None, node.value[step]
        if not isinstance(node, yaml.MappingNode):
            return None
        if id(node) not in self._index:
            self._index[id(node)] = {_key_of(key): (key, value) for key, value in node.value}
        return self._index[id(node)].get(step)


def _find_duplicates(root: yaml.Node | None) -> Iterator[Duplicate]:
    """Yields each key that a mapping has twice; YAML would take the last one."""
    # An alias repeats its node, which may even contain itself.
    seen = set[int]()
    waiting: list[tuple[Path, yaml.Node | None]] = [((), root)]
    while waiting:
        path, node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            waiting += [((*path, index), item) for index, item in enumerate(node.value)]
        elif isinstance(node, yaml.MappingNode):
            waiting += [((*path, _key_of(key)), value) for key, value in node.value]
            yield from _find_duplicates_in(path, node)


def _find_duplicates_in(path: Path, node: yaml.MappingNode) -> Iterator[Duplicate]:
    lines = dict[tuple[str, str], int]()
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            continue
        line = key.start_mark.line + 1
        first = lines.get((key.tag, key.value))
        if first is None:
            lines[key.tag, key.value] = line
        else:
            yield Duplicate((*path, key.value), line, first)


def _key_of(node: yaml.Node) -> object:
    return node.value if isinstance(node, yaml.ScalarNode) else None


class _Loader(yaml.SafeLoader):
    """SafeLoader that takes keys as they are written, and reports all errors with their line."""

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        super().flatten_mapping(node)
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                # Otherwise `no:` would be False.
                key.tag = self.DEFAULT_SCALAR_TAG
        # Merges of merges would multiply their keys. A mapping's own keys stand last, and count.
        unique = {
            key.value if isinstance(key, yaml.ScalarNode) else id(key): (key, value)
            for key, value in node.value
        }
        node.value = list(unique.values())

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            if isinstance(node, yaml.ScalarNode):
                # Escapes can give half of a surrogate pair, which is no text.
                node.value.encode()
            return super().construct_object(node, deep=deep)
        except _PYTHON_ERRORS as error:
            kind = node.tag.rpartition(":")[2]
            cause = f"this is no valid {_KINDS.get(kind, kind)}"
            raise yaml.constructor.ConstructorError(None, None, cause, node.start_mark) from error


def read_document(data: bytes, file: str) -> Document:
    """Parses YAML; raises ConfigError with the line of the mistake if it is none."""
    if len(data) > MAX_BYTES:
        raise ConfigError(f"{file}: has more than {MAX_BYTES:,} bytes: is it the right file?")
    try:
        # The signature is what Windows' editors put in front of a text.
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{file}:{line}: is not text in UTF-8: save it as that") from error
    try:
        return _parse(text)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        cause = f"the character U+{ord(text[error.position]):04X} is not allowed"
        raise ConfigError(f"{file}:{line}: is not YAML: {cause}") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise ConfigError(f"{file}:{line}: is not YAML: {_explain(error)}") from error
    except RecursionError as error:
        raise ConfigError(f"{file}: is nested too deeply") from error


def _parse(text: str) -> Document:
    loader = _Loader(text)
    try:
        try:
            root = loader.get_single_node()
        except (ValueError, OverflowError) as error:
            # Of an escape that is no character.
            cause, mark = "this is no valid character", loader.get_mark()
            raise yaml.scanner.ScannerError(None, None, cause, mark) from error
        # Before construction, which replaces merge keys by what they merge.
        duplicates = list(_find_duplicates(root))
        value = None if root is None else loader.construct_document(root)
        return Document(value, root, duplicates)
    finally:
        loader.dispose()


def _explain(error: yaml.MarkedYAMLError) -> str:
    problem = " ".join(str(error.problem or error.context).split())
    hints = [hint for part, hint in _HINTS.items() if part in problem]
    return ": ".join([problem, *hints])

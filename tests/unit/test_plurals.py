"""Numbers in messages: `1 photo`, `2 photos`."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from lib.plurals import pluralize

PROJECT = Path(__file__).parents[2]
FOLDERS = ("cli", "infra/hooks", "lib/operations", "lib/pipeline", "local")
# What commands count one by one. Bytes, pixels and seconds are never one in a message.
NOUNS = (
    *("photo", "variant", "original", "path", "size", "message", "dead letter", "letter", "upload"),
    *("ticket", "token", "worker", "warning", "problem", "picture", "frame", "subscriber", "day"),
)


@pytest.mark.parametrize(
    ("number", "expected"),
    [(0, "0 photos"), (1, "1 photo"), (2, "2 photos"), (1204, "1,204 photos")],
)
def test_a_noun_is_plural_unless_there_is_one(number: int, expected: str) -> None:
    assert pluralize(number, "photo") == expected


def test_a_noun_may_have_its_own_plural() -> None:
    assert [pluralize(n, "entry", "entries") for n in (1, 2)] == ["1 entry", "2 entries"]


def counted(code: str) -> Iterator[str]:
    """The f-strings in which a number stands before a plural."""
    for string in ast.walk(ast.parse(code)):
        if not isinstance(string, ast.JoinedStr):
            continue
        for value, text in zip(string.values, string.values[1:], strict=False):
            if isinstance(value, ast.FormattedValue) and isinstance(text, ast.Constant):
                after = str(text.value).removeprefix(" ")
                words = [f"{noun}s" for noun in NOUNS]
                if after != text.value and after.startswith(tuple(words)) and _is_number(value):
                    yield ast.unparse(string)


def _is_number(value: ast.FormattedValue) -> bool:
    """Whether it is one to read: text, names and constants are none."""
    if isinstance(value.value, ast.Name) and value.value.id.isupper():
        return False
    return not (isinstance(value.value, ast.Call) and ast.unparse(value.value.func) == "pluralize")


def test_such_messages_are_found() -> None:
    assert list(counted('f"{len(found):,} photos"; f"at {place} photos are {n} sizes"')) != []
    assert list(counted("f\"{pluralize(n, 'photo')}, {MAX} days, {n}photos\"")) == []


@pytest.mark.parametrize("folder", FOLDERS)
def test_messages_count_with_the_helper(folder: str) -> None:
    found = {
        f"{file.relative_to(PROJECT)}: {message}"
        for file in (PROJECT / folder).rglob("*.py")
        for message in counted(file.read_text())
    }
    assert found == set(), "use lib.plurals.pluralize: of one, this would read `1 photos`"

"""The command line's help and the page that documents it."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from cli.__main__ import app
from tests.command_line import fanout

PAGE = Path(__file__).parents[3] / "docs" / "commands.md"
OPERATIONS = PAGE.with_name("operations.md")
# docs/operations.md has these, and their permissions.
OPERATED = ("dlq", "doctor")
GROUP: Any = typer.main.get_command(app)
EXAMPLES = re.findall(r"^\./fanout (.+)$", PAGE.read_text(), re.MULTILINE)


def commands(group: Any = GROUP, words: str = "") -> Iterator[tuple[str, Any]]:
    """Each command, those of groups too, with the words that call it."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{words}{name} ")
        else:
            yield f"{words}{name}", command


COMMANDS = dict(commands())


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_its_documents(name: str) -> None:
    run = fanout(*name.split(), "--help")
    assert run.code == 0
    assert f"Example: ./fanout {name} " in run.out, (
        f"{name}: end its docstring in cli/ with an Example"
    )
    group = name.partition(" ")[0]
    if group in OPERATED:
        assert f"| `./fanout {name} " in OPERATIONS.read_text(), (
            f"{name}: add a row to 'Dead-letter commands' in docs/operations.md"
        )
        return
    page = PAGE.read_text()
    assert f"## fanout {group}\n" in page, (
        f"{name}: add a section '## fanout {group}' to docs/commands.md"
    )
    assert any(example.startswith(f"{name} ") for example in EXAMPLES), (
        f"{name}: add an example to its section in docs/commands.md"
    )
    rows = re.findall(r"^\| (`.+?) \|", page.partition("## Permissions")[2], re.MULTILINE)
    assert any(f"`{name}`" in row.split(", ") for row in rows), (
        f"{name}: add a row to 'Permissions' in docs/commands.md"
    )


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_documented_command_takes_the_options_it_is_shown_with(example: str) -> None:
    command, words = GROUP, shlex.split(example)
    while not words[0].startswith("--") and hasattr(command, "commands"):
        command = command.commands[words.pop(0)]
    known = {option for each in command.params for option in each.opts}
    assert {word for word in words if word.startswith("--")} <= known


def test_every_option_that_the_page_names_exists() -> None:
    every = [GROUP, *COMMANDS.values()]
    known = {option for command in every for each in command.params for option in each.opts}
    assert set(re.findall(r"`[^`|]*?(--[a-z][a-z-]+)", PAGE.read_text())) <= known


def test_wrong_use_is_exit_code_2_and_no_traceback() -> None:
    for arguments in (["no-such-command"], ["audit"], ["audit", "--stage", "dev", "--nonsense"]):
        assert fanout(*arguments).code == 2


def test_an_error_is_said_in_the_words_that_were_typed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FANOUT_LOCAL", str(tmp_path))
    run = fanout("audit", "--stage", "local")
    assert run.code == 1
    assert run.err == "The local stack is not running: run make local\n"

"""Every command explains itself, and what the documents tell people to type can be typed."""

import itertools
import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from cli.__main__ import app
from lib.dead_letters.letter import NOT_PURGED, UNDELIVERED
from lib.errors import WORKER_STOPPED, Reason
from tests.command_line import fanout

PROJECT = Path(__file__).parents[3]
DOCUMENTS = [*sorted(PROJECT.glob("*.md")), *sorted((PROJECT / "docs").glob("*.md"))]
GROUP: Any = typer.main.get_command(app)


def commands(group: Any = GROUP, *names: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Each command with the words that call it."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, *names, name)
        else:
            yield (*names, name), command


def groups(group: Any = GROUP, *names: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Each group of commands with the words that call it."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield (*names, name), command
            yield from groups(command, *names, name)


COMMANDS = dict(commands())


def parse(line: str) -> tuple[str, ...]:
    """Parse what follows `./fanout` without running it; the command's name."""
    words = shlex.split(line, comments=True)
    name = next(name for name in COMMANDS if tuple(words[: len(name)]) == name)
    COMMANDS[name].make_context(" ".join(name), words[len(name) :])
    return name


def examples(text: str) -> list[str]:
    """The commands of a text, on lines of their own or in `backticks`; not forms such as …"""
    found = re.findall(r"(?:^|`)\./fanout ([a-z][^`\n]*)", text, re.MULTILINE)
    return [
        line
        for line in found
        if "…" not in line and ("--stage" in line or line.startswith(("sizes", "contact-sheet ")))
    ]


@pytest.fixture(autouse=True)
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files that examples name."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "holiday").mkdir()
    (tmp_path / "docs" / "images").mkdir(parents=True)
    for name in ("a.jpg", "b.jpg", "docs/images/sea.jpg"):
        (tmp_path / name).touch()


@pytest.mark.parametrize("name", COMMANDS, ids=" ".join)
def test_a_commands_help_says_what_it_does_and_gives_an_example_that_works(
    name: tuple[str, ...],
) -> None:
    help_ = COMMANDS[name].help
    assert len(help_.split("\n\n")[0]) > 20
    found = re.findall(r"^ *Example: \./fanout (.+)$", help_, re.MULTILINE)
    assert len(found) == 1, f"{' '.join(name)}: end its docstring in cli/ with one Example"
    assert parse(found[0]) == name


@pytest.mark.parametrize("name", COMMANDS, ids=" ".join)
def test_every_option_is_explained(name: tuple[str, ...]) -> None:
    for parameter in COMMANDS[name].params:
        assert parameter.name == "help" or parameter.help, parameter.name


HELP = {(): GROUP, **dict(groups()), **COMMANDS}


@pytest.mark.parametrize("name", HELP, ids=" ".join)
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_fits_a_terminal_of_80_columns(
    name: tuple[str, ...], option: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    run = fanout(*name, option)
    assert run.code == 0
    lines = run.out.splitlines()
    assert [line for line in lines if len(line) > 80] == []
    # Nothing is cut, in a word or by an ellipsis.
    shown = " ".join(run.out.split())
    for text in texts(HELP[name]):
        assert " ".join(text.split()) in shown
    # A line of the description ends only where the next word would not fit.
    for line, after in itertools.pairwise(lines[: index_of(lines, "Options:")]):
        if line.strip() and after.strip():
            assert len(line) + len(after.split()[0]) + 1 > 76, f"broken: {line}"


def texts(command: Any) -> Iterator[str]:
    """The texts that a command's help has to show."""
    yield from filter(None, command.help.split("\n\n"))
    yield from (parameter.help for parameter in command.params if parameter.help)
    for each in getattr(command, "commands", {}).values():
        yield f" {each.name} {each.help.split(chr(10) * 2)[0]}".replace("\n", " ")


def index_of(lines: list[str], title: str) -> int:
    return next(number for number, line in enumerate(lines) if line in (title, "Arguments:"))


def test_the_version_is_the_projects() -> None:
    version = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["version"]
    assert fanout("--version") == (0, f"fanout {version}\n", "")


def test_a_command_can_be_typed_without_knowing_any(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        app(["--help"], prog_name="./fanout")
    shown = capsys.readouterr().out
    assert all(name[0] in shown for name in COMMANDS)


@pytest.mark.parametrize(
    ("document", "line"),
    [
        pytest.param(document, line, id=f"{document.name}: {line}")
        for document in DOCUMENTS
        for line in examples(document.read_text())
    ],
)
def test_what_the_documents_tell_people_to_type_can_be_typed(document: Path, line: str) -> None:
    parse(line)


def test_each_command_is_documented_with_an_example() -> None:
    documented = {parse(line) for document in DOCUMENTS for line in examples(document.read_text())}
    missing = [" ".join(name) for name in COMMANDS.keys() - documented]
    assert missing == [], f"show these with --stage in docs/commands.md: {missing}"


def test_every_reason_is_explained_and_no_other() -> None:
    page = (PROJECT / "docs" / "operations.md").read_text()
    table = page.partition("\n## Dead letters\n")[2].partition("\n## ")[0]
    cells = re.findall(r"^\| (`.+?) \|", table, re.MULTILINE)
    explained = {reason for cell in cells for reason in re.findall(r"`(\w+)`", cell)}
    known = {*Reason, WORKER_STOPPED, UNDELIVERED, NOT_PURGED}
    where = "the table under 'Dead letters' in docs/operations.md"
    assert known <= explained, f"add to {where}: {sorted(map(str, known - explained))}"
    assert explained <= known, f"remove from {where}: {sorted(explained - known)}"


def test_every_reason_is_raised_and_a_test_sees_it() -> None:
    for folder, task in (("lib", "raise"), ("tests", "test an input that leads to")):
        files = [file for file in (PROJECT / folder).rglob("*.py") if file.name != "errors.py"]
        code = "".join(file.read_text() for file in files)
        unnamed = [each for each in Reason if f"Reason.{each.name}" not in code]
        missing = [str(each) for each in unnamed if f'"{each}"' not in code]
        assert missing == [], f"{task} these reasons in {folder}/: {missing}"


def test_reasons_of_fetches_are_in_the_documents_of_the_api() -> None:
    """Callers see them in a photo's status, except that of a message that is no fetch."""
    code = "".join(file.read_text() for file in (PROJECT / "lib" / "fetching").glob("*.py"))
    raised = {Reason[name] for name in re.findall(r"Reason\.([A-Z_]+)", code)}
    page = (PROJECT / "docs" / "api.md").read_text()
    missing = [str(each) for each in raised - {Reason.MALFORMED_EVENT} if f"`{each}`" not in page]
    assert missing == [], f"add to the table of reasons in docs/api.md: {missing}"


def test_the_documented_policy_is_one() -> None:
    (text,) = re.findall(
        r"```json\n(.*?)```", (PROJECT / "docs" / "operations.md").read_text(), re.DOTALL
    )
    for statement in json.loads(text)["Statement"]:
        assert statement.keys() == {"Sid", "Effect", "Action", "Resource"}
        assert re.fullmatch("[A-Za-z0-9]+", statement["Sid"])

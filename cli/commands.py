"""The commands, each imported when it is looked up: to import all takes a third of a second."""

from collections import UserDict
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

# In the order of --help; the last ones are groups of commands.
_NAMES = (
    *("audit", "backfill", "status", "html", "upload", "url", "doctor", "verify", "cors", "plan"),
    *("contact-sheet", "deploy-policy"),
    *("dlq", "token", "signing-key", "viewer-key", "sizes"),
)


class CommandGroup(TyperGroup):
    """A group whose commands are the modules of this folder."""

    def __init__(self, **settings: Any) -> None:
        """Takes what Typer gives a group."""
        super().__init__(**settings)
        self.commands = _Commands(dict.fromkeys(_NAMES))

    def list_commands(self, _: Any) -> list[str]:
        """Returns the names; TyperGroup looks each of them up."""
        return list(_NAMES)


class _Commands(UserDict[str, Any]):
    def __getitem__(self, name: str) -> Any:
        return _load(name) if name in self.data else self.data[name]


def _load(name: str) -> Any:
    module = import_module(f"cli.{name.replace('-', '_')}")
    # As its parent Typer has it.
    parent = typer.Typer(rich_markup_mode=None)
    if hasattr(module, "app"):
        parent.add_typer(module.app, name=name)
    else:
        parent.command(name)(getattr(module, module.__name__.rpartition(".")[2]))
    return typer.main.get_group(parent).commands[name]

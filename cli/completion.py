"""Completion of commands, options and values in bash and zsh.

The scripts call the command again, with the words so far in the environment; Typer answers.
A shell looks completion up by a command's name without its folder, so the scripts are for `fanout`
and complete `./fanout` in any folder. Typer's own are for one way to call a command: its variable
for `./fanout` is none that a shell passes on, and its zsh script needs the command on the PATH.
"""

import os
from typing import Annotated, Literal

import typer
from typer._completion_classes import completion_init

# The environment variable that asks for candidates.
VARIABLE = "_FANOUT_COMPLETE"
# `$1` is the command as typed; the shell has not expanded a ~ in it.
_BASH = f"""\
_fanout_completion() {{
  local IFS=$'\\n'
  COMPREPLY=($(COMP_WORDS="${{COMP_WORDS[*]}}" COMP_CWORD=$COMP_CWORD \\
    {VARIABLE}=complete_bash "${{1/#\\~/$HOME}}" 2>/dev/null))
}}
complete -o default -F _fanout_completion fanout
"""
_ZSH = f"""\
_fanout_completion() {{
  eval "$(_TYPER_COMPLETE_ARGS="${{words[1,$CURRENT]}}" \\
    {VARIABLE}=complete_zsh ${{~words[1]}} 2>/dev/null)"
}}
whence compdef >/dev/null || {{ autoload -Uz compinit && compinit }}
compdef _fanout_completion fanout
"""
_SCRIPTS = {"bash": _BASH, "zsh": _ZSH}


def _print_script(shell: str | None) -> None:
    if shell is not None:
        typer.echo(_SCRIPTS[shell], nl=False)
        raise typer.Exit


ShowCompletionOption = Annotated[
    Literal["bash", "zsh"] | None,
    typer.Option(
        "--show-completion",
        callback=_print_script,
        is_eager=True,
        help="Print the shell's completion script, for its start-up file",
    ),
]


def prepare_completion() -> None:
    """Has Typer know the shells, if one of them asks for candidates."""
    if VARIABLE in os.environ:
        completion_init()

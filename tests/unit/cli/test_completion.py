"""Completion of the command line: a shell with the script asks `./fanout` for candidates."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from cli.completion import VARIABLE
from tests.command_line import fanout

PROJECT = Path(__file__).parents[3]
SECONDS = 60
# What each shell does before it calls the script's function. zsh's own functions show candidates.
_BASH = """
{script}
complete -p fanout
COMP_WORDS=({words}) COMP_CWORD={last}
_fanout_completion {words}
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
_ZSH = """
compdef() {{ print -r -- "compdef $@" }}
compinit() {{ }}
_arguments() {{ print -r -- "$1" }}
_files() {{ print files }}
{script}
words=({words}) CURRENT=$(({last} + 1))
_fanout_completion
"""
SHELLS = {"bash": _BASH, "zsh": _ZSH}
# Half-typed commands as shells pass them on; words as they were typed.
IN_SHELLS = [
    (["dlq", "re"], ["replay"]),
    (["url", r"2026/a\ b.jpg", "--fit", ""], ["cover", "contain", "inside", "fill"]),
]
# In this process, as a shell's start of ./fanout takes half a second.
OTHERS = [
    (["st"], ["status"]),
    (["sig"], ["signing-key"]),
    (["backfill", "--si"], ["--size"]),
    (["dlq", "list", "--queue", "su"], ["subscription"]),
]


def complete(shell: str, command: str, words: list[str], folder: Path) -> list[str]:
    """The lines that a shell shows for a half-typed command, the last word being completed."""
    if shutil.which(shell) is None:
        pytest.skip(f"this machine has no {shell}")
    quoted = " ".join([command, *(f"'{word}'" for word in words)])
    script = fanout("--show-completion", shell).out
    run = subprocess.run(
        [shell, "-c", SHELLS[shell].format(script=script, words=quoted, last=len(words))],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(PROJECT.parent)},
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    assert (run.returncode, run.stderr) == (0, "")
    registered, *candidates = run.stdout.splitlines()
    # By this name a shell finds ./fanout, in any folder.
    assert registered.split()[-1] == "fanout"
    return candidates


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(("words", "candidates"), IN_SHELLS)
def test_a_shell_completes_what_is_typed(
    shell: str, words: list[str], candidates: list[str]
) -> None:
    shown = complete(shell, "./fanout", words, PROJECT)
    if shell == "bash":
        assert shown == candidates
    else:  # each with its help
        assert [line.split('"')[1] for line in shown] == candidates


@pytest.mark.parametrize(("words", "candidates"), OTHERS)
def test_commands_options_and_values_are_completed(
    words: list[str], candidates: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "complete_bash")
    monkeypatch.setenv("COMP_WORDS", " ".join(["./fanout", *words]))
    monkeypatch.setenv("COMP_CWORD", str(len(words)))
    assert fanout().out.splitlines() == candidates


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("command", [str(PROJECT / "fanout"), f"~/{PROJECT.name}/fanout"])
def test_the_command_may_be_called_from_any_folder(
    shell: str, command: str, tmp_path: Path
) -> None:
    (shown,) = complete(shell, command, ["dlq", "pu"], tmp_path)
    assert "purge" in shown


def test_a_files_name_is_left_to_the_shell() -> None:
    assert complete("bash", "./fanout", ["upload", "READ"], PROJECT) == [""]
    assert "-o default" in fanout("--show-completion", "bash").out


def test_another_shell_is_wrong_use_and_names_these() -> None:
    run = fanout("--show-completion", "tcsh")
    assert run.code == 2
    assert all(shell in run.err for shell in SHELLS)

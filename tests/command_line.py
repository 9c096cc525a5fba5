"""The command line as a person uses it, without a process of its own."""

import contextlib
import io
import json
import sys
from typing import Any, NamedTuple
from unittest import mock

from cli.__main__ import main


class Run(NamedTuple):
    """What a command left: its exit code, data and words."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[Any]:
        """Standard output as a JSON document a line."""
        return [json.loads(line) for line in self.out.splitlines()]


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def fanout(*arguments: str, answer: str | None = None) -> Run:
    """Run a command; with `answer` there is somebody at a terminal who types that."""
    out, err = io.StringIO(), io.StringIO()
    typed = io.StringIO() if answer is None else _Terminal(f"{answer}\n")
    with (
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        mock.patch.object(sys, "stdin", typed),
    ):
        try:
            code = main(list(arguments))
        except SystemExit as end:
            code = int(end.code or 0)
    assert "Traceback" not in err.getvalue(), err.getvalue()
    return Run(code, out.getvalue(), err.getvalue())

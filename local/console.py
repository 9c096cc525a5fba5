"""The console on this machine: the files of this project, for the stage that is deployed.

In the cloud the stage's function serves them. Here it is not asked, but for its settings: pages
appear at once, and show what was just edited.
"""

from typing import Any

from botocore.exceptions import ClientError

from handlers.console import ConsoleSettings, make_console
from lib.console import File
from lib.keys import CONSOLE_FOLDER

_ADDRESS = f"/{CONSOLE_FOLDER}/"


class LocalConsole:
    """The console of one stack; `functions` is a client of Lambda."""

    def __init__(self, functions: Any, stack: str) -> None:
        self._functions = functions
        self._name = f"{stack}-console"

    def get(self, path: str) -> File | None:
        """Returns the file at the path of a request; None if that is not the console's.

        A stage without the console has no such file either.
        """
        path = path.partition("?")[0]
        if not path.startswith(_ADDRESS):
            return None
        try:
            found = self._functions.get_function_configuration(FunctionName=self._name)
        except ClientError:
            return None
        values = {name.lower(): value for name, value in found["Environment"]["Variables"].items()}
        return make_console(ConsoleSettings.model_validate(values)).get(path[len(_ADDRESS) :])

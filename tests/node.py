"""Node for tests: one process for all scripts, a context of its own for each; and one for sls."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

# Of a script, before it counts as one that never ends.
_MILLISECONDS = 60_000
# Scripts have the language, Buffer, and `given`, all made in their own context.
_SERVER = """
const vm = require('vm');
const run = ({ script, given, timeout }) => {
  const context = vm.createContext({ Buffer, given });
  vm.runInContext('given = JSON.parse(given)', context);
  return vm.runInContext(script, context, { timeout });
};
require('readline').createInterface({ input: process.stdin }).on('line', (line) => {
  let said;
  try {
    said = JSON.stringify({ value: run(JSON.parse(line)) });
  } catch (error) {
    said = JSON.stringify({ error: String((error && error.stack) || error) });
  }
  process.stdout.write(said + '\\n');
});
"""


class NodeProcess:
    """A Node process, started when it is asked first: a line of JSON for each question."""

    def __init__(self, *arguments: str) -> None:
        self._command = ["node", *arguments]
        self._process: subprocess.Popen[str] | None = None

    def ask(self, question: dict[str, Any]) -> Any:
        """The value that it answers; the test fails with its error, or if it ends."""
        if not self._process:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        said = self._process.stdout.readline()
        if not said:
            with self._process as ended:
                self._process = None
            pytest.fail(f"node ended with exit code {ended.returncode}")
        answer = json.loads(said)
        assert "error" not in answer, answer["error"]
        return answer.get("value")

    def stop(self) -> None:
        """Ends it, if it was started."""
        if self._process:
            with self._process as process:
                assert process.stdin
                process.stdin.close()
            self._process = None


_scripts = NodeProcess("-e", _SERVER)
# It runs sls (serverless.js).
serverless = NodeProcess(str(Path(__file__).with_name("serverless.js")))


def run_script(script: str, **given: Any) -> Any:
    """Runs a script; returns the value of its last statement. It finds its input in `given`."""
    return _scripts.ask({"script": script, "given": json.dumps(given), "timeout": _MILLISECONDS})


def stop() -> None:
    """Ends the processes."""
    _scripts.stop()
    serverless.stop()

"""Node for scripts of tests: one process for all of them, a context of its own for each."""

import json
import subprocess
from functools import cache
from typing import Any

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


def run_script(script: str, **given: Any) -> Any:
    """Runs a script; returns the value of its last statement. It finds its input in `given`."""
    process = _start()
    assert process.stdin
    assert process.stdout
    asked = {"script": script, "given": json.dumps(given), "timeout": _MILLISECONDS}
    process.stdin.write(json.dumps(asked) + "\n")
    process.stdin.flush()
    said = process.stdout.readline()
    assert said, f"node ended with exit code {process.wait()}"
    answer = json.loads(said)
    assert "error" not in answer, answer["error"]
    return answer.get("value")


def stop() -> None:
    """Ends the process, if there is one."""
    if _start.cache_info().currsize:
        with _start() as process:
            assert process.stdin
            process.stdin.close()
        _start.cache_clear()


@cache
def _start() -> "subprocess.Popen[str]":
    return subprocess.Popen(
        ["node", "-e", _SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )

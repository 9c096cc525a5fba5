"""The JavaScript client: its size, its types, and its behaviour in Node."""

import re
import subprocess
from pathlib import Path

CLIENT = Path(__file__).parents[3] / "client"
MODULE = CLIENT / "fanout.js"


def test_the_client_is_small_and_has_no_dependency() -> None:
    assert len(MODULE.read_bytes()) < 6 * 1024
    assert "import" not in MODULE.read_text()


def test_all_that_the_module_exports_has_a_type_and_nothing_else_has() -> None:
    exported = r"^export (?:async )?function (\w+)"
    types = (CLIENT / "fanout.d.ts").read_text()
    assert re.findall(exported, MODULE.read_text(), re.M) == re.findall(exported, types, re.M)
    (methods,) = re.findall(r"return \{ (call, .*) \};", MODULE.read_text())
    client = types[types.index("interface Client") : types.index("export function createClient")]
    assert methods.split(", ") == re.findall(r"^  (\w+)\(", client, re.M)


def test_the_client_in_node() -> None:
    run = subprocess.run(
        ["node", "--test", "--test-reporter=spec", Path(__file__).with_name("fanout.test.mjs")],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert run.returncode == 0, run.stdout
    assert re.search(r"pass 1\d\b", run.stdout), run.stdout

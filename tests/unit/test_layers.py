"""Imports point down: entry points -> use cases -> AWS edges and pure code."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
ENTRY_POINTS = ("handlers", "cli", "local", "infra", "bench")
# What lib/ has, from the lowest floor up.
FLOORS = (
    ("errors", "concurrency", "interrupts", "plurals", "times"),
    ("keys",),
    ("aws", "sizes"),
    ("auth", "images", "upload_paths", "upload_types"),
    ("rekognition", "watermarks"),
    ("pipeline",),
    ("fetching", "on_demand"),
    ("console", "dead_letters", "uploads"),
    ("operations",),
)


def imports(folder: str) -> Iterator[tuple[str, str]]:
    """(module, imported module) for every import in a folder."""
    files = sorted((PROJECT / folder).rglob("*.py"))
    assert files, f"{folder} has no Python: mend this test"
    for file in files:
        importer = ".".join(file.relative_to(PROJECT).with_suffix("").parts)
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                yield from ((importer, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield importer, node.module
                yield from ((importer, f"{node.module}.{alias.name}") for alias in node.names)


def room(module: str) -> str:
    """The folder of lib, or the module at its top, that a module belongs to."""
    return module.split(".")[1] if "." in module else ""


def test_lib_imports_no_entry_point() -> None:
    upward = [pair for pair in imports("lib") if pair[1].split(".")[0] in ENTRY_POINTS]
    assert upward == []


def test_each_folder_of_lib_imports_from_lower_floors_alone() -> None:
    floors = {name: number for number, names in enumerate(FLOORS) for name in names}
    for importer, imported in imports("lib"):
        if not imported.startswith("lib.") or room(imported) == room(importer):
            continue
        assert room(importer) in floors, f"give lib/{room(importer)} its floor in this test"
        assert floors[room(imported)] < floors[room(importer)], f"{importer} imports {imported}"


def test_pixels_know_no_aws() -> None:
    for folder in ("lib/images", "lib/sizes"):
        for importer, imported in imports(folder):
            assert not imported.startswith(("boto", "aws_lambda")), f"{importer} imports {imported}"


def test_aws_edges_know_no_pixels() -> None:
    for importer, imported in imports("lib/aws"):
        assert not imported.startswith("PIL"), f"{importer} imports {imported}"


@pytest.mark.parametrize(
    "module", ["keys", "pipeline.events", "errors", "on_demand.options", "auth.signatures"]
)
def test_pure_modules_know_no_aws(module: str) -> None:
    known = [pair for pair in imports("lib") if f"{pair[0]}.".startswith(f"lib.{module}.")]
    assert known, f"there is no lib.{module}"
    for importer, imported in known:
        assert not imported.startswith(("boto", "lib.aws")), f"{importer} imports {imported}"


def test_functions_import_no_operators_code_which_their_zip_lacks() -> None:
    assert [pair for pair in imports("handlers") if pair[1].startswith("lib.operations")] == []


def test_entry_points_do_not_import_each_other() -> None:
    for folder in ("handlers", "infra", "cli"):
        for importer, imported in imports(folder):
            first = imported.split(".")[0]
            assert first not in ENTRY_POINTS or first == folder, f"{importer} imports {imported}"


def test_settings_and_clients_are_made_when_a_function_starts_not_at_import() -> None:
    """No statement at a module's top level calls boto3 or reads the environment."""
    for file in [*(PROJECT / "lib").rglob("*.py"), *(PROJECT / "handlers").rglob("*.py")]:
        for statement in ast.parse(file.read_text()).body:
            if isinstance(statement, ast.FunctionDef | ast.ClassDef):
                continue
            code = ast.unparse(statement)
            assert "boto3." not in code, f"{file}: {code}"
            assert "os.environ" not in code, f"{file}: {code}"


# Run apart: what it forgets, other tests hold on to.
_IMPORT_EACH_ALONE = """
import importlib, sys
for name in sys.argv[1:]:
    for loaded in [each for each in sys.modules if each.split(".")[0] in ("infra", "lib", "cli")]:
        del sys.modules[loaded]
    importlib.import_module(name)
"""


def test_each_module_can_be_imported_first() -> None:
    """A circle of imports shows only to who enters it at the wrong place."""
    files = [
        file for folder in ("infra", "lib", "cli") for file in (PROJECT / folder).rglob("*.py")
    ]
    names = [".".join(file.relative_to(PROJECT).with_suffix("").parts) for file in files]
    command = [sys.executable, "-c", _IMPORT_EACH_ALONE, *names]
    run = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr

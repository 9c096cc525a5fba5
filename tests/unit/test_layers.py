"""Imports point down: entry points -> use cases -> AWS edges and pure code."""

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
ENTRY_POINTS = ("handlers", "cli", "local", "infra", "bench")
# What lib/ has, from the lowest floor up.
FLOORS = (
    ("errors", "concurrency", "interrupts", "kernel_library", "plurals", "times"),
    ("keys",),
    ("aws", "sizes"),
    ("auth", "images", "upload_paths", "upload_types"),
    ("rekognition", "watermarks"),
    ("pipeline",),
    ("fetching", "on_demand"),
    ("console", "dead_letters", "uploads"),
    ("operations",),
)


@cache
def _parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_text())


def imports(folder: str) -> Iterator[tuple[str, str]]:
    """(module, imported module) for every import in a folder."""
    files = sorted((PROJECT / folder).rglob("*.py"))
    assert files, f"{folder} has no Python: mend this test"
    for file in files:
        importer = ".".join(file.relative_to(PROJECT).with_suffix("").parts)
        for node in ast.walk(_parsed(file)):
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
        for statement in _parsed(file).body:
            if isinstance(statement, ast.FunctionDef | ast.ClassDef):
                continue
            code = ast.unparse(statement)
            assert "boto3." not in code, f"{file}: {code}"
            assert "os.environ" not in code, f"{file}: {code}"


def test_no_imports_go_in_a_circle() -> None:
    """Without one, each module can be imported first, in a process that has no other."""
    files = [file for folder in ("lib", *ENTRY_POINTS) for file in (PROJECT / folder).rglob("*.py")]
    modules = {_module(file): file for file in files}
    graph = {name: set(_imported_at_once(file, set(modules))) for name, file in modules.items()}
    assert graph["cli.__main__"] >= {"cli.commands", "lib.interrupts"}
    with pytest.raises(CycleError):
        TopologicalSorter(graph | {"lib.interrupts": {"cli.__main__"}}).prepare()
    TopologicalSorter(graph).prepare()


def _module(file: Path) -> str:
    parts = file.relative_to(PROJECT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imported_at_once(file: Path, modules: set[str]) -> Iterator[str]:
    """The modules that a file imports as soon as it is imported itself."""
    for node in _run_at_once(_parsed(file).body):
        if isinstance(node, ast.Import):
            yield from modules.intersection(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            # A name of a package may be a module of it; then the package need not be complete.
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            yield from names & modules
            if names - modules:
                yield from modules & {str(node.module)}


def _run_at_once(statements: list[ast.stmt]) -> Iterator[ast.stmt]:
    for statement in statements:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if isinstance(statement, ast.If) and ast.unparse(statement.test) == "TYPE_CHECKING":
            yield from _run_at_once(statement.orelse)
            continue
        yield statement
        for inner in ("body", "orelse", "finalbody"):
            yield from _run_at_once(getattr(statement, inner, []))
        for handler in getattr(statement, "handlers", []):
            yield from _run_at_once(handler.body)

"""docs/api.md has the API's routes, errors and limits, docs/deploy.md its parameters."""

import re
from pathlib import Path

import pytest

from handlers import deletion, render, status, uploads
from handlers.shared.http import make_resolver
from infra.parameters import Parameters
from lib.errors import ProblemKind
from lib.fetching import download, urls
from lib.keys import MAX_KEY_BYTES
from lib.uploads.tickets import MAX_TICKETS, TICKET_SECONDS
from tests.payloads import ORIGINALS

PROJECT = Path(__file__).parents[3]
TEXT = (PROJECT / "docs" / "api.md").read_text()
DEPLOY = (PROJECT / "docs" / "deploy.md").read_text()
# What somebody who writes a client, or decides who may, has to know of.
PARAMETERS = (
    "auth",
    "jwt_issuer",
    "jwt_audience",
    "force_open",
    "upload_origins",
    "upload_types",
    "max_upload_bytes",
    "requests_per_second",
    "swagger",
    "render",
    "fetch_loopback",
)


def rows(text: str) -> set[str]:
    """The first cells of tables, as they are written."""
    return set(re.findall(r"^\| (.+?) \|", text, re.MULTILINE))


def test_every_kind_of_problem_is_explained_and_no_other() -> None:
    table = TEXT.partition("## Errors")[2].partition("API Gateway returns")[0]
    assert rows(table) - {"`type`"} == {f"`{kind}`" for kind in ProblemKind}


def test_every_problem_is_of_a_kind_that_is_known() -> None:
    """Not of a text that only looks like one."""
    code = [*(PROJECT / "lib").rglob("*.py"), *(PROJECT / "handlers").rglob("*.py")]
    raised = re.compile(r"(?:RequestError|_respond|problem)\(\s*\d+,\s*([^,]+),")
    kinds = {found for file in code for found in raised.findall(file.read_text())}
    assert kinds == {f"ProblemKind.{kind.name}" for kind in ProblemKind}


def test_every_route_is_in_the_table() -> None:
    router = make_resolver(uploads.router, status.router, deletion.router, render.router)
    paths = router.get_openapi_schema().paths or {}
    routes = {
        f"`{method.upper()} {path}"
        for path, item in paths.items()
        for method in ("get", "post", "delete")
        if getattr(item, method)
    }
    assert len(routes) == 8
    assert [route for route in routes if route not in TEXT] == []


@pytest.mark.parametrize("name", PARAMETERS)
def test_every_parameter_of_the_api_is_in_the_table(name: str) -> None:
    assert name in Parameters.model_fields
    table = DEPLOY.partition("\n## Parameters\n")[2].partition("\n## ")[0]
    assert any(f"`{name}`" in row for row in rows(table))


@pytest.mark.parametrize(
    "said",
    [
        f"up to {MAX_TICKETS} tickets",
        f"{TICKET_SECONDS // 60} minutes from now",
        f"at most {MAX_KEY_BYTES - len(ORIGINALS.prefix):,} bytes long",
        f"over {urls.MAX_LENGTH:,} characters",
        f"redirects more than {download.MAX_REDIRECTS} times",
    ],
)
def test_numbers_are_those_of_the_code(said: str) -> None:
    assert said in TEXT

"""What the README and docs/on-demand.md have people type against the API does what they say."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.stack import DeployedStack, LocalDeployment
from tests.e2e.steps import SECONDS, arrived, eventually, get
from tests.pictures import decoded, encoded, quarters
from tests.web_server import WebServer, answer

PROJECT = Path(__file__).parents[2]
README = (PROJECT / "README.md").read_text()
LINES = README.partition("**Upload a photo.**")[2].partition("**Get notified.**")[0]
ON_DEMAND = (PROJECT / "docs" / "on-demand.md").read_text()
RENDER_LINES = ON_DEMAND.partition("## Request and response")[2].partition("\n## ")[0]


def blocks(lines: str = LINES) -> list[str]:
    """What to type, in order; of the README: upload, wait and look, have it fetched, delete."""
    return re.findall(r"```sh\n(.*?)```", lines, re.DOTALL)


@pytest.fixture
def hill() -> Iterator[str]:
    """The address of a photo on another server."""
    with WebServer() as server:
        server.pages["/hill.jpg"] = answer(encoded(quarters(1000, 900)))
        yield server.url("/hill.jpg")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the project's documents, for the files that the lines write."""
    (tmp_path / "docs").symlink_to(PROJECT / "docs")
    return tmp_path


def run_typed(
    lines: str, folder: Path, environment: dict[str, str], *options: str
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["bash", *options, "-c", lines],
        cwd=folder,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )


def typed(lines: str, folder: Path, environment: dict[str, str]) -> str:
    run = run_typed(lines, folder, environment, "-euo", "pipefail")
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def test_a_photo_is_uploaded_asked_after_looked_at_fetched_and_deleted(
    local: LocalDeployment, stack: DeployedStack, hill: str, folder: Path
) -> None:
    upload, look, fetch, delete = blocks()
    environment = local.environment() | {"PHOTO_URL": hill}
    assert environment["API_URL"] == stack.api

    ticket = json.loads(typed(upload, folder, environment))
    shown = json.loads(re.findall(r"```json\n(.*?)```", LINES, re.DOTALL)[0])
    assert ticket.keys() == shown.keys()

    typed(look, folder, environment)
    assert decoded((folder / "sea-400x300.jpg").read_bytes()).size == (400, 300)
    status = json.loads((folder / "status.json").read_text())
    assert {size["state"] for size in status["sizes"].values()} == {"ready"}

    fetching = json.loads(typed(fetch, folder, environment))
    assert decoded(arrived(fetching["variants"]["400x300"]).data).size == (400, 300)

    typed(delete, folder, environment)

    def is_gone() -> bool:
        urls = ticket["variants"].values()
        return all(get(url).status_code == 404 for url in urls)

    eventually(is_gone, "every variant is gone")


def test_the_lines_of_the_upload_show_the_error_in_place_of_a_ticket(
    local: LocalDeployment, folder: Path
) -> None:
    upload, *_, delete = blocks()
    typed(upload, folder, local.environment())
    try:
        run = run_typed(upload, folder, local.environment())
    finally:
        typed(delete, folder, local.environment())
    assert run.returncode != 0
    assert json.loads(run.stdout)["type"] == "path_taken"
    assert run.stderr.endswith("No ticket\n")
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize("lines", blocks(RENDER_LINES), ids=["file", "base64", "stored"])
def test_an_image_is_rendered_in_one_request(
    local: LocalDeployment, folder: Path, lines: str
) -> None:
    *_, delete = blocks()
    try:
        assert typed(lines, folder, local.environment()) == ""
    finally:  # one of them stores the photo
        typed(delete, folder, local.environment())
    assert decoded((folder / "small.jpg").read_bytes()).size == (400, 300)
    wrong = lines.replace("400x300", "401x300")
    shown = json.loads(run_typed(wrong, folder, local.environment()).stdout)
    assert shown["type"] == "unknown_size"

"""What the README has people type against the API does what it says, line after line."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.stack import DeployedStack, LocalDeployment
from tests.e2e.steps import PHOTO, SECONDS, arrived, eventually, get
from tests.pictures import decoded, encoded, quarters
from tests.web_server import WebServer, answer

README = (Path(__file__).parents[2] / "README.md").read_text()
LINES = README.partition("**Upload a photo.**")[2].partition("**Get notified.**")[0]


def blocks() -> list[str]:
    """What to type, in order: upload, wait and look, have it fetched, delete."""
    return re.findall(r"```sh\n(.*?)```", LINES, re.DOTALL)


@pytest.fixture
def hill() -> Iterator[str]:
    """The address of a photo on another server."""
    with WebServer() as server:
        server.pages["/hill.jpg"] = answer(encoded(quarters(1000, 900)))
        yield server.url("/hill.jpg")


def typed(lines: str, folder: Path, environment: dict[str, str]) -> str:
    run = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", lines],
        cwd=folder,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def test_a_photo_is_uploaded_asked_after_looked_at_fetched_and_deleted(
    local: LocalDeployment, stack: DeployedStack, hill: str, tmp_path: Path
) -> None:
    upload, look, fetch, delete = blocks()
    environment = local.environment() | {"PHOTO_URL": hill}
    assert environment["API_URL"] == stack.api
    (tmp_path / "sea.jpg").write_bytes(PHOTO)

    typed(upload, tmp_path, environment)
    ticket = json.loads((tmp_path / "ticket.json").read_text())
    shown = json.loads(re.findall(r"```json\n(.*?)```", LINES, re.DOTALL)[0])
    assert ticket.keys() == shown.keys()

    typed(look, tmp_path, environment)
    assert decoded((tmp_path / "sea-400x300.jpg").read_bytes()).size == (400, 300)
    status = json.loads((tmp_path / "status.json").read_text())
    assert {size["state"] for size in status["sizes"].values()} == {"ready"}

    fetching = json.loads(typed(fetch, tmp_path, environment))
    assert decoded(arrived(fetching["variants"]["400x300"]).data).size == (400, 300)

    typed(delete, tmp_path, environment)

    def is_gone() -> bool:
        urls = ticket["variants"].values()
        return all(get(url).status_code == 404 for url in urls)

    eventually(is_gone, "every variant is gone")

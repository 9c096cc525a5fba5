"""`fanout upload` against the local stack, as docs/uploading.md shows it."""

import os
import re
import shlex
import signal
import subprocess
from hashlib import md5
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from local.processes import clean_environment
from local.stack import DeployedStack, LocalDeployment
from tests.e2e.conftest import Operator
from tests.e2e.steps import eventually, uploaded
from tests.pictures import encoded, quarters

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PROJECT = Path(__file__).parents[2]
PAGE = (PROJECT / "docs" / "uploading.md").read_text()
# Each is rendered at four sizes. 32 are under way at a time, so many are not begun at Ctrl-C.
COUNT = 80
INTERRUPTED_AFTER = 8


@pytest.fixture
def transcript() -> list[tuple[str, list[str]]]:
    """The commands that the page shows, each with the lines below it."""
    (text,) = re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
    commands = [part.splitlines() for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]]
    return [(command, lines) for command, *lines in commands]


@pytest.fixture
def holiday(tmp_path: Path) -> Path:
    """Photos in sub-folders, no two with the same bytes."""
    for number in range(COUNT):
        file = tmp_path / "holiday" / f"day-{number // 50 + 1}" / f"{number + 1:03}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(encoded(quarters(60 + number, 40)))
    return tmp_path / "holiday"


class Shell:
    """Runs the commands of a transcript in a folder, for a stack."""

    def __init__(self, folder: Path, local: LocalDeployment) -> None:
        self.folder = folder
        self.environment = clean_environment() | {"FANOUT_LOCAL": str(local.state)}

    def run(self, command: str, *, interrupt_after: int | None = None) -> tuple[int, list[str]]:
        """Exit code and lines; Ctrl-C after so many lines of output."""
        program, *arguments = shlex.split(command)
        assert program == "./fanout"
        with subprocess.Popen(
            [str(PROJECT / "fanout"), *arguments],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            lines: list[str] = []
            assert process.stdout is not None
            for line in process.stdout:
                lines.append(line.removesuffix("\n"))
                if len(lines) == interrupt_after:
                    process.send_signal(signal.SIGINT)
        return process.returncode, lines


def assert_shown(lines: list[str], shown: list[str]) -> None:
    """The page's lines are those that were printed, but for names, numbers and a `…`."""

    def form(line: str) -> str:
        return re.sub(r"[\d.,]+( [kM]B| bytes)?", "0", line)

    forms = {form(line) for line in lines}
    for line in shown:
        assert line in ("…", "^C") or form(line) in forms, line


def count(lines: list[str], of: str) -> int:
    """A number of the summary, such as that of `uploaded`."""
    (number,) = re.findall(rf"^(?:.*?[ ,;])?(\d+) {of}", "\n".join(lines), re.MULTILINE)
    return int(number)


def test_an_interrupted_upload_of_a_folder_goes_on(
    transcript: list[tuple[str, list[str]]],
    holiday: Path,
    stack: DeployedStack,
    local: LocalDeployment,
    s3: "S3Client",
    operator: Operator,
) -> None:
    shell = Shell(holiday.parent, local)
    (first, first_shown), (second, second_shown) = transcript
    assert first == second

    code, lines = shell.run(first, interrupt_after=INTERRUPTED_AFTER)
    assert code == 130
    assert_shown(lines, first_shown)
    begun = count(lines, "uploaded") + count(lines, "under way")
    assert begun + count(lines, "not begun") == COUNT
    assert count(lines, "uploaded") >= INTERRUPTED_AFTER
    assert count(lines, "not begun") > 0

    code, lines = shell.run(second)
    assert code == 0
    assert_shown(lines, second_shown)
    assert count(lines, "there already") >= INTERRUPTED_AFTER
    assert count(lines, r"uploaded \(") + count(lines, "there already,? ?$") == COUNT

    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=stack.originals_bucket, Prefix="originals/holiday/"
    )
    stored = {item["Key"]: item["ETag"] for page in pages for item in page["Contents"]}
    assert stored == {
        f"originals/holiday/{file.relative_to(holiday)}": f'"{md5(file.read_bytes()).hexdigest()}"'  # noqa: S324
        for file in holiday.rglob("*.jpg")
    }
    eventually(lambda: operator("audit", "--prefix", "holiday/").code == 0, "every variant")


def test_a_photo_that_came_another_way_is_there_already(
    stack: DeployedStack, operator: Operator, tmp_path: Path
) -> None:
    """Without a checksum that S3 stored, the API reads it."""
    photo = encoded(quarters(70, 50))
    uploaded(stack, photo, path="another-way/a.jpg")
    (tmp_path / "a.jpg").write_bytes(photo)
    file, folder = str(tmp_path / "a.jpg"), "another-way/"
    run = operator("upload", file, "--path", folder, "--json")
    assert run.code == 0, run.err
    assert run.lines[0]["result"] == "there_already"
    os.truncate(file, len(photo) - 2)
    run = operator("upload", file, "--path", folder, "--json")
    assert run.code == 1
    assert run.lines[0]["reason"] == "path_taken"
    assert operator("upload", file, "--path", folder, "--overwrite").code == 0

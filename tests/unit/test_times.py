"""Every time that a caller or an operator reads has the form that docs/api.md shows."""

import json
import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from pydantic import BaseModel

from cli.terminal import print_json
from lib.times import Timestamp, format_time
from tests.times import is_timestamp

PROJECT = Path(__file__).parents[2]
NOON = datetime(2026, 11, 21, 12, 0, 7, 999_999, tzinfo=UTC)


class Model(BaseModel):
    at: Timestamp


@pytest.mark.parametrize("time", [NOON, NOON.astimezone(timezone(timedelta(hours=5, minutes=30)))])
def test_a_time_is_in_utc_and_in_whole_seconds(
    time: datetime, capsys: pytest.CaptureFixture[str]
) -> None:
    assert format_time(time) == "2026-11-21T12:00:07Z"
    assert Model(at=time).model_dump_json() == '{"at":"2026-11-21T12:00:07Z"}'
    print_json({"at": time})
    assert json.loads(capsys.readouterr().out) == {"at": "2026-11-21T12:00:07Z"}


def test_a_model_keeps_the_fraction_until_it_is_written() -> None:
    assert Model(at=NOON).at == NOON


def test_any_form_of_iso_8601_is_read() -> None:
    for text in ("2026-11-21T12:00:07Z", "2026-11-21T17:30:07+05:30", "2026-11-21T12:00:07.0Z"):
        assert Model.model_validate_json(json.dumps({"at": text})).at == NOON.replace(microsecond=0)


def test_the_documents_of_the_api_show_no_other_form() -> None:
    for page in ("README.md", "docs/api.md"):
        shown = re.findall(r'"(\d{4}-\d\d-\d\dT[^"]*)"', (PROJECT / page).read_text())
        assert shown
        assert [time for time in shown if not is_timestamp(time)] == []


def test_no_other_code_formats_times() -> None:
    files = [
        file
        for folder in ("lib", "handlers", "cli")
        for file in (PROJECT / folder).rglob("*.py")
        if ".isoformat(" in file.read_text()
    ]
    assert files == [PROJECT / "lib" / "times.py"]

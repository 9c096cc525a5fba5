"""CSV files of uploads by hour, as people and spreadsheets write them."""

from pathlib import Path

import pytest

from lib.errors import ConfigError
from lib.operations.plan.uploads_file import read_uploads


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "uploads.csv"


@pytest.mark.parametrize(
    "text",
    [
        "hour,uploads\n2026-11-28T09:00,120\n2026-11-28T10:00,80.5\n",
        "uploads\n120\n80.5\n",
        '\ufeffuploads,note\r\n120,"with, comma"\r\n80.5,\r\n',
        "hour, uploads\n1, 120\n2, 80.5\n",
    ],
)
def test_the_column_uploads_is_read(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")
    assert read_uploads(file) == [120, 80.5]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has no column 'uploads'"),
        ("hour,count\n1,2\n", "has no column 'uploads'"),
        ("uploads\n", "has no column 'uploads'"),
        ("uploads\n1\nmany\n", ":3: uploads: must be a number of at least 0, got 'many'"),
        ("uploads\n-1\n", ":2: uploads: must be a number of at least 0"),
        ("uploads\nnan\n", ":2: uploads: must be a number"),
        ("uploads\ninf\n", ":2: uploads: must be a number"),
        ("hour,uploads\n1\n", ":2: uploads: must be a number of at least 0, got None"),
        ("uploads\n0\n0\n", "has no uploads in any hour"),
        ("uploads\n" + "1\n" * 9000, "has 9,000 lines, and the limit is a year"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(file: Path, text: str, message: str) -> None:
    file.write_text(text)
    with pytest.raises(ConfigError) as raised:
        read_uploads(file)
    assert message in str(raised.value)
    assert "uploads.csv" in str(raised.value)


def test_files_that_cannot_be_read_are_refused(file: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        read_uploads(file)
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="no text in UTF-8"):
        read_uploads(file)

"""What is found among named files and folders, and of what type it is."""

import os
from pathlib import Path
from typing import Any

import pytest

from lib.errors import ConfigError
from lib.uploads.local_files import (
    LocalFile,
    Unusable,
    count_files,
    find_content_type,
    find_files,
)
from tests.pictures import encoded, quarters


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.jpg", "a/z.jpg", "a/y.jpg", "c/x.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"12345")
    return tmp_path


def test_files_come_in_the_order_of_their_names(folder: Path) -> None:
    assert list(find_files([folder])) == [
        LocalFile(folder / name, name, 5, is_named=False)
        for name in ("a/y.jpg", "a/z.jpg", "b.jpg", "c/x.jpg")
    ]
    assert list(find_files([folder / "b.jpg", folder / "c"])) == [
        LocalFile(folder / "b.jpg", "b.jpg", 5, is_named=True),
        LocalFile(folder / "c" / "x.jpg", "x.jpg", 5, is_named=False),
    ]


@pytest.mark.parametrize("named", ["", "a"])
def test_a_folder_that_may_not_be_read_is_reported(
    folder: Path, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    def refuse(path: Any) -> Any:
        if Path(path).name == "a":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", refuse)
    found = list(find_files([folder / named]))
    error = "it cannot be read: Permission denied"
    assert found[0] == Unusable(folder / "a", "unreadable", error)
    assert len(found) == (1 if named else 3)


def test_a_name_that_is_no_utf8_is_found(tmp_path: Path) -> None:
    (tmp_path / "\udcff.jpg").touch()
    (found,) = find_files([tmp_path])
    assert found == LocalFile(tmp_path / "\udcff.jpg", "\udcff.jpg", 0, is_named=False)


def test_files_and_bytes_are_counted(folder: Path) -> None:
    (folder / ".hidden").write_bytes(b"12345")
    assert count_files([folder], lambda local: local.name) == (5, 20)


def test_two_files_of_different_folders_may_not_have_one_path(folder: Path) -> None:
    (folder / "c" / "y.jpg").touch()
    with pytest.raises(ConfigError, match=r"'y\.jpg'"):
        count_files([folder / "a", folder / "c"], lambda local: local.name)


@pytest.mark.parametrize(
    ("name", "start", "content_type"),
    [
        ("a.jpg", b"", "image/jpeg"),
        ("a.JPEG", encoded(quarters(), "PNG"), "image/jpeg"),
        ("a.heif", b"", "image/heif"),
        ("a.jfif", encoded(quarters()), "image/jpeg"),
        ("a", encoded(quarters(), "PNG"), "image/png"),
        ("a.jpg.1", encoded(quarters(), "WEBP"), "image/webp"),
        ("a", encoded(quarters(), "BMP"), "image/bmp"),
        ("a.dng", encoded(quarters(), "TIFF"), None),
        ("a.svg", b"<svg", None),
        ("a.txt", b"BM", None),
        ("a.mov", b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", None),
        ("jpg", b"", None),
    ],
)
def test_the_name_tells_the_type_or_else_the_bytes(
    name: str, start: bytes, content_type: str | None
) -> None:
    assert find_content_type(name, start[:256]) == content_type

"""Random folders that a repeated upload finds again."""

from pathlib import Path

import pytest

from lib.errors import ConfigError
from lib.uploads.local_files import LocalFile
from lib.uploads.new_folders import NewFolders, UploadRecord

SEA = LocalFile(Path("/photos/sea.jpg"), "sea.jpg", 5, is_named=True)


def test_a_key_gives_a_file_the_same_folder_again_and_others_another() -> None:
    folders = NewFolders("00" * 16)
    path = folders.make_path(SEA)
    assert path == NewFolders("00" * 16).make_path(SEA)
    assert len(path) == 32 + len("/sea.jpg")
    assert path.endswith("/sea.jpg")
    twin = SEA._replace(file=Path("/other/sea.jpg"))
    assert folders.make_path(twin) != path != NewFolders("01" * 16).make_path(SEA)


def test_a_file_is_the_same_however_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    folders = NewFolders("00" * 16)
    assert folders.make_path(SEA) == folders.make_path(SEA._replace(file=Path("photos/sea.jpg")))


def test_a_name_that_is_no_utf8_has_a_folder() -> None:
    assert NewFolders("00" * 16).make_path(SEA._replace(file=Path("/photos/\udcff.jpg")))


def test_a_record_is_of_a_stage_and_of_files_in_any_order(tmp_path: Path) -> None:
    def record(stage: str, *files: str) -> Path:
        return UploadRecord.of(tmp_path, stage, "eu-west-1", [Path(file) for file in files]).file

    assert record("dev", "a.jpg", "b.jpg") == record("dev", "b.jpg", "a.jpg")
    assert record("dev", "a.jpg") != record("prod", "a.jpg")
    assert record("dev", "a.jpg") != record("dev", "b.jpg")
    assert record("dev", "a.jpg").name.startswith("upload-dev-eu-west-1-")


def test_a_record_lasts_until_it_is_removed(tmp_path: Path) -> None:
    record = UploadRecord.of(tmp_path / "new", "dev", "eu-west-1", [SEA.file])
    assert record.read() is None
    folders = NewFolders.with_new_key()
    record.write(folders)
    assert record.read() == folders
    record.remove()
    record.remove()
    assert record.read() is None
    assert list((tmp_path / "new").iterdir()) == []


def test_a_record_that_cannot_be_written_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    record = UploadRecord.of(tmp_path / "file", "dev", "eu-west-1", [SEA.file])
    with pytest.raises(ConfigError, match=r"cannot be written.*--path"):
        record.write(NewFolders.with_new_key())


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"key": 7}', '{"key": "xyz"}'])
def test_a_damaged_record_is_named(tmp_path: Path, text: str) -> None:
    record = UploadRecord.of(tmp_path, "dev", "eu-west-1", [SEA.file])
    record.file.write_text(text)
    with pytest.raises(ConfigError, match="delete it"):
        record.read()

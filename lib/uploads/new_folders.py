"""Folders with random names for photos without a path, which a repeated upload finds again."""

import hmac
import json
import os
import secrets
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from lib.errors import ConfigError
from lib.uploads.local_files import LocalFile

# As the API's own folders: 128 bits, in hexadecimal, which a stranger cannot guess.
_FOLDER_CHARACTERS = 32
_KEY_BYTES = 16


@dataclass(frozen=True)
class NewFolders:
    """Names each photo's folder by a random key and the file.

    The same key gives the same folder again, and without the key nobody can guess one.
    """

    key: str

    @classmethod
    def with_new_key(cls) -> "NewFolders":
        """Returns folders that nothing was uploaded to yet."""
        return cls(secrets.token_hex(_KEY_BYTES))

    def make_path(self, local: LocalFile) -> str:
        """Returns the file's path in its folder."""
        digest = hmac.new(bytes.fromhex(self.key), os.fsencode(local.file.absolute()), sha256)
        return f"{digest.hexdigest()[:_FOLDER_CHARACTERS]}/{local.file.name}"


@dataclass(frozen=True)
class UploadRecord:
    """File with the key of an upload that has not ended yet; private, as the folders are."""

    file: Path

    @classmethod
    def of(cls, folder: Path, stage: str, region: str, files: list[Path]) -> "UploadRecord":
        """Returns the record of these files' and folders' upload to a stage."""
        named = json.dumps(sorted(str(file.absolute()) for file in files))
        digest = sha256(named.encode()).hexdigest()[:12]
        return cls(folder / f"upload-{stage}-{region}-{digest}.json")

    def read(self) -> NewFolders | None:
        """Returns the folders of an interrupted upload, if any; ConfigError for a damaged file."""
        try:
            folders = NewFolders(json.loads(self.file.read_text())["key"])
            bytes.fromhex(folders.key)
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError) as error:
            raise ConfigError(f"{self.file} is no record of an upload: delete it") from error
        return folders

    def write(self, folders: NewFolders) -> None:
        """Replaces the key; raises ConfigError if the file cannot be written."""
        draft = self.file.with_suffix(".new")
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            draft.touch(mode=0o600)
            draft.write_text(json.dumps({"key": folders.key}))
            draft.replace(self.file)
        except OSError as error:
            raise ConfigError(
                f"{self.file} cannot be written ({error.strerror}): the folders' names are kept "
                "there until the upload ends. An upload with --path needs no such file"
            ) from error

    def remove(self) -> None:
        """Deletes the file after a complete upload."""
        self.file.unlink(missing_ok=True)

"""Adds the files of watermarks to the Lambda zip, under their hashes.

Run as `python -m infra.hooks.watermarks ZIP` with the files' paths by their hashes, as JSON, on
standard input.
"""

import hashlib
import json
import sys
import zipfile
from pathlib import Path

from lib.errors import ConfigError
from lib.watermarks import PACKED_FOLDER

# zip's earliest time, so that the same files give the same zip.
_TIME = (1980, 1, 1, 0, 0, 0)
# Readable by everybody, as Lambda needs it.
_READABLE = 0o644 << 16


def add(artifact: Path, files: dict[str, str]) -> None:
    """Adds the files; raises ConfigError if one has changed since its hash was computed."""
    with zipfile.ZipFile(artifact, "a") as archive:
        for digest, file in sorted(files.items()):
            data = Path(file).read_bytes()
            if hashlib.sha256(data).hexdigest() != digest:
                raise ConfigError(f"{file} has changed during packaging: package again")
            entry = zipfile.ZipInfo(f"{PACKED_FOLDER}/{digest}", _TIME)
            entry.external_attr = _READABLE
            archive.writestr(entry, data)


def main() -> int:
    """Adds the files; prints a mistake on standard error, with exit code 1."""
    try:
        add(Path(sys.argv[1]), json.load(sys.stdin))
    except (ConfigError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

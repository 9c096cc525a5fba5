"""Adds byte code to the Lambda zip; without it, each cold start compiles the modules again.

It must run in the runtime's version of Python, because no other version reads its byte code.
"""

import importlib.util
import marshal
import os
import sys
import zipfile
from hashlib import sha256
from pathlib import Path

# Exit code in another version of Python.
OTHER_VERSION = 3
# zip's earliest time, so that the same files give the same zip.
_TIME = (1980, 1, 1, 0, 0, 0)
# PEP 552's flag: the source's hash follows, and is not checked. Unzipping changes the sources'
# times, so byte code that is checked by time would be ignored.
_UNCHECKED_HASH = (1).to_bytes(4, "little")


def add(artifact: Path, cache: Path) -> None:
    """Adds the byte code of each module that lacks it, compiled or from the cache."""
    cache.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(artifact, "a") as file:
        packed = set(file.namelist())
        for source in file.infolist():
            target = importlib.util.cache_from_source(source.filename)
            if source.filename.endswith(".py") and target not in packed:
                entry = zipfile.ZipInfo(target, _TIME)
                entry.compress_type = source.compress_type
                entry.external_attr = source.external_attr
                file.writestr(entry, _compile(file.read(source), source.filename, cache))


def _compile(source: bytes, name: str, cache: Path) -> bytes:
    cached = cache / sha256(name.encode() + b"\n" + source).hexdigest()
    if cached.exists():
        return cached.read_bytes()
    code = marshal.dumps(compile(source, name, "exec", dont_inherit=True))
    hashed = importlib.util.source_hash(source)
    compiled = importlib.util.MAGIC_NUMBER + _UNCHECKED_HASH + hashed + code
    # Renamed when complete: another packaging may write the same file at the same time.
    temporary = cached.with_suffix(f".{os.getpid()}")
    temporary.write_bytes(compiled)
    temporary.rename(cached)
    return compiled


if __name__ == "__main__":
    artifact, version, cache = sys.argv[1:]
    if version != f"{sys.version_info.major}.{sys.version_info.minor}":
        sys.exit(OTHER_VERSION)
    add(Path(artifact), Path(cache))

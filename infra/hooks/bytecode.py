"""Adds byte code to the Lambda zip: Lambda cannot keep any, so each cold start would compile anew.

It has to run in the runtime's own version of Python, whose byte code no other version reads.
"""

import importlib.util
import marshal
import os
import sys
import zipfile
from hashlib import sha256
from pathlib import Path

# What it exits with in another version of Python.
OTHER_VERSION = 3
# zip's earliest time: the same files give the same zip.
_TIME = (1980, 1, 1, 0, 0, 0)
# PEP 552: the source's hash follows, and nobody compares it. Zips do not keep the sources' times.
_UNCHECKED_HASH = (1).to_bytes(4, "little")


def add(artifact: Path, cache: Path) -> None:
    """Compile each module of the zip that has no byte code in it, or take it out of the cache."""
    cache.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(artifact, "a") as file:
        packed = set(file.namelist())
        for source in file.infolist():
            target = importlib.util.cache_from_source(source.filename)
            if source.filename.endswith(".py") and target not in packed:
                entry = zipfile.ZipInfo(target, _TIME)
                entry.compress_type = source.compress_type
                entry.external_attr = source.external_attr
                file.writestr(entry, _compiled(file.read(source), source.filename, cache))


def _compiled(source: bytes, name: str, cache: Path) -> bytes:
    kept = cache / sha256(name.encode() + b"\n" + source).hexdigest()
    if kept.exists():
        return kept.read_bytes()
    code = marshal.dumps(compile(source, name, "exec", dont_inherit=True))
    hashed = importlib.util.source_hash(source)
    compiled = importlib.util.MAGIC_NUMBER + _UNCHECKED_HASH + hashed + code
    # Another packaging may write the same file at the same time.
    whole = kept.with_suffix(f".{os.getpid()}")
    whole.write_bytes(compiled)
    whole.rename(kept)
    return compiled


if __name__ == "__main__":
    artifact, version, cache = sys.argv[1:]
    if version != f"{sys.version_info.major}.{sys.version_info.minor}":
        sys.exit(OTHER_VERSION)
    add(Path(artifact), Path(cache))

"""Broken JPEGs, decoded in planes by a kernel with sanitizers: no read or write out of bounds."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.native.test_kernel import PROJECT, SANITIZERS, WARNINGS

COMPILER = ["gcc", "-O1", "-march=native", "-shared", "-fPIC", *WARNINGS, *SANITIZERS]
PROGRAM = """
import random, sys
from pathlib import Path
from lib import kernel_library
from lib.errors import PermanentError
from lib.images import jpeg_to_jpeg
from lib.images.formats import read_header
from tests.unit.images import made
from tests.unit.images.test_mutations import mutated

kernel_library.path_of = lambda _: Path(sys.argv[1])
grain = random.Random(7)
kinds = ["flip", "cut", "drop", "double", "fill"]
rendered = left = 0
for number in range(400):
    edges = grain.randint(1, 70), grain.randint(1, 70)
    chroma = {"subsampling": ("4:4:4", "4:2:2", "4:2:0")[number % 7 % 3]}
    coding = {"progressive": number % 3 == 0, "exif": made.exif(1 + number % 8)}
    data = made.encoded(made.noise(*edges), "JPEG", **chroma, **coding)
    edits = [(grain.randint(0, 10_000), grain.choice(kinds)) for _ in range(number % 4)]
    box = {"width": grain.randint(1, 40), "height": grain.randint(1, 40)}
    size = made.size(**box, enlarge=bool(number % 2))
    try:
        header = read_header(mutated(data, edits, grain.randint(0, 255)))
        found = jpeg_to_jpeg.render(header, size, None)
    except PermanentError:
        continue
    rendered, left = rendered + bool(found), left + (not found)
print(rendered, left)
"""


def test_no_byte_outside_its_memory_is_touched(tmp_path: Path) -> None:
    library = tmp_path / "kernel.so"
    sources = sorted(map(str, (PROJECT / "native").glob("*.c")))
    try:
        subprocess.run([*COMPILER, *sources, "-o", str(library), "-lm"], check=True)
    except FileNotFoundError:
        pytest.skip("gcc is not installed")
    name = subprocess.run(
        ["gcc", "-print-file-name=libasan.so"], capture_output=True, text=True, check=True
    )
    # Python itself frees little at its end.
    settings = {"LD_PRELOAD": name.stdout.strip(), "ASAN_OPTIONS": "detect_leaks=0"}
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(library)],
        cwd=PROJECT,
        env=os.environ | settings,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")
    rendered, left = map(int, run.stdout.split())
    # Both happened: whole files and those that libjpeg warns of.
    assert min(rendered, left) > 50

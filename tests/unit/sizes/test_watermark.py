"""The file of a watermark: found beside sizes.yml, and known by its bytes, not by its name."""

import hashlib
from pathlib import Path

import pytest
from PIL import Image

from lib.errors import ConfigError
from lib.sizes import Size, load_sizes, pack_sizes, read_sizes, recipe_id, unpack_sizes
from lib.watermarks import check_watermarks, load_packed
from tests.command_line import fanout
from tests.pictures import encoded

CLEAR = Image.new("RGBA", (40, 20), (200, 0, 0, 90))
LOGO = encoded(CLEAR, "PNG")


def write(folder: Path, *entries: str, **files: bytes) -> Path:
    """A sizes.yml of these entries, and files in marks/."""
    (folder / "marks").mkdir(exist_ok=True)
    for name, data in files.items():
        (folder / "marks" / f"{name}.png").write_bytes(data)
    file = folder / "sizes.yml"
    file.write_text("\n".join(["sizes:", *(f"  - {entry}" for entry in entries)]))
    return file


def entry(name: str = "logo", size: str = "one") -> str:
    return f"{{name: {size}, width: 400, watermark: {{file: marks/{name}.png}}}}"


def test_its_hash_is_read_beside_the_file_that_names_it(tmp_path: Path) -> None:
    (size,) = load_sizes(write(tmp_path, entry(), logo=LOGO))
    assert size.watermark is not None
    assert size.watermark.sha256 == hashlib.sha256(LOGO).hexdigest()
    assert unpack_sizes(pack_sizes([size])) == [size]
    assert Size.model_validate_json(size.model_dump_json()) == size


def test_sizes_share_it_by_the_defaults(tmp_path: Path) -> None:
    file = write(tmp_path, "10x10", "20x20", logo=LOGO)
    file.write_text("defaults: {watermark: {file: marks/logo.png}}\n" + file.read_text())
    assert len({size.watermark for size in load_sizes(file)}) == 1


def test_a_new_logo_is_a_new_recipe_and_a_new_name_is_not(tmp_path: Path) -> None:
    other = encoded(CLEAR.transpose(Image.Transpose.ROTATE_90), "PNG")
    file = write(
        tmp_path,
        *(entry(name, size=name) for name in ("logo", "copy", "other")),
        logo=LOGO,
        copy=LOGO,
        other=other,
    )
    recipes = {size.name: recipe_id(size, "1") for size in load_sizes(file)}
    assert recipes["logo"] == recipes["copy"] != recipes["other"]


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "marks/logo.png: cannot be read: No such file or directory"),
        ({"logo": bytes(1_000_001)}, "marks/logo.png: has more than 1,000,000 bytes"),
        (
            {"logo": encoded(CLEAR.convert("RGB"), "PNG")},
            "marks/logo.png: has no transparent pixel",
        ),
        ({"logo": b"<svg/>"}, "marks/logo.png: is no PNG or WebP that can be read (unsupported)"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_its_line(
    tmp_path: Path, files: dict[str, bytes], words: str
) -> None:
    file = write(tmp_path, "10x10", entry(), entry(size="two"), **files)
    with pytest.raises(ConfigError) as caught:
        check_watermarks(read_sizes(file))
    one, two = str(caught.value).splitlines()
    assert one.startswith(f"{file}:3: one: watermark.file: {words}")
    assert two.startswith(f"{file}:4: two: watermark.file: {words}")


def test_a_folder_of_its_name_is_no_file(tmp_path: Path) -> None:
    file = write(tmp_path, entry())
    (tmp_path / "marks" / "logo.png").mkdir()
    with pytest.raises(ConfigError, match=r"marks/logo.png: cannot be read: Is a directory"):
        load_sizes(file)


def test_the_check_of_sizes_shows_it_or_what_is_wrong_with_it(tmp_path: Path) -> None:
    file = write(tmp_path, entry(), logo=LOGO)
    run = fanout("sizes", "check", str(file))
    assert run.code == 0
    line = "watermark       marks/logo.png, bottom-right, width 20%, margin 2%, opacity 1\n"
    assert line in run.out
    write(tmp_path, entry(), logo=b"GIF89a")
    run = fanout("sizes", "check", str(file))
    assert (run.code, run.out) == (1, "")
    assert "2: one: watermark.file: marks/logo.png: is no PNG or WebP" in run.err


def test_a_function_without_the_packed_file_says_so(tmp_path: Path) -> None:
    (size,) = load_sizes(write(tmp_path, entry(), logo=LOGO))
    with pytest.raises(ConfigError, match=r"the watermark [0-9a-f]{64} is not packed: deploy"):
        load_packed(size)


def test_a_size_without_one_needs_no_file() -> None:
    assert load_packed(Size(name="plain", width=10)) is None

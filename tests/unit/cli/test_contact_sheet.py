"""`fanout contact-sheet`: a folder of photos at each size, or how two files of sizes differ."""

import base64
import os
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image

from lib.images import render, render_all
from lib.operations.contact_sheet import picture
from lib.operations.contact_sheet.wording import format_change, format_length
from lib.sizes import Size
from tests.command_line import Run, fanout
from tests.pictures import decoded, encoded, quarters

HERO: dict[str, Any] = {"name": "hero", "width": 80, "height": 60, "quality": 90}
PHOTO = encoded(quarters())


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of photos below the working directory."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "photos"
    folder.mkdir()
    return folder


def write(name: str, *sizes: dict[str, Any]) -> str:
    Path(name).write_text(yaml.safe_dump({"sizes": list(sizes)}))
    return name


def sheet(*options: str) -> Run:
    return fanout("contact-sheet", "photos", "--sizes-file", "sizes.yml", *options)


class Page(HTMLParser):
    """A page's elements with their attributes, and its text."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.feed(file.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.text += f"{data}\n"

    def images(self) -> dict[str, bytes]:
        """The bytes of the images by their alt texts."""
        return {
            each["alt"]: base64.b64decode(each["src"].partition(",")[2])
            for tag, each in self.elements
            if tag == "img"
        }


def page(folder: str = "contact-sheet") -> Page:
    return Page(Path(folder) / "contact-sheet.html")


def test_the_page_has_each_variant_as_a_stage_would_store_it(folder: Path) -> None:
    write("sizes.yml", HERO, {"name": "small", "width": 40, "format": "png", "formats": ["avif"]})
    (folder / "sea.jpg").write_bytes(PHOTO)
    assert sheet().code == 0
    shown = page()
    images = shown.images()
    small = render_all(PHOTO, Size(name="small", width=40, format="png", formats=("avif",)))
    hero = render(PHOTO, Size(**HERO)).data
    assert images["sea.jpg at hero, JPEG"] == hero
    assert images["sea.jpg at small, PNG"] == small[0].data
    assert images["sea.jpg at small, AVIF"] == small[1].data
    assert decoded(images["sea.jpg, the original"]).size == (320, 240)
    assert len(images) == 4
    for fact in (
        *("320 x 240", f"JPEG · {format_length(len(PHOTO))}"),
        *("80 x 60", f"JPEG 90 · {format_length(len(hero))}"),
        *(f"PNG · {format_length(len(small[0].data))}", "40 x 30"),
        f"AVIF 60 · {format_length(len(small[1].data))}",
    ):
        assert f"{fact}\n" in shown.text


def test_the_picture_shows_the_original_and_then_each_size(folder: Path) -> None:
    write("sizes.yml", HERO)
    (folder / "red.png").write_bytes(encoded(Image.new("RGB", (900, 600), "#ff0000"), "PNG"))
    sheet()
    shown = decoded(Path("contact-sheet/contact-sheet.png").read_bytes())
    colours = [
        shown.getpixel((left, 240))
        for left in (60, 60 + 308)  # in each cell, above the caption
    ]
    assert shown.width == 2 * 40 + 2 * 280 + 28
    assert all(r > 240 and g < 15 and b < 15 for r, g, b in colours)  # type: ignore[misc]


def test_json_has_the_numbers(folder: Path) -> None:
    write("sizes.yml", HERO, {"width": 20, "format": "webp", "lossless": True})
    (folder / "sea.jpg").write_bytes(PHOTO)
    (document,) = sheet("--json").lines
    assert document["path"] == "sea.jpg"
    assert (document["bytes"], document["format"]) == (len(PHOTO), "jpeg")
    assert (document["width"], document["height"]) == (320, 240)
    (hero,) = document["sizes"]["hero"]["images"]
    length = len(render(PHOTO, Size(**HERO)).data)
    expected = {"format": "jpeg", "width": 80, "height": 60, "bytes": length, "quality": 90}
    assert hero == expected
    (lossless,) = document["sizes"]["20x"]["images"]
    assert (lossless["format"], lossless["quality"]) == ("webp", None)


def test_the_page_asks_no_host_for_anything(folder: Path) -> None:
    write("sizes.yml", HERO)
    (folder / "sea.jpg").write_bytes(PHOTO)
    sheet()
    shown = page()
    addresses = [
        each[name] for _, each in shown.elements for name in ("src", "href") if name in each
    ]
    assert addresses
    assert all(re.match(r"data:image/\w+;base64,|#p\d", address) for address in addresses)
    policy = next(each["content"] for tag, each in shown.elements if "http-equiv" in each)
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'sha256-")
    assert not any(tag == "script" for tag, _ in shown.elements)


def test_links_lead_to_elements_of_the_page(folder: Path) -> None:
    write("sizes.yml", HERO, {"width": 40, "formats": ["webp"]})
    for name in "ab":
        (folder / f"{name}.jpg").write_bytes(PHOTO)
    sheet()
    elements = page().elements
    ids = [each["id"] for _, each in elements if "id" in each]
    links = {each["href"].removeprefix("#") for tag, each in elements if tag == "a"}
    assert len(ids) == len(set(ids))
    assert links <= set(ids)


@pytest.mark.parametrize(
    "name",
    [
        '<img src=x onerror="alert(1)">.jpg',
        "a & b's + ~ (1).jpg",
        "日本 é\u202egpj.jpg",
        "two\nlines\x1b[31m.jpg",
        os.fsdecode(b"caf\xe9.jpg"),
    ],
)
def test_names_are_text_wherever_they_are_shown(folder: Path, name: str) -> None:
    write("sizes.yml", HERO)
    (folder / name).write_bytes(PHOTO)
    (folder / f"broken {name}").write_bytes(PHOTO[:200])
    run = sheet()
    assert run.code == 1
    assert "\x1b" not in run.err
    assert "\u202e" not in run.err
    shown = page()
    assert [tag for tag, _ in shown.elements if tag in ("script", "svg")] == []
    assert sum(tag == "img" for tag, _ in shown.elements) == 2
    assert not any("onerror" in each for _, each in shown.elements)
    assert "\u202e" not in Path("contact-sheet/contact-sheet.html").read_text(encoding="utf-8")
    assert {each["path"] for each in sheet("--json").lines} == {name, f"broken {name}"}


def test_a_broken_photo_is_a_cell_with_its_reason(folder: Path) -> None:
    write("sizes.yml", HERO)
    (folder / "cut.jpg").write_bytes(PHOTO[: len(PHOTO) // 2])
    (folder / "empty.png").touch()
    (folder / "sea.jpg").write_bytes(PHOTO)
    run = sheet("--json")
    assert run.code == 1
    cells = {each["path"]: each["sizes"]["hero"] for each in run.lines}
    assert cells["cut.jpg"]["reason"] == "truncated"
    assert cells["empty.png"]["reason"] == "empty"
    assert len(cells["sea.jpg"]["images"]) == 1
    assert "cut.jpg: the JPEG file breaks off" in run.err
    assert "the JPEG file breaks off" in page().text
    assert "3 photos; 2 cannot be rendered" in page().text


def test_a_photo_that_one_size_alone_cannot_render_is_broken_there(folder: Path) -> None:
    tiny = {"name": "tiny", "width": 20, "height": 20, "memory": 128}
    write("sizes.yml", HERO, tiny)
    large = encoded(Image.new("RGB", (3000, 2000), "#336699"), "PNG")
    (folder / "large.png").write_bytes(large)
    run = sheet("--json")
    assert run.code == 1
    (document,) = run.lines
    assert document["sizes"]["tiny"]["reason"] == "too_many_pixels"
    assert len(document["sizes"]["hero"]["images"]) == 1


def test_a_photo_that_cannot_be_opened_is_broken(folder: Path) -> None:
    write("sizes.yml", HERO)
    (folder / "gone.jpg").symlink_to(folder / "nowhere.jpg")
    (folder / "sea.jpg").write_bytes(PHOTO)
    run = sheet()
    assert run.code == 1
    assert "gone.jpg: it cannot be read: No such file or directory" in run.err


def test_other_files_are_skipped_and_counted(folder: Path) -> None:
    write("sizes.yml", HERO)
    (folder / "deep").mkdir()
    (folder / "deep" / "without-suffix").write_bytes(PHOTO)
    (folder / "notes.txt").write_text("no photo")
    (folder / ".hidden.jpg").write_bytes(PHOTO)
    run = sheet("--json")
    assert run.code == 0
    assert [each["path"] for each in run.lines] == ["deep/without-suffix"]
    assert "1 photo, skipped 2 other files\n" in run.err


def test_the_picture_of_an_earlier_run_is_no_photo(folder: Path) -> None:
    write("sizes.yml", HERO)
    (folder / "sea.jpg").write_bytes(PHOTO)
    for _ in range(2):
        run = sheet("--json", "--output", "photos")
        assert [each["path"] for each in run.lines] == ["sea.jpg"]


def test_more_photos_than_a_sheet_shows_need_a_limit(folder: Path) -> None:
    write("sizes.yml", {"width": 4})
    for number in range(37):
        (folder / f"{number:02}.png").write_bytes(encoded(quarters(8, 6), "PNG"))
    run = sheet()
    assert run.code == 2
    said = " ".join(run.err.split())
    assert "and there are 37:" in said
    assert "give --limit 36" in said
    assert not Path("contact-sheet").exists()
    run = sheet("--limit", "2", "--json")
    assert [each["path"] for each in run.lines] == ["00.png", "01.png"]
    assert "2 photos, 35 more beyond --limit\n" in run.err
    assert len(sheet("--limit", "40", "--json").lines) == 37
    assert sheet("--limit", "501").code == 2


def test_a_picture_that_would_be_too_large_says_what_it_lacks(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picture, "MAX_PIXELS", 600_000)
    write("sizes.yml", HERO)
    for name in "abc":
        (folder / f"{name}.jpg").write_bytes(PHOTO)
    run = sheet()
    assert run.code == 0
    assert "contact-sheet.png has no room for the last 1 photo" in run.err
    shown = decoded(Path("contact-sheet/contact-sheet.png").read_bytes())
    assert shown.width * shown.height <= 600_000
    assert "c.jpg" in page().text


def test_sizes_are_made_of_the_photos_of_their_paths(folder: Path) -> None:
    write("sizes.yml", {**HERO, "paths": ["shop/"]}, {"width": 9, "except": ["shop/"]})
    (folder / "shop").mkdir()
    for name in ("shop/a.jpg", "b.jpg"):
        (folder / name).write_bytes(PHOTO)
    run = sheet("--json")
    assert run.code == 0
    made = {
        each["path"]: [name for name, size in each["sizes"].items() if size["images"]]
        for each in run.lines
    }
    assert made == {"shop/a.jpg": ["hero"], "b.jpg": ["9x"]}


def test_positions_that_need_more_than_a_file_fall_back_and_say_so(folder: Path) -> None:
    """A folder has no focal points, and nobody asks Rekognition."""
    crop = {"width": 60, "height": 60, "format": "png"}
    write(
        "sizes.yml",
        {"name": "focused", **crop, "position": "focus", "fallback": "attention"},
        {"name": "faces", **crop, "position": "faces"},
        {"name": "attention", **crop, "position": "attention"},
        {"name": "centre", **crop},
    )
    image = Image.new("RGB", (300, 100), "#808080")
    image.paste(quarters(80, 80), (210, 10))
    (folder / "a.png").write_bytes(encoded(image, "PNG"))
    sheet()
    images = page().images()
    focused, faces, attention, centre = (
        images[f"a.png at {name}, PNG"] for name in ("focused", "faces", "attention", "centre")
    )
    assert focused == faces == attention != centre
    assert "position focus, or attention without a focal point" in page().text
    assert "position faces: here as attention, without Rekognition" in page().text


def test_a_watermark_is_on_it(folder: Path) -> None:
    logo = Image.new("RGBA", (40, 40), (255, 0, 255, 254))
    Path("logo.png").write_bytes(encoded(logo, "PNG"))
    mark = {"file": "logo.png", "width": "50%", "position": "center"}
    write("sizes.yml", {"name": "marked", "width": 80, "format": "png", "watermark": mark})
    (folder / "a.jpg").write_bytes(encoded(Image.new("RGB", (160, 160), "#00ff00")))
    assert sheet().code == 0
    shown = decoded(page().images()["a.jpg at marked, PNG"]).convert("RGB")
    red, green, blue = shown.getpixel((40, 40))  # type: ignore[misc]
    assert red > 200
    assert green < 40
    assert blue > 200


def test_files_of_sizes_are_compared_by_the_sizes_that_differ(folder: Path) -> None:
    write("sizes.yml", HERO, {"width": 40}, {"width": 30})
    changed = {**HERO, "quality": 40, "formats": ["webp"]}
    write("other.yml", changed, {"width": 40, "cdn_seconds": 9}, {"width": 50})
    (folder / "sea.jpg").write_bytes(PHOTO)
    run = sheet("--against", "other.yml", "--json")
    assert run.code == 0
    sizes = run.lines[0]["sizes"]
    assert list(sizes) == ["hero", "30x", "50x"]
    before, after = (len(render(PHOTO, Size(**each)).data) for each in (HERO, changed))
    assert sizes["hero"]["differs_in"] == ["formats", "quality"]
    assert [each["bytes"] for each in sizes["hero"]["before"]["images"]] == [before]
    percent = round(100 * (after - before) / before, 1)
    assert percent < 0
    assert sizes["hero"]["differences"] == [{"formats": ["jpeg", "jpeg"], "bytes_percent": percent}]
    assert sizes["30x"]["after"] == {"images": [], "reason": None, "note": "not in other.yml"}
    assert sizes["50x"]["before"]["note"] == "not in sizes.yml"
    shown = page()
    assert shown.images().keys() == {
        "sea.jpg, the original",
        "sea.jpg at hero, sizes.yml, JPEG",
        "sea.jpg at hero, other.yml, JPEG",
        "sea.jpg at hero, other.yml, WebP",
        "sea.jpg at 30x, sizes.yml, JPEG",
        "sea.jpg at 50x, other.yml, JPEG",
    }
    assert f"{format_change(before, after)}\n" in shown.text
    assert "no WebP\n" in shown.text
    assert "differs in formats, quality\n" in shown.text


def test_the_terminal_sums_up_what_both_files_make(folder: Path) -> None:
    write("sizes.yml", HERO)
    changed = {**HERO, "quality": 40, "paths": ["a.jpg", "b.jpg"]}
    write("other.yml", changed)
    for name in "abc":
        (folder / f"{name}.jpg").write_bytes(PHOTO)
    rows = [
        [cell.strip() for cell in line.strip("│").split("│")]
        for line in sheet("--against", "other.yml").out.splitlines()
        if line.startswith("│")
    ]
    before, after = (len(render(PHOTO, Size(**each)).data) for each in (HERO, changed))
    both = [format_length(2 * before), format_length(2 * after), format_change(before, after)]
    assert rows == [
        ["hero", "JPEG", "2", *both],
        ["hero", "JPEG", "1", format_length(before), "-", ""],
    ]


def test_files_of_one_name_are_told_apart_by_their_folders(folder: Path) -> None:
    Path("new").mkdir()
    write("sizes.yml", HERO)
    write("new/sizes.yml", {**HERO, "quality": 40})
    (folder / "sea.jpg").write_bytes(PHOTO)
    sheet("--against", "new/sizes.yml")
    assert "sea.jpg at hero, new/sizes.yml, JPEG" in page().images()


def test_files_that_differ_in_no_image_make_no_sheet(folder: Path) -> None:
    Path("marks").mkdir()
    logo = encoded(Image.new("RGBA", (40, 40), (255, 0, 255, 99)), "PNG")
    for name in ("logo.png", "marks/logo.png"):
        Path(name).write_bytes(logo)
    write("sizes.yml", {**HERO, "watermark": {"file": "logo.png"}})
    same = {"watermark": {"file": "marks/logo.png"}, "browser_seconds": 5, "placeholder": True}
    write("other.yml", {**HERO, **same})
    (folder / "sea.jpg").write_bytes(PHOTO)
    run = sheet("--against", "other.yml")
    assert run.code == 0
    assert "No size differs in its images" in run.err
    assert not Path("contact-sheet").exists()


def test_wrong_use_is_said_before_anything_is_rendered(folder: Path) -> None:
    write("sizes.yml", HERO)
    run = sheet()
    assert (run.code, run.err) == (1, "photos: has no photos\n")
    (folder / "notes.txt").write_text("no photo")
    assert sheet().err == "photos: has no photos, but 1 other file\n"
    assert fanout("contact-sheet", "nowhere").code == 2
    assert fanout("contact-sheet").code == 2
    assert sheet("--prefix", "2026/").code == 2
    (folder / "sea.jpg").write_bytes(PHOTO)
    (folder / "file").touch()
    run = sheet("--output", "photos/file/below")
    assert run.code == 1
    assert "photos/file/below: cannot be written: Not a directory" in run.err
    write("wrong.yml", {"width": 0})
    run = sheet("--against", "wrong.yml")
    assert run.code == 1
    assert run.err.startswith("wrong.yml:2: ")


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [(200, 150, "−25.0 %"), (3, 4, "+33.3 %"), (7, 7, "±0 %"), (10, 20_000, "+199,900.0 %")],  # noqa: RUF001
)
def test_changes_are_in_per_cent_of_the_first_file(before: int, after: int, said: str) -> None:
    assert format_change(before, after) == said


@pytest.mark.parametrize(
    ("length", "said"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 KB"), (999_949, "999.9 KB"), (999_950, "1.0 MB")],
)
def test_lengths_have_the_unit_that_fits(length: int, said: str) -> None:
    assert format_length(length) == said


def test_the_picture_of_transparent_photos_is_opaque(folder: Path) -> None:
    write("sizes.yml", {"width": 80})
    clear = Image.new("RGBA", (100, 100), (0, 0, 0, 0))
    (folder / "clear.png").write_bytes(encoded(clear, "PNG"))
    sheet()
    assert decoded(Path("contact-sheet/contact-sheet.png").read_bytes()).mode == "RGB"

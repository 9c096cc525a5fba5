"""`fanout sizes check`: what a file means, or all that is wrong with it, whatever it holds."""

import errno
import os
import re
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lib.errors import PermanentError, Reason
from lib.images import render
from lib.images.largest import find_max_megapixels
from lib.sizes import Size, recipe_id
from tests.command_line import Run, fanout
from tests.unit.images.test_bounds import jpeg_of, png_of, webp_of

PAGE = Path(__file__).parents[3] / "docs" / "commands.md"
HERO = (
    "{name: hero, width: 1600, formats: [webp, avif], format: jpeg, quality: 60, "
    "browser_seconds: 9, immutable: false, enlarge: true, memory: 128}"
)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that is named without its folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / "sizes.yml"


def check(*options: str) -> Run:
    return fanout("sizes", "check", *options)


def test_each_size_is_shown_with_what_follows_from_it(file: Path) -> None:
    file.write_text(f"sizes: [x90, {HERO}]")
    run = check("sizes.yml")
    assert run.code == 0
    assert run.err == "sizes.yml: 2 sizes, no mistakes\n"
    low, hero = run.out.split("hero\n")
    assert "  box             height 90, the width follows\n" in low
    assert "  quality         jpeg 80, webp 80, avif 60\n" in low
    assert "enlarge" not in low
    size = Size(name="hero", width=1600, format="jpeg", quality=60, enlarge=True)
    recipe = recipe_id(size)
    assert hero == (
        "  box             width 1600, the height follows\n"
        "  formats         jpeg, webp, avif\n"
        "  quality         jpeg 60, webp 60, avif 45\n"
        "  enlarge         yes\n"
        "  browser_seconds 9\n"
        "  immutable       no\n"
        "  memory          128 MB\n"
        "  largest photo   1 MP (jpeg); "
        "less than 1 MP (progressive jpeg, png, gif, webp, tiff, bmp, avif, heic)\n"
        "  folders         /hero/, /hero.webp/, /hero.avif/\n"
        f"  recipe          {recipe}\n"
    )


def test_paths_are_shown_as_they_are_written(file: Path) -> None:
    file.write_text("sizes: [{name: a, width: 9, paths: [a/, '**/b/'], except: [a/c/]}]")
    run = check("sizes.yml")
    assert "  paths           a/, **/b/\n  except          a/c/\n" in run.out
    (document,) = check("sizes.yml", "--json").lines
    assert (document["paths"], document["except"]) == (["a/", "**/b/"], ["a/c/"])


def test_as_json_each_size_is_a_document(file: Path) -> None:
    file.write_text(f"sizes: [{HERO}]")
    (document,) = check("sizes.yml", "--json").lines
    assert document["name"] == "hero"
    assert document["quality"] == 60
    assert document["folders"] == ["hero", "hero.webp", "hero.avif"]
    assert document["max_megapixels"]["jpeg"] == 1
    assert re.fullmatch("[0-9a-f]{12}", document["recipe"])


def test_the_projects_file_is_the_default_and_is_as_documented() -> None:
    run = check()
    assert run.code == 0
    section = PAGE.read_text().partition("## fanout sizes\n")[2].partition("\n## ")[0]
    shown = section.split("```\n")[3]
    assert shown.startswith("thumbnail\n")
    assert shown in run.out


def test_all_mistakes_are_told_with_exit_code_1(file: Path) -> None:
    file.write_text("defaults: {fitt: cover}\nsizes:\n  - {name: a, width: 9, format: jpg}\n")
    for options in ([], ["--json"]):
        run = check("sizes.yml", *options)
        assert (run.code, run.out) == (1, "")
        assert run.err == (
            "sizes.yml:1: defaults: fitt: no such key; did you mean fit?\n"
            "sizes.yml:3: a: format: jpg: say jpeg\n"
        )


def test_a_file_that_cannot_be_read_is_a_sentence(file: Path) -> None:
    assert check("sizes.yml").err == "sizes.yml: cannot be read: No such file or directory\n"
    file.mkdir()
    assert check("sizes.yml").err == "sizes.yml: cannot be read: Is a directory\n"
    assert check("sizes.yml", "other.yml").code == 2


def test_a_file_that_may_not_be_read_is_a_sentence(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root, as whom tests may run, may read every file."""

    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "open", refuse)
    assert check("sizes.yml").err == "sizes.yml: cannot be read: Permission denied\n"


def test_an_endless_file_is_refused() -> None:
    assert "has more than 100,000 bytes" in check("/dev/zero").err


@pytest.mark.parametrize("memory", [128, 512, 1769])
@pytest.mark.parametrize(
    ("format_", "make"), [("jpeg", jpeg_of), ("png", png_of), ("webp", webp_of)]
)
def test_the_largest_photo_is_the_largest_that_the_renderer_takes(
    memory: int, format_: str, make: object
) -> None:
    """The made photos have no pixels: those that are not too large are broken."""
    size = Size(name="a", width=300, height=200, memory=memory)
    most = find_max_megapixels(size)[format_]
    reasons = []
    for megapixels in (most, most + 1):
        unit = (megapixels * 1e6 / 6) ** 0.5
        with pytest.raises(PermanentError) as caught:
            render(make(int(3 * unit), int(2 * unit)), size)  # type: ignore[operator]
        reasons.append(caught.value.reason)
    assert reasons[0] is not Reason.TOO_MANY_PIXELS
    assert reasons[1] is Reason.TOO_MANY_PIXELS


# Pieces that YAML or the file's format gives a meaning.
PIECES = [
    *("sizes:", "defaults:", "name:", "width:", "quality:", "formats:", "fit:", "- ", "  ", "\n"),
    *(
        "[",
        "]",
        "{",
        "}",
        ",",
        ": ",
        "&a ",
        "*a",
        "<<: *a",
        "!!int ",
        "!!",
        "? ",
        "|",
        ">",
        "---\n",
    ),
    *("#", "'", '"', "\\x", "\\ud800", "\t", "\r\n", "\0", "\ufeff", "\x85", "=", "%YAML 9.9\n"),
    *("800x600", "1x", "x", "-1", "1e999", ".inf", ".nan", "yes", "null", "~", "jpg", "2026-99-99"),
    *("0x10", "1:60", "9" * 5000, "é", "😀", "\udcff"),
]
BYTES = st.one_of(
    st.binary(max_size=200),
    st.text(max_size=200).map(lambda text: text.encode(errors="surrogateescape")),
    st.lists(st.sampled_from(PIECES), max_size=40).map(
        lambda pieces: "".join(pieces).encode(errors="surrogateescape")
    ),
    st.lists(st.sampled_from(PIECES), max_size=20).map(
        lambda pieces: ("sizes: [{width: 9, " + "".join(pieces)).encode(errors="surrogateescape")
    ),
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=BYTES)
def test_whatever_a_file_holds_the_check_ends_with_sizes_or_with_lines(
    file: Path, data: bytes
) -> None:
    file.write_bytes(data)
    run = check("sizes.yml", "--json")
    if run.code == 0:
        assert run.lines
    else:
        assert (run.code, run.out) == (1, "")
        assert all(line.startswith("sizes.yml:") for line in run.err.splitlines())


VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(max_size=9),
        st.sampled_from(["cover", "jpeg", "jpg", "800x600", "#fff", "top", 9, 800, 128]),
    ),
    lambda values: (
        st.lists(values, max_size=3) | st.dictionaries(st.text(max_size=3), values, max_size=3)
    ),
    max_leaves=4,
)
ENTRIES = st.dictionaries(
    st.sampled_from([*Size.model_fields, "fitt", "", "0"]), VALUES, max_size=6
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(defaults=ENTRIES, sizes=st.lists(ENTRIES | VALUES, max_size=4))
def test_whatever_values_the_keys_have_the_check_ends_with_sizes_or_with_lines(
    file: Path, defaults: object, sizes: object
) -> None:
    text = yaml.safe_dump({"defaults": defaults, "sizes": sizes}, allow_unicode=True)
    file.write_text(text, encoding="utf-8", errors="surrogateescape")
    run = check("sizes.yml")
    assert run.code in (0, 1)
    assert run.err.startswith("sizes.yml:")

"""The page that docs/pages.md has people make: what a browser loads of it, and how it is shown."""

import re

import pytest

from local.stack import LocalDeployment
from tests.e2e.steps import get
from tests.e2e.test_readme import PROJECT, typed
from tests.pictures import decoded
from tests.srcset import Markup, Window, chosen, parse_srcset

# The README's photo has the same path, and its lines upload it anew.
DOCUMENT = (PROJECT / "docs" / "pages.md").read_text().replace("2026/sea.jpg", "pages/sea.jpg")
(LINES,) = re.findall(r"```sh\n(.*?)```", DOCUMENT, re.DOTALL)
# A telephone, a desktop, a large screen of double density, an old browser.
WINDOWS = [Window(390, 3), Window(1600), Window(2560, 2), Window(320, types=())]


@pytest.fixture(scope="module")
def page(local: LocalDeployment, tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the lines write, but that no browser is opened."""
    folder = tmp_path_factory.mktemp("page")
    (folder / "docs").symlink_to(PROJECT / "docs")
    command = folder / "fanout"
    command.write_text(f'#!/bin/sh\nexec {PROJECT}/fanout "$@"\n')
    command.chmod(0o755)
    lines = LINES.replace("python3 -m webbrowser page.html\n", "")
    assert lines != LINES
    typed(lines, folder, local.environment())
    return (folder / "page.html").read_text()


def images(page: str) -> list[str]:
    """The markup of each photo."""
    return re.findall(r"<picture>.*?</picture>|<img [^>]*>", page, re.DOTALL)


def test_it_is_what_the_document_shows(page: str) -> None:
    first, second = images(page)
    shown = re.findall(r"```html\n(.*?)```", DOCUMENT, re.DOTALL)[0]
    address = r"http://127\.0\.0\.1:\d+"
    expected = " ".join(re.sub(address, "", shown).split())
    assert re.sub(address, "", second) == expected
    assert Markup(first).one("img")["sizes"] == "(max-width: 600px) 100vw, 600px"


@pytest.mark.parametrize("window", WINDOWS)
def test_the_candidate_that_is_wide_enough_is_loaded(page: str, window: Window) -> None:
    """And the widths that the markup promises are those of the pictures."""
    for markup in images(page):
        url, width = chosen(markup, window)
        answer = get(url)
        assert answer.status_code == 200
        assert decoded(answer.content).width == width
    first, _ = images(page)
    needed = min(window.width, 600) * window.dpr
    assert chosen(first, window)[1] == next(each for each in (400, 800, 1200) if each >= needed)


def test_every_candidate_has_the_ratio_for_which_space_is_reserved(page: str) -> None:
    for markup in images(page):
        image = Markup(markup).one("img")
        width, height = int(image["width"]), int(image["height"])
        assert decoded(get(image["src"]).content).size == (width, height)
        candidates = parse_srcset(image["srcset"])
        assert len(candidates) >= 2
        for url, promised in candidates:
            loaded = decoded(get(url).content)
            assert loaded.width == promised
            assert abs(loaded.height - loaded.width * height / width) <= 1


def test_only_the_photo_at_the_top_is_loaded_at_once(page: str) -> None:
    first, second = (Markup(each).one("img") for each in images(page))
    assert (first.get("loading"), first["fetchpriority"]) == (None, "high")
    assert (second["loading"], second.get("fetchpriority")) == ("lazy", None)

"""Pages can be read in ten minutes, and their links lead somewhere."""

import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
# Ten minutes at 200 words a minute: slower than prose is read, as technical text is.
MOST_WORDS = 2000
# A list that nobody reads from its beginning to its end.
_LISTS = {"CHANGELOG.md"}
PAGES = {
    page.name: page
    for page in [*sorted(PROJECT.glob("*.md")), *sorted((PROJECT / "docs").glob("*.md"))]
}


def without_code(text: str) -> str:
    return re.sub(r"^```.*?^```$|<!--.*?-->", "", text, flags=re.MULTILINE | re.DOTALL)


def count_words(text: str) -> int:
    """Counts what a reader reads: neither code, nor comments, nor the addresses of links."""
    prose = re.sub(r"\]\([^)]*\)", "]", without_code(text))
    return sum(bool(re.search(r"\w", word)) for word in prose.split())


def anchors(text: str) -> set[str]:
    """The anchors that GitHub gives to headings."""
    headings = re.findall(r"^#+ (.*)$", without_code(text), re.MULTILINE)
    shown = [re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower() for heading in headings]
    return {re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in shown}


@pytest.mark.parametrize("name", PAGES.keys() - _LISTS)
def test_a_page_is_read_in_ten_minutes(name: str) -> None:
    words = count_words(PAGES[name].read_text())
    assert words <= MOST_WORDS, f"{name} has {words:,} words: split or shorten it"


def test_words_are_counted_as_they_are_read() -> None:
    text = "A [link](https://example.com/a b) | two |\n\n```sh\nnot this\n```\n<!-- nor this -->\n"
    assert count_words(text) == len(["A", "[link]", "two"])


@pytest.mark.parametrize("name", PAGES)
def test_every_heading_that_is_linked_to_exists(name: str) -> None:
    links = re.findall(r"\]\(([^)#:\s]*)#([^)]+)\)", PAGES[name].read_text())
    targets = [(PAGES[Path(file).name if file else name], anchor) for file, anchor in links]
    assert [anchor for page, anchor in targets if anchor not in anchors(page.read_text())] == []


def test_the_readme_lists_every_page() -> None:
    listed = PAGES["README.md"].read_text().partition("## Documentation")[2]
    pages = {page.name for page in (PROJECT / "docs").glob("*.md")}
    assert pages == set(re.findall(r"\(docs/([\w-]+\.md)\)", listed))

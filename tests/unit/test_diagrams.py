"""docs/images/diagrams has the drawings of docs/diagrams, and their texts fit."""

import re
from itertools import combinations, pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from pydantic import ValidationError

from infra import diagrams
from infra.diagrams import DRAWINGS, LETTER, SOURCES, Diagram, draw, find_route, read_diagram

PROJECT = Path(__file__).parents[2]
DIAGRAMS = {source.stem: read_diagram(source) for source in SOURCES.glob("*.yml")}
TWO = {
    "title": "Two boxes",
    "boxes": {
        "a": {"at": [0, 0], "kind": "code", "text": ["A"]},
        "b": {"at": [1, 1], "kind": "store", "text": ["B"]},
    },
    "arrows": [{"from": "a", "to": "b", "text": "to & from"}],
}
every = pytest.mark.parametrize("name", DIAGRAMS)


@every
def test_the_drawing_is_what_its_text_gives(name: str) -> None:
    drawing = (DRAWINGS / f"{name}.svg").read_text()
    assert drawing == draw(DIAGRAMS[name]), "run .venv/bin/python -m infra.diagrams"


def test_no_drawing_is_without_a_text() -> None:
    assert {drawing.stem for drawing in DRAWINGS.glob("*")} == DIAGRAMS.keys()


@every
def test_a_page_shows_the_diagram_and_says_in_words_what_it_shows(name: str) -> None:
    pages = [PROJECT / "README.md", *(PROJECT / "docs").glob("*.md")]
    shown = [
        alternative
        for page in pages
        for alternative in re.findall(
            rf"!\[(.+?)\]\([\w/]*images/diagrams/{name}\.svg\)", page.read_text()
        )
    ]
    assert shown != []


@every
def test_texts_fit_into_their_boxes(name: str) -> None:
    diagram = DIAGRAMS[name]
    bold = 1.1
    for box in diagram.boxes.values():
        first, *more = box.text
        assert len(first) * LETTER * bold < diagram.width, first
        for text in more:
            assert len(text) * LETTER < diagram.width, text


@every
def test_boxes_do_not_touch(name: str) -> None:
    diagram = DIAGRAMS[name]
    for one, other in combinations(diagram.boxes.values(), 2):
        apart = [abs(x - y) for x, y in zip(one.at, other.at, strict=True)]
        beside = apart[0] * diagram.column > diagram.width
        below = apart[1] * diagram.row > (one.height + other.height) / 2
        assert beside or below, (one.text, other.text)


def test_a_drawing_is_well_formed_and_has_its_title_for_those_who_do_not_see_it() -> None:
    root = ElementTree.fromstring(draw(Diagram.model_validate(TWO)))  # noqa: S314  it is ours
    assert root.findtext("{http://www.w3.org/2000/svg}title") == "Two boxes"
    assert [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")] == [
        "A",
        "B",
        "to & from",
    ]


@pytest.mark.parametrize("leave", [None, "left", "right", "top", "bottom"])
@pytest.mark.parametrize("enter", [None, "left", "right", "top", "bottom"])
def test_an_arrow_has_only_level_and_upright_parts(leave: str | None, enter: str | None) -> None:
    arrow = {"from": "a", "to": "b", "leave": leave, "enter": enter}
    diagram = Diagram.model_validate({**TWO, "arrows": [arrow]})
    route = find_route(diagram, diagram.arrows[0])
    assert all(a.x == b.x or a.y == b.y for a, b in pairwise(route))


def test_a_wrong_key_or_an_arrow_to_nowhere_is_an_error() -> None:
    with pytest.raises(ValidationError, match="colour"):
        Diagram.model_validate({**TWO, "colour": "red"})
    with pytest.raises(ValidationError, match="no box: c"):
        Diagram.model_validate({**TWO, "arrows": [{"from": "a", "to": "c"}]})


def test_drawing_anew_removes_what_has_no_text_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diagrams, "DRAWINGS", tmp_path)
    (tmp_path / "gone.svg").touch()
    diagrams.main()
    assert {drawing.stem for drawing in tmp_path.iterdir()} == DIAGRAMS.keys()

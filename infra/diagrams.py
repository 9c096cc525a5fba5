"""Draws the diagrams of the docs from text: `.venv/bin/python -m infra.diagrams`.

docs/diagrams/<name>.yml has boxes on a grid and arrows between them, and the drawing is
docs/images/diagrams/<name>.svg. A drawing has its own background and colours (style.css), for light
and for dark, so that it can be read on any page. tests/unit/test_diagrams.py compares the two.
"""

from collections.abc import Iterator
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import Literal, NamedTuple

import yaml
from pydantic import BaseModel, Field, model_validator

_DOCS = Path(__file__).parents[1] / "docs"
SOURCES = _DOCS / "diagrams"
DRAWINGS = _DOCS / "images" / "diagrams"
_STYLE = SOURCES / "style.css"

_MARGIN, _CORNER = 24, 8
_LINE, _PADDING = 17, 10
# Average advance of a letter of the two fonts, in pixels: for a label's background, and for the
# test that texts fit into their boxes.
LETTER, _SMALL_LETTER = 7.0, 6.3
_ARROW = 9

Side = Literal["left", "right", "top", "bottom"]
_OPPOSITE: dict[Side, Side] = {"left": "right", "right": "left", "top": "bottom", "bottom": "top"}


# What a box stands for; decides its colour.
Kind = Literal["outside", "code", "queue", "store", "edge"]


class Box(BaseModel, extra="forbid"):
    """A box at a column and a row, which may be fractions; the first of its lines is bold."""

    at: tuple[float, float]
    text: list[str]
    kind: Kind
    optional: bool = False

    @property
    def height(self) -> float:
        """Returns the height in pixels."""
        return 2 * _PADDING + _LINE * len(self.text)


class Arrow(BaseModel, extra="forbid"):
    """An arrow between two boxes; sides are chosen by their places unless they are given."""

    start: str = Field(alias="from")
    end: str = Field(alias="to")
    text: str = ""
    leave: Side | None = None
    enter: Side | None = None
    optional: bool = False


class Diagram(BaseModel, extra="forbid"):
    """A drawing; the width of its boxes and the distances of columns and rows are in pixels."""

    title: str
    width: float = 160
    column: float = 230
    row: float = 92
    boxes: dict[str, Box]
    arrows: list[Arrow]

    @model_validator(mode="after")
    def _connect(self) -> "Diagram":
        ends = {end for arrow in self.arrows for end in (arrow.start, arrow.end)}
        if missing := ends - self.boxes.keys():
            raise ValueError(f"no box: {', '.join(sorted(missing))}")
        return self


class _Point(NamedTuple):
    """A point of the drawing, in pixels from its top left corner."""

    x: float
    y: float


def read_diagram(source: Path) -> Diagram:
    """Reads a diagram; an unknown key or kind raises pydantic's error."""
    return Diagram.model_validate(yaml.safe_load(source.read_text(encoding="utf-8")))


def draw(diagram: Diagram) -> str:
    """Returns the drawing as SVG."""
    right = max(_centre(diagram, box).x for box in diagram.boxes.values()) + diagram.width / 2
    bottom = max(_centre(diagram, box).y + box.height / 2 for box in diagram.boxes.values())
    width, height = right + _MARGIN, bottom + _MARGIN
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}"'
        f' width="{width:g}" height="{height:g}" role="img" aria-labelledby="title">',
        f'<title id="title">{escape(diagram.title)}</title>',
        f"<style>{_STYLE.read_text()}</style>",
        '<defs><marker id="head" viewBox="0 0 10 10" refX="9" refY="5" orient="auto"'
        f' markerWidth="{_ARROW}" markerHeight="{_ARROW}" markerUnits="userSpaceOnUse">'
        '<path class="head" d="M0 0 10 5 0 10z"/></marker></defs>',
        '<rect class="panel" x=".5" y=".5"'
        f' width="{width - 1:g}" height="{height - 1:g}" rx="10"/>',
        *(line for arrow in diagram.arrows for line in _arrow(diagram, arrow)),
        *(line for box in diagram.boxes.values() for line in _box(diagram, box)),
        *(line for arrow in diagram.arrows for line in _label(diagram, arrow)),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _centre(diagram: Diagram, box: Box) -> _Point:
    column, row = box.at
    tallest = max(each.height for each in diagram.boxes.values())
    return _Point(
        _MARGIN + diagram.width / 2 + column * diagram.column,
        _MARGIN + tallest / 2 + row * diagram.row,
    )


def _box(diagram: Diagram, box: Box) -> Iterator[str]:
    centre = _centre(diagram, box)
    top = centre.y - box.height / 2
    optional = " optional" if box.optional else ""
    yield (
        f'<rect class="box {box.kind}{optional}" x="{centre.x - diagram.width / 2:g}" y="{top:g}"'
        f' width="{diagram.width:g}" height="{box.height:g}" rx="{_CORNER}"/>'
    )
    for number, text in enumerate(box.text):
        name = ' class="name"' if number == 0 else ""
        y = top + _PADDING + _LINE * (number + 0.75)
        yield f'<text{name} x="{centre.x:g}" y="{y:g}">{escape(text, quote=False)}</text>'


def _arrow(diagram: Diagram, arrow: Arrow) -> Iterator[str]:
    points = find_route(diagram, arrow)
    path = " ".join(f"{point.x:g} {point.y:g}" for point in points)
    optional = " optional" if arrow.optional else ""
    yield f'<path class="arrow{optional}" d="M{path}" marker-end="url(#head)"/>'


def _label(diagram: Diagram, arrow: Arrow) -> Iterator[str]:
    """Draws the text on the middle of the arrow's longest part."""
    if not arrow.text:
        return
    points = find_route(diagram, arrow)
    start, end = max(
        pairwise(points),
        key=lambda part: abs(part[0].x - part[1].x) + abs(part[0].y - part[1].y),
    )
    x, y = (start.x + end.x) / 2, (start.y + end.y) / 2
    lines = arrow.text.split("\n")
    width = _SMALL_LETTER * max(map(len, lines)) + 6
    top = y - _LINE * len(lines) / 2
    yield (
        f'<rect class="plate" x="{x - width / 2:g}" y="{top:g}"'
        f' width="{width:g}" height="{_LINE * len(lines)}"/>'
    )
    for number, text in enumerate(lines):
        baseline = top + _LINE * (number + 0.75)
        label = escape(text, quote=False)
        yield f'<text class="label" x="{x:g}" y="{baseline:g}">{label}</text>'


def find_route(diagram: Diagram, arrow: Arrow) -> list[_Point]:
    """Returns the corners of an arrow: straight, with one bend, or with two."""
    start, end = diagram.boxes[arrow.start], diagram.boxes[arrow.end]
    leave = arrow.leave or _side_towards(start, end)
    enter = arrow.enter or _OPPOSITE[leave]
    a, b = _edge(diagram, start, leave), _edge(diagram, end, enter)
    middle = _Point((a.x + b.x) / 2, (a.y + b.y) / 2)
    match [side in ("left", "right") for side in (leave, enter)]:
        case [True, False]:
            return [a, _Point(b.x, a.y), b]
        case [False, True]:
            return [a, _Point(a.x, b.y), b]
        case [True, True]:
            bends = [_Point(middle.x, a.y), _Point(middle.x, b.y)]
        case _:
            bends = [_Point(a.x, middle.y), _Point(b.x, middle.y)]
    return [a, b] if bends[0] == bends[1] else [a, *bends, b]


def _side_towards(start: Box, end: Box) -> Side:
    if start.at[0] == end.at[0]:
        return "bottom" if start.at[1] < end.at[1] else "top"
    return "right" if start.at[0] < end.at[0] else "left"


def _edge(diagram: Diagram, box: Box, side: Side) -> _Point:
    x, y = _centre(diagram, box)
    across = {"left": -diagram.width / 2, "right": diagram.width / 2}.get(side, 0)
    down = {"top": -box.height / 2, "bottom": box.height / 2}.get(side, 0)
    return _Point(x + across, y + down)


def main() -> None:
    """Draws all diagrams anew."""
    DRAWINGS.mkdir(exist_ok=True)
    for old in DRAWINGS.glob("*.svg"):
        old.unlink()
    for source in sorted(SOURCES.glob("*.yml")):
        drawing = DRAWINGS / f"{source.stem}.svg"
        drawing.write_text(draw(read_diagram(source)), encoding="utf-8")


if __name__ == "__main__":
    main()

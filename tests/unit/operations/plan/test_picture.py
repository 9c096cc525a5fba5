"""The picture of a load: SVG that any browser shows, with what the samples say."""

import re
from xml.etree import ElementTree

import pytest

from lib.operations.plan.consumers import Sample, SizeRun
from lib.operations.plan.picture import draw
from lib.operations.plan.wording import format_count, format_seconds

SVG = "{http://www.w3.org/2000/svg}"


def a_run(name: str = "800x600", *samples: Sample) -> SizeRun:
    return SizeRun(name, samples=list(samples) or [Sample(0, 0, 0, 0), Sample(100, 50, 9, 2)])


def parse(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)  # noqa: S314  our own


def test_a_picture_has_a_line_for_each_size_in_both_panels() -> None:
    root = parse(draw("Stage dev: a burst", [a_run("800x600"), a_run("thumbnail")]))
    assert root.tag == f"{SVG}svg"
    assert len(root.findall(f"{SVG}polyline")) == 4
    texts = [each.text for each in root.iter(f"{SVG}text")]
    assert texts[0] == "Stage dev: a burst"
    assert {"800x600", "thumbnail", "Messages not rendered yet"} <= set(texts)


def test_points_follow_the_samples() -> None:
    samples = [Sample(0, 0, 0, 0), Sample(50, 100, 10, 1), Sample(100, 0, 0, 0)]
    root = parse(draw("t", [a_run("a", *samples)]))
    backlog, age = (
        [tuple(map(float, point.split(","))) for point in (line.get("points") or "").split()]
        for line in root.findall(f"{SVG}polyline")
    )
    for points in (backlog, age):
        (first, low), (middle, high), (last, end) = points
        assert middle - first == pytest.approx(last - middle, abs=0.2)
        assert low == end > high


def test_it_refers_to_nothing_outside_and_names_are_escaped() -> None:
    svg = draw("<b>&", [a_run("a<b")])
    assert "&lt;b&gt;&amp;" in svg
    parse(svg)
    assert re.findall(r"https?://[^\"]+", svg) == ["http://www.w3.org/2000/svg"]
    assert "<script" not in svg


@pytest.mark.parametrize("seconds", [0.5, 7, 100, 4000, 90_000, 500_000, 40_000_000])
def test_axes_have_a_few_round_ticks(seconds: float) -> None:
    samples = [Sample(0, 0, 0, 0), Sample(seconds, 123_456, seconds / 2, 1)]
    root = parse(draw("t", [a_run("a", *samples)]))
    below = [each.text or "" for each in root.iter(f"{SVG}text") if each.get("y") == "268"]
    assert 2 <= len(below) <= 7
    assert below[0] == "0 s"
    assert not [text for text in below if re.search(r"\.\d\d", text)], below


def test_a_load_without_any_message_can_be_drawn() -> None:
    parse(draw("t", [a_run("a", Sample(0, 0, 0, 0))]))


def test_more_sizes_than_colours_have_dashes() -> None:
    svg = draw("t", [a_run(f"s{number}") for number in range(20)])
    strokes = {
        (line.get("stroke"), line.get("stroke-dasharray"))
        for line in parse(svg).findall(f"{SVG}polyline")
    }
    assert len(strokes) == 20


def test_numbers_and_times_are_in_their_largest_unit() -> None:
    assert [format_count(each) for each in (7, 1500, 2.5e6, 1e8)] == ["7", "1.5k", "2.5M", "100M"]
    assert [format_seconds(each) for each in (0, 1.25, 90, 150, 7200, 200_000)] == [
        *("0 s", "1.25 s", "90 s", "2.5 min", "2 h", "2.31 d")
    ]

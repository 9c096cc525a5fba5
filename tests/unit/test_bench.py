"""The benchmark's own arithmetic: what it says of a run must be true of that run."""

import json
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from bench import goals, report
from bench.cases import BOXES, CASES, Case
from bench.figures import Goal, ratio
from bench.race import Lap, Laps
from bench.report import Run
from bench.ssim import reference, ssim
from tests.pictures import quarters

CASE = Case("JPEG 1 MP", "landscape", "street", 1200, 900)


def lap(seconds: float, ssim: float = 0.99, size: int = 1000) -> Lap:
    return Lap(cpu=[seconds] * 3, bytes=[size] * 3, ssim=[ssim] * 3)


def laps(**seconds: float) -> Laps:
    return {name: lap(value) for name, value in seconds.items()}


def noise(width: int = 100, height: int = 75) -> Image.Image:
    return Image.effect_noise((width, height), 80).convert("F")


def test_a_picture_is_wholly_like_itself() -> None:
    assert ssim(noise(), noise().copy()) < 1
    picture = noise()
    assert ssim(picture, picture.copy()) == pytest.approx(1)


def test_what_is_blurred_or_shifted_is_less_alike() -> None:
    picture = quarters(160, 120).convert("L")
    shifted = ImageChops.offset(picture, 3, 0)
    assert ssim(picture.convert("F"), shifted.convert("F")) < 0.99


def test_pictures_of_two_sizes_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="cannot be compared"):
        ssim(noise(80, 80), noise(80, 81))


def test_the_reference_is_upright_and_cropped_around_the_centre(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 3  # lies on its head
    file = tmp_path / "turned.png"
    quarters(400, 300).rotate(180).save(file, exif=exif)
    wanted = quarters(400, 300).convert("F").crop((50, 0, 350, 300))
    assert ssim(reference(file, (300, 300)), wanted) == pytest.approx(1, abs=1e-6)


def test_a_ratio_compares_round_by_round() -> None:
    """The second round was slow for both: that says nothing of either."""
    found = ratio([1.0, 4.0, 1.2], [1.0, 4.0, 1.0])
    assert found == (1.0, 1.0, 1.2)
    assert str(found) == "1.00 (1.00-1.20)"


@pytest.mark.parametrize(
    ("value", "at_least", "met"),
    [(1.0, False, True), (1.1, False, False), (1.1, True, True), (None, False, None)],
)
def test_a_goal_is_met_missed_or_not_measured(
    value: float | None, at_least: bool, met: bool | None
) -> None:
    assert Goal("any", 1.0, value, at_least=at_least).met is met


def test_a_goal_takes_the_median_of_its_cases() -> None:
    raced = [(CASE, laps(ours=seconds, sharp=1.0)) for seconds in (0.8, 0.9, 1.7)]
    goal = goals.of_speed(raced)[0]
    assert goal.met
    assert goal.range == (0.9, 0.8, 1.7)


def test_a_contender_that_is_not_there_leaves_its_goal_unmeasured() -> None:
    found = {goal.name: goal.met for goal in goals.of_speed([(CASE, laps(ours=1.0, sharp=2.0))])}
    assert found["ImageMagick: its CPU by ours"] is None
    assert found["landscape: CPU by sharp's"] is True


def test_one_variant_that_looks_worse_is_enough_to_miss() -> None:
    mine, theirs = lap(1.0), lap(1.0)
    mine.ssim[1] -= 0.01
    found = goals.of_speed([(CASE, {"ours": mine, "sharp": theirs})])
    missed = [goal.name for goal in found if goal.met is False]
    assert missed == ["JPEG: SSIM below sharp's, worst variant"]


def a_run() -> Run:
    raced = [(CASE, laps(ours=1.0, sharp=2.0, limit=0.8))]
    measured = [*goals.of_speed(raced), *goals.of_memory([("100 MP PNG", 700, 1.0, "too_many")])]
    return Run({"Rounds": "3"}, {"ours": "1", "sharp": "2"}, raced, measured)


def test_the_results_name_every_contender_with_its_rounds(tmp_path: Path) -> None:
    report.write_json(tmp_path / "results.json", a_run())
    told = json.loads((tmp_path / "results.json").read_text())
    assert told.keys() == {"about", "contenders", "cases", "goals"}
    ours = told["cases"][0]["contenders"]["ours"]
    assert ours["by_sharp"] == {"median": 0.5, "low": 0.5, "high": 0.5}
    assert len(ours["cpu"]) == len(ours["ssim"]) == len(ours["bytes"]) == 3
    assert {goal["met"] for goal in told["goals"]} == {True, None}


def test_figures_take_the_place_of_those_in_the_docs(tmp_path: Path) -> None:
    pages = tmp_path / "performance.md", tmp_path / "contenders.md"
    marks = "<!-- figures: written by `make bench` -->", "<!-- end of figures -->"
    for page in pages:
        page.write_text(f"before\n{marks[0]}\nold\n{marks[1]}\nafter\n")
    report.write_docs(*pages, a_run())
    report.write_docs(*pages, a_run())
    for page, row in zip(
        pages, ("| landscape: CPU by sharp's |", "| JPEG 1 MP | sharp |"), strict=True
    ):
        text = page.read_text()
        assert text.startswith("before\n")
        assert text.endswith("\nafter\n")
        assert "old" not in text
        assert text.count(row) == 1


@pytest.mark.parametrize("page", ["docs/performance.md", "bench/contenders.md"])
def test_the_docs_have_a_place_for_the_figures(page: str) -> None:
    text = (Path(__file__).parents[2] / page).read_text()
    assert text.count("<!-- figures: written by `make bench` -->") == 1
    assert text.count("<!-- end of figures -->") == 1


def test_crops_begin_at_whole_pixels_so_that_rounding_costs_nobody_quality() -> None:
    for case in CASES:
        upright = (case.width, case.height)
        if case.orientation >= 5:  # EXIF
            upright = upright[::-1]
        for box in BOXES:
            scale = max(box[0] / upright[0], box[1] / upright[1])
            over = [edge * scale - wanted for edge, wanted in zip(upright, box, strict=True)]
            assert all(abs(extra / 2 - round(extra / 2)) < 1e-6 for extra in over), case.name

"""The benchmark's own arithmetic: what it says of a run must be true of that run."""

import cProfile
import io
import json
import pstats
import tarfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from PIL import Image, ImageCms

from bench import (
    __main__,
    baseline,
    goals,
    inputs,
    likeness,
    profiling,
    race,
    render_times,
    report,
    sources,
)
from bench.cases import CASES, Case
from bench.figures import Goal
from bench.inputs import Traits
from bench.likeness import Likeness
from bench.peers.limit import scale
from bench.peers.peer import Wanted
from bench.race import Lap, Race
from bench.report import Run
from bench.sources import Package
from lib.errors import ConfigError
from lib.images.geometry import fit
from lib.sizes import Size
from tests.pictures import quarters

CASE = Case("paris")
WANTED = [
    Wanted("800x600", 800, 600, "cover", "jpeg"),
    Wanted("1200x", 1200, None, "cover", "jpeg"),
    Wanted("thumbnail", 200, 150, "inside", "webp"),
]
LANDSCAPE = Traits(4000, 3000, "landscape", "4:2:0", "baseline", "none", turned=False)


def lap(seconds: float, ssim: float = 0.99, size: int = 1000) -> Lap:
    names = [each.name for each in WANTED]
    return Lap(
        dict.fromkeys(names, seconds),
        dict.fromkeys(names, size),
        {name: Likeness(ssim, None) for name in names},
    )


def a_race(case: Case = CASE, traits: Traits = LANDSCAPE, **laps: Lap) -> Race:
    return Race(case, traits, WANTED, laps)


def jpeg(picture: Image.Image, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, "jpeg", **options)
    return out.getvalue()


# The inputs


def test_no_two_inputs_are_the_same() -> None:
    names = [(case.name, case.format) for case in CASES]
    assert len(set(names)) == len(names)


def test_the_inputs_have_every_format_and_variety() -> None:
    found = {(case.format, case.variety) for case in CASES}
    assert found == {
        ("jpeg", ""),
        *(("png", each) for each in ("", "screenshot", "alpha", "palette")),
        *(("webp", each) for each in ("", "lossless", "alpha", "animated")),
        *(("tiff", each) for each in ("raw", "lzw", "deflate", "jpeg")),
        ("avif", ""),
        ("heic", ""),
    }


@pytest.mark.parametrize(
    ("case", "derived"),
    [
        (Case("paris"), "untouched"),
        (Case("paris", quick=True), "untouched"),
        (Case("paris", (800, 600)), "lossless"),
        (Case("paris", progressive=False), "lossless"),
        (Case("paris", (800, 600), subsampling="4:2:0"), "re-encoded"),
        (Case("paris", tiles=(2, 2), subsampling="4:2:0"), "re-encoded"),
    ],
)
def test_an_input_says_how_it_was_derived(case: Case, derived: str) -> None:
    assert case.derived == derived


def test_every_photograph_of_a_case_has_a_source() -> None:
    drawn = {"page", "phone"}
    for case in CASES:
        assert case.photo in drawn or sources.photograph(case.photo).suffix == ".jpg"


def test_cuts_begin_on_the_blocks_of_any_sub_sampling() -> None:
    assert inputs._region((6000, 4000), (4000, 3000)) == (992, 496, 4000, 3000)
    assert inputs._region((6000, 4000), None) is None


def test_a_marked_jpeg_has_its_orientation_and_profile_and_the_same_pixels() -> None:
    exif, profile = Image.Exif(), ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    exif[0x010F] = "Sony"
    plain = jpeg(quarters(64, 48))
    marked = inputs._mark(plain, inputs._tags(exif, 6), profile.tobytes())
    with Image.open(io.BytesIO(plain)) as before, Image.open(io.BytesIO(marked)) as after:
        assert dict(after.getexif()) == {0x010F: "Sony", 0x0112: 6}
        assert after.info["icc_profile"] == profile.tobytes()
        assert after.tobytes() == before.tobytes()


def test_traits_are_read_from_the_file(tmp_path: Path) -> None:
    file = tmp_path / "turned.jpg"
    plain = jpeg(quarters(64, 48), subsampling="4:2:2", progressive=True)
    file.write_bytes(inputs._mark(plain, inputs._tags(Image.Exif(), 6), None))
    found = inputs.traits(file)
    assert found == Traits(48, 64, "portrait", "4:2:2", "progressive", "none", turned=True)


@pytest.mark.parametrize(
    ("size", "shape"),
    [
        ((400, 300), "landscape"),
        ((300, 400), "portrait"),
        ((400, 400), "square"),
        ((600, 300), "panorama"),
        ((300, 600), "panorama"),
    ],
)
def test_shapes(size: tuple[int, int], shape: str) -> None:
    assert inputs._shape(*size) == shape


# What is fetched


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An `npm pack` that gives one tarball with a file `package/a.jpg`."""
    tarball = tmp_path / "given.tgz"
    with tarfile.open(tarball, "w:gz") as archive:
        member = tarfile.TarInfo("package/a.jpg")
        member.size = 3
        archive.addfile(member, io.BytesIO(b"abc"))
    program = tmp_path / "bin" / "npm"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\ncp "{tarball}" "$4"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    monkeypatch.setattr(sources, "CACHE", tmp_path / "cache")
    return tarball


def test_a_package_gives_its_files(npm: Path) -> None:
    package = Package("any@1", sources.digest(npm), {"one.jpg": "package/a.jpg"})
    sources._unpack(package)
    assert [file.read_bytes() for file in sources.folder_of(package).iterdir()] == [b"abc"]


def test_another_tarball_than_the_pinned_one_is_refused_and_leaves_nothing(npm: Path) -> None:
    package = Package("any@1", "0" * 64, {"one.jpg": "package/a.jpg"})
    with pytest.raises(ConfigError, match="any@1 has the SHA-256"):
        sources._unpack(package)
    assert not sources.folder_of(package).exists()


def test_a_registry_that_does_not_answer_is_named(npm: Path) -> None:
    npm.unlink()
    with pytest.raises(ConfigError, match="any@1 could not be fetched"):
        sources._unpack(Package("any@1", "0" * 64, {}))


# Likeness


def test_the_reference_is_upright_and_cropped_around_the_centre(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    file = tmp_path / "turned.png"
    quarters(400, 300).rotate(180).save(file, exif=exif)
    (found,) = likeness.best_of(file, Wanted("", 300, 300, "cover", "png"))
    assert found.tobytes() == quarters(400, 300).convert("RGB").crop((50, 0, 350, 300)).tobytes()


def test_where_a_crop_begins_between_pixels_both_ways_to_crop_count() -> None:
    square = Wanted("", 300, 300, "cover", "jpeg")
    _, whole = likeness._geometry((800, 600), square)
    assert whole == [(100, 0, 700, 600)]
    # Resized to 402 x 300, it may begin at 51 of these pixels, or at 50.75 of them.
    _, between = likeness._geometry((803, 600), square)
    assert between[0] == (101.5, 0, 701.5, 600)
    assert between[1] == pytest.approx((51 * 803 / 402, 0, 351 * 803 / 402, 600))


@pytest.mark.parametrize("wanted", WANTED)
@pytest.mark.parametrize("photo", [(4000, 3000), (3000, 4000), (3888, 2592), (5376, 2688)])
def test_references_are_as_large_as_the_renderers_variants(
    wanted: Wanted, photo: tuple[int, int]
) -> None:
    size = Size.model_validate(wanted._asdict())
    assert likeness._geometry(photo, wanted)[0] == fit(size, *photo).canvas


def test_a_picture_is_wholly_like_itself_and_less_like_its_jpeg(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("skimage", reason="make bench installs it")
    pytest.importorskip("ssimulacra2", reason="make bench installs it")
    picture = Image.effect_noise((800, 600), 60).convert("RGB")
    for name in ("best.png", "same.png"):
        picture.save(tmp_path / name)
    picture.save(tmp_path / "worse.jpg", quality=30)
    monkeypatch.setattr(likeness, "references", lambda *_: [tmp_path / "best.png"])
    picture.crop((0, 0, 799, 600)).save(tmp_path / "rounded.png")
    same, worse, rounded = (
        likeness.compare(CASE, WANTED[0], tmp_path / name, thorough=True)
        for name in ("same.png", "worse.jpg", "rounded.png")
    )
    assert rounded is None
    assert same == pytest.approx(Likeness(1.0, 100.0))
    assert worse is not None
    assert worse.ssim < 0.99
    assert worse.ssimulacra2 is not None
    assert worse.ssimulacra2 < 90


# The race


@dataclass(eq=False)
class Runner:
    """A contender that takes the given seconds, round by round, the warm-up first."""

    name: str
    seconds: list[float]
    absent: str | None = None
    loaded: list[Wanted] = field(default_factory=list)

    def load(self, source: Path, wanted: list[Wanted]) -> None:
        self.loaded = wanted

    def run(self, wanted: list[Wanted]) -> dict[str, float]:
        return dict.fromkeys((each.name for each in wanted), self.seconds.pop(0))

    def save(self, folder: Path) -> list[Path]:
        folder.mkdir(parents=True)
        files = [folder / each.name for each in self.loaded]
        for file in files:
            file.write_bytes(b"12345")
        return files


@pytest.fixture
def photo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "photo.jpg"
    file.write_bytes(jpeg(quarters(400, 300)))
    monkeypatch.setattr(inputs, "make", lambda _: file)
    monkeypatch.setattr(race, "CACHE", tmp_path)


@pytest.mark.usefixtures("photo")
def test_the_least_time_of_the_rounds_counts_without_the_warm_up() -> None:
    runners = [Runner("ours", [0.1, 3.0, 1.0, 2.0]), Runner("sharp", [9.0, 4.0, 5.0, 6.0])]
    found = race.race(runners, CASE, 3, lambda _: None)  # type: ignore[arg-type]
    names = [each.name for each in found.wanted]
    assert found.laps["ours"].cpu == dict.fromkeys(names, 1.0)
    assert found.laps["sharp"].cpu == dict.fromkeys(names, 4.0)
    assert found.laps["ours"].bytes == dict.fromkeys(names, 5)


@pytest.mark.usefixtures("photo")
def test_the_sizes_are_those_of_sizes_yml() -> None:
    assert [each.name for each in race.sizes_for(CASE)] == [
        "800x600",
        "400x300",
        "1200x",
        "thumbnail",
    ]
    assert {each.format for each in race.sizes_for(Case("dog", format="tiff"))} == {"jpeg", "webp"}


@pytest.mark.parametrize(
    ("name", "case", "sizes"),
    [
        ("ours", CASE, 3),
        ("sharp", CASE, 3),
        ("limit", CASE, 2),  # it has no WebP
        ("limit", Case("paris", format="png"), 0),
        ("vips", CASE, 0),
        ("vips", Case("paris", everybody=True), 3),
        ("ours", Case("paris", format="heic"), 3),
        ("sharp", Case("paris", format="heic"), 0),
    ],
)
def test_who_makes_what(name: str, case: Case, sizes: int) -> None:
    assert len(race._share(Runner(name, []), case, WANTED)) == sizes  # type: ignore[arg-type]


def test_who_is_not_installed_makes_nothing() -> None:
    assert race._share(Runner("ours", [], absent="why"), CASE, WANTED) == []  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("size", "box", "divisor"),
    [
        ((4000, 3000), (800, 600), 4),
        ((3200, 2400), (800, 600), 2),  # exactly 4: half of it
        ((3240, 2430), (800, 600), 2),  # 4.05 is 4 as well
        ((4032, 3024), (200, 150), 8),
        ((1000, 750), (800, 600), 1),
    ],
)
def test_the_limit_decodes_by_sharps_rule(
    size: tuple[int, int], box: tuple[int, int], divisor: int
) -> None:
    assert scale(size, box) == divisor


# The goals


@pytest.mark.parametrize(
    ("value", "at_least", "met"),
    [(1.0, False, True), (1.1, False, False), (1.1, True, True), (None, False, None)],
)
def test_a_goal_is_met_missed_or_not_measured(
    value: float | None, at_least: bool, met: bool | None
) -> None:
    assert Goal("any", 1.0, value, at_least=at_least).met is met


def test_a_goal_takes_the_median_of_its_files() -> None:
    races = [a_race(ours=lap(seconds), sharp=lap(1.0)) for seconds in (0.8, 0.9, 1.7)]
    goal = goals.of_speed(races)[0]
    assert goal.met
    assert goal.range == pytest.approx((0.9, 0.8, 1.7))
    assert goal.note == "3 files, 1 above 1"


def test_ratios_are_of_the_sizes_that_both_made() -> None:
    limit = Lap(cpu={"800x600": 1.0, "1200x": 3.0})
    ours = Lap(cpu={"800x600": 2.0, "1200x": 2.0, "thumbnail": 99.0})
    found = a_race(ours=ours, limit=limit)
    assert goals.ratio(found, "ours", "limit") == 1.0
    assert goals.ratio(found, "ours", "limit", ["800x600"]) == 2.0
    assert goals.ratio(found, "ours", "limit", ["thumbnail"]) is None
    assert goals.ratio(found, "ours", "sharp") is None


@pytest.mark.parametrize(
    ("changes", "label"),
    [
        ({}, "landscape"),
        ({"shape": "square"}, "square"),
        ({"shape": "panorama"}, "panorama"),
        ({"shape": "portrait"}, "portrait or turned"),
        ({"shape": "square", "turned": True}, "portrait or turned"),
        ({"shape": "portrait", "coding": "progressive"}, "progressive"),
    ],
)
def test_each_jpeg_has_one_class(changes: dict[str, object], label: str) -> None:
    found = goals.class_of(a_race(traits=LANDSCAPE._replace(**changes)))  # type: ignore[arg-type]
    assert found == label
    assert found in goals.CLASSES


def test_every_kind_of_file_that_sharp_reads_has_a_goal_of_speed() -> None:
    races = [a_race(case, ours=lap(2.0), sharp=lap(1.0)) for case in CASES]
    counted = [case for goal in goals.of_speed(races) for case in goal.cases]
    assert set(counted) == {case for case in CASES if case.format != "heic"}


def test_a_contender_that_is_not_there_leaves_its_goal_unmeasured() -> None:
    found = {goal.name: goal.met for goal in goals.of_speed([a_race(ours=lap(1), sharp=lap(2))])}
    assert found["ImageMagick: CPU by ours"] is None
    assert found["JPEG: CPU by libjpeg-turbo's alone"] is None
    assert found["JPEG, landscape: CPU by sharp's"] is True


def missed(*races: Race, difference: baseline.Difference | None = None) -> list[str]:
    return [goal.name for goal in goals.of_quality(races, difference) if goal.met is False]


def test_one_variant_that_looks_worse_is_enough_to_miss() -> None:
    mine = lap(1.0)
    mine.likeness["1200x"] = Likeness(0.98, None)
    assert missed(a_race(ours=mine, sharp=lap(1.0))) == ["JPEG: SSIM below sharp's, worst variant"]


def test_pngs_larger_than_sharps_miss() -> None:
    case = Case("dog", format="png")
    found = missed(a_race(case, ours=lap(1.0, size=1020), sharp=lap(1.0)))
    assert found == ["PNG: bytes by sharp's"]


@pytest.fixture
def recorded(photo: None, tmp_path: Path) -> Path:
    file = tmp_path / "baseline.json"
    baseline.write([a_race(ours=lap(1.0, ssim=0.99, size=1000))], file)
    return file


def test_a_run_is_compared_with_the_baseline(recorded: Path) -> None:
    same = baseline.compare([a_race(ours=lap(9.0))], recorded)
    assert same == baseline.Difference(0.0, 0.0, inputs=1)
    assert missed(difference=same) == []
    worse = baseline.compare([a_race(ours=lap(1.0, ssim=0.987, size=1011))], recorded)
    assert worse is not None
    assert worse[:2] == pytest.approx((0.003, 0.011))
    assert len(missed(difference=worse)) == 2


def test_an_input_of_other_bytes_is_not_compared(recorded: Path, tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"another")
    assert baseline.compare([a_race(ours=lap(1.0))], recorded) is None


def test_the_baseline_has_every_input() -> None:
    known = json.loads(baseline.FILE.read_text())["variants"]
    assert known.keys() == {baseline.key(a_race(case)) for case in CASES}


# What is written


def a_run(*, quick: bool = False) -> Run:
    races = [
        a_race(Case("paris", everybody=True), ours=lap(1.0), sharp=lap(2.0), limit=lap(0.8)),
        a_race(Case("dog", format="png"), ours=lap(3.0), sharp=lap(2.0)),
    ]
    measured = [
        *goals.of_speed(races),
        *goals.of_quality(races, None),
        *goals.of_memory([("110 MP PNG", 700, 1.0, "too_many")]),
    ]
    profiles = {"PNG: CPU by sharp's": [profiling.Share("decode", 0.8)]}
    return Run(quick, {"Rounds": "3"}, {"ours": "1", "sharp": "2"}, races, measured, profiles)


@pytest.mark.parametrize("quick", [True, False])
def test_the_results_say_whether_they_are_quick(tmp_path: Path, quick: bool) -> None:
    report.write_json(tmp_path / "results.json", a_run(quick=quick))
    written = json.loads((tmp_path / "results.json").read_text())
    assert written["quick"] is quick
    assert written["inputs"][0]["by_sharp"] == 0.5
    assert written["inputs"][0]["contenders"]["ours"]["cpu_seconds"]["1200x"] == 1.0
    assert {goal["met"] for goal in written["goals"]} == {True, False, None}


@pytest.mark.parametrize("flag", ["--write-docs", "--write-baseline"])
def test_quick_figures_are_written_nowhere(
    flag: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["bench", "--quick", flag])
    with pytest.raises(SystemExit):
        __main__.main()
    assert "--quick measures too little" in capsys.readouterr().err


def test_without_its_packages_it_says_how_to_get_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["bench"])
    monkeypatch.setattr(__main__, "find_spec", lambda _: None)
    assert __main__.main() == 1
    assert "make bench" in capsys.readouterr().err


def test_figures_take_the_place_of_those_in_the_docs(tmp_path: Path) -> None:
    pages = tmp_path / "performance.md", tmp_path / "figures.md"
    marks = "<!-- figures: written by `make bench` -->", "<!-- end of figures -->"
    for page in pages:
        page.write_text(f"before\n{marks[0]}\nold\n{marks[1]}\nafter\n")
    report.write_docs(*pages, a_run())
    report.write_docs(*pages, a_run())
    rows = (
        ("| JPEG, landscape: CPU by sharp's |", "| PNG: CPU by sharp's | 80% `decode` |"),
        ("| JPEG | files |", "| kind | files |", "| paris | 12.0 | 4:2:0 |"),
    )
    for page, expected in zip(pages, rows, strict=True):
        text = page.read_text()
        assert text.startswith("before\n")
        assert text.endswith("\nafter\n")
        assert "old" not in text
        assert [text.count(row) for row in expected] == [1] * len(expected)


def test_all_rows_are_as_wide_as_their_heads() -> None:
    run = a_run()
    for head, rows in (
        (report.JPEG_HEAD, report.jpeg_rows(run)),
        (report.SIZE_HEAD, report.size_rows(run)),
        (report.KIND_HEAD, report.kind_rows(run)),
        (report.OTHERS_HEAD, report.contender_rows(run)),
        (report.INPUT_HEAD, report.input_rows(run)),
    ):
        widths = {len(row) for row in rows}
        assert widths == {len(head)}


@pytest.mark.parametrize("page", ["docs/performance.md", "bench/figures.md"])
def test_the_docs_have_a_place_for_the_figures(page: str) -> None:
    text = (sources.PROJECT / page).read_text()
    assert text.count("<!-- figures: written by `make bench` -->") == 1
    assert text.count("<!-- end of figures -->") == 1


def test_a_profile_names_the_functions_with_most_time_of_their_own() -> None:
    profile = cProfile.Profile()
    words = ["any"] * 1000
    profile.runcall(lambda: [" ".join(sorted(words)) for _ in range(1000)])
    first, second, *_ = profiling.shares(pstats.Stats(profile))
    assert first.share >= second.share > 0
    assert {first.function, second.function} <= {
        "builtins.sorted",
        "str.join",
        "test_bench.<lambda>",
        "test_bench.<listcomp>",
    }


# The times of `fanout plan`


def test_the_times_of_the_plan_are_those_that_were_measured() -> None:
    """Races whose CPU time is 5 ms, 2 ms a megapixel read and 30 ms a megapixel written."""
    races = []
    for width, height in ((4000, 3000), (2000, 1500), (6000, 4000)):
        traits = LANDSCAPE._replace(width=width, height=height)
        made = lap(0)
        written = {"800x600": 0.48, "1200x": 1200 * 1200 * height / width / 1e6}
        written["thumbnail"] = (200 * 150 if width * 3 == height * 4 else 200 * 133) / 1e6
        for name, megapixels in written.items():
            made.cpu[name] = (5 + 2 * traits.megapixels + 30 * megapixels) / 1000
        races.append(a_race(traits=traits, ours=made))
    document = render_times.describe(races, {"Machine": "a machine", "Took": "a minute"}, {})
    found = document["milliseconds"]["jpeg"]
    assert found["base"] == pytest.approx(5, abs=0.1)
    assert found["megapixel_read"] == pytest.approx(2, abs=0.02)
    assert found["megapixel_written"] == pytest.approx(30, abs=0.5)
    assert found["error"] < 0.01
    assert document["about"] == {"Machine": "a machine"}
    assert [row[:2] for row in render_times.rows(document, races)] == [("jpeg", "9")]


def test_a_time_of_the_plan_is_never_negative() -> None:
    races = []
    for width, height in ((4000, 3000), (2000, 1500), (6000, 4000)):
        traits = LANDSCAPE._replace(width=width, height=height)
        made = lap(0)
        # Twice the pixels take four times as long: a line through that begins below 0.
        made.cpu = dict.fromkeys(made.cpu, traits.megapixels**2 / 1000)
        races.append(a_race(traits=traits, ours=made))
    found = render_times.describe(races, {}, {})["milliseconds"]["jpeg"]
    assert found["base"] == 0
    assert found["megapixel_read"] > 0
    assert found["megapixel_written"] >= 0


def test_the_bytes_of_the_plan_are_relative_to_the_default_quality(tmp_path: Path) -> None:
    file = tmp_path / "photo.jpg"
    file.write_bytes(jpeg(Image.effect_noise((240, 180), 40).convert("RGB"), quality=95))
    found = render_times.measure_qualities([file])
    assert found.keys() == {"jpeg", "webp", "avif"}
    assert found["jpeg"][80] == found["webp"][80] == found["avif"][60] == 1
    for each in found.values():
        assert list(each) == list(render_times.QUALITIES)
        assert list(each.values()) == sorted(each.values())

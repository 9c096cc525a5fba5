"""The options of a size that decide its pixels: what is taken, and what is refused with words."""

import re
from pathlib import Path
from typing import Any, get_args

import pytest
import typer
import yaml
from pydantic import ValidationError

from cli.__main__ import app
from lib.errors import ConfigError
from lib.on_demand.options import _OF_SIZE
from lib.sizes import Size, parse_sizes, recipe_id
from lib.sizes.size import NOT_IN_RECIPE, Fit, Format, options

ON_DEMAND = Path(__file__).parents[3] / "docs" / "on-demand.md"
# A value of each option that decides a variant's bytes, other than that of `a_size`.
IN_RECIPE = {
    "width": 401,
    "height": 301,
    "fit": "contain",
    "format": "png",
    "quality": {"jpeg": 79},
    "lossless": True,
    "position": "top",
    "animated": True,
    "background": "#000000",
    "enlarge": True,
    "placeholder": True,
    "watermark": {"file": "logo.png"},
    "fallback": "attention",
}
# What else a size needs to have one of them.
BESIDE: dict[str, dict[str, Any]] = {"fallback": {"position": "focus"}}
# Options that signed URLs do not take.
NOT_SIGNED = NOT_IN_RECIPE | {
    "lossless",
    "position",
    "animated",
    "background",
    "enlarge",
    "placeholder",
    "watermark",
    "fallback",
}


def a_size(**options: Any) -> Size:
    return Size.model_validate({"width": 400, "height": 300, **options})


def refused(**options: Any) -> str:
    entry = {"name": "photo", "width": 400, "height": 300, **options}
    with pytest.raises(ConfigError) as caught:
        parse_sizes(yaml.safe_dump({"sizes": [entry]}).encode(), file="sizes.yml")
    assert re.match(r"sizes\.yml:\d+: photo: ", str(caught.value))
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    "options",
    [
        {"position": "top-right"},
        {"position": "bottom", "fit": "contain"},
        {"position": "attention"},
        {"position": "faces"},
        {"formats": ["webp", "avif"]},
        {"quality": {"avif": 50, "jpeg": 75}},
        {"quality": 1},
        {"lossless": True, "format": "webp"},
        {"lossless": True, "formats": ["webp"]},
        {"animated": True},
        {"animated": True, "format": "avif"},
        {"animated": True, "formats": ["jpeg"]},
        {"format": "avif"},
        {"paths": ["avatars/"]},
        {"paths": ["avatars/", "**/a.jpg", "*/b/*.png", "c/**", "d/**/e*f/"], "except": ["x/"]},
        {"paths": ["**"], "except": []},
        {"paths": ["*"], "except": ["*.png"]},
        {"paths": ["Ünï [1]/{a}?/~\u200f/"]},
        {"paths": None, "except": ["**/drafts/"]},
        {"position": "focus"},
        {"position": "focus", "fallback": "attention"},
        {"position": "focus", "fallback": "faces"},
        {"placeholder": True},
        {"watermark": {"file": "logo.png"}},
        {
            "watermark": {
                "file": "marks/2026 new/Logo@2x.WEBP",
                "position": "top",
                "width": "12.5%",
                "opacity": 1,
                "margin": "0%",
            }
        },
    ],
)
def test_taken(options: dict[str, Any]) -> None:
    size = a_size(**options)
    assert options.keys() <= size.model_dump(exclude_unset=True).keys()
    assert hash(size) == hash(size.model_copy())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"quality": 101}, "quality: 101: must be at most 100"),
        ({"quality": {"png": 80}}, "quality.png: no such key; there are jpeg, webp, avif"),
        ({"quality": {"webpp": 80}}, "quality.webpp: no such key; did you mean webp?"),
        ({"quality": {"avif": 0}}, "quality.avif: 0: must be at least 1"),
        ({"quality": "high"}, "quality: high: must be a whole number"),
        ({"formats": ["gif"]}, "formats: gif: must be jpeg, png, webp or avif"),
        ({"formats": "webp"}, "formats: webp: must be a list, such as [webp]"),
        ({"formats": ["webp", "webp"]}, "formats: webp is stored already"),
        ({"format": "avif", "formats": ["avif"]}, "formats: avif is stored already"),
        ({"format": "jpg"}, "format: jpg: say jpeg"),
        ({"format": "WebP"}, "format: WebP: say webp"),
        ({"format": "gif"}, "format: gif: must be keep, jpeg, png, webp or avif"),
        ({"fit": "crop"}, "fit: crop: say cover"),
        ({"fitt": "cover"}, "fitt: no such key; did you mean fit?"),
        ({"position": "middle"}, "position: middle: say center"),
        ({"position": "top_right"}, "position: top_right: say top-right"),
        ({"position": "top", "fit": "inside"}, "position: top needs fit: cover or contain"),
        ({"position": "attention", "fit": "contain"}, "position: attention needs fit: cover"),
        ({"position": "faces", "fit": "inside"}, "position: faces needs fit: cover"),
        ({"position": "faces", "width": None}, "position: faces needs fit: cover"),
        ({"position": "focus", "fit": "contain"}, "position: focus needs fit: cover, with a width"),
        ({"position": "focus", "width": None}, "position: focus needs fit: cover, with a width"),
        (
            {"position": "focus", "fallback": "top"},
            "fallback: top: must be center, attention or faces",
        ),
        ({"fallback": "attention"}, "for photos without a focal point: say position: focus"),
        (
            {"position": "faces", "fallback": "faces"},
            "fallback: faces is for photos without a focal point",
        ),
        ({"position": "left", "height": None}, "with a width and a height"),
        ({"lossless": True, "format": "jpeg"}, "use format webp or png"),
        ({"lossless": True, "format": "avif"}, "use format webp or png"),
        ({"animated": True, "format": "jpeg"}, "animated: a JPEG cannot be"),
        ({"placeholder": "thumbhash"}, "placeholder: thumbhash: must be true or false"),
        ({"animated": "yes"}, "animated: yes: must be true or false"),
        ({"background": "#fa0"}, 'background: #fa0: write "#ffaa00"'),
        ({"background": "ffaa00"}, 'background: ffaa00: write "#ffaa00", in quotes'),
        ({"background": None}, "background: null: must be a colour in quotes"),
        ({"width": "800px"}, "width: 800px: must be a number: write 800"),
        ({"width": 800.0}, "width: 800.0: must be a number: write 800"),
        ({"width": True}, "width: true: must be a whole number"),
        ({"paths": []}, 'paths: is an empty list: write ["**"] for every photo'),
        ({"paths": "avatars/"}, "paths: avatars/: must be a list, such as [avatars/]"),
        ({"paths": [7]}, 'paths: 7: must be text: write it in quotes: "7"'),
        ({"paths": [""]}, 'is empty: write "**"'),
        ({"paths": ["avatars"]}, "paths: avatars: names a photo, not a folder: write avatars/"),
        ({"except": ["a/b"]}, "except: a/b: names a photo, not a folder: write a/b/"),
        ({"paths": ["/avatars/"]}, "begins with '/', and no photo's path does: write avatars/"),
        ({"paths": ["a//b/"]}, "paths: a//b/: has an empty folder, '.' or '..' in it"),
        ({"paths": ["../avatars/"]}, "has an empty folder, '.' or '..' in it"),
        ({"except": ["./"]}, "has an empty folder, '.' or '..' in it"),
        ({"paths": ["a**/"]}, "has '**' beside other text"),
        ({"paths": ["x" * 1025 + "/"]}, "is longer than a path can be, 1,024 bytes"),
        ({"paths": [f"{n}/" for n in range(31)]}, "paths: a list: must have at most 30 items"),
        ({"paths": ["a/", "b/", "a/"]}, "paths: a/ is in the list twice: remove one"),
        ({"except": ["*", "*"]}, "except: * is in the list twice"),
        ({"paths": ["a/"], "except": ["a/"]}, "except: leaves out every photo of paths (a/)"),
        ({"paths": ["a/b*/"], "except": ["x/", "*/"]}, "leaves out every photo of paths (a/b*/)"),
        ({"except": ["**"]}, "except: leaves out every photo of paths (**)"),
        ({"exclude": ["a/"]}, "exclude: no such key; did you mean except?"),
        ({"path": ["a/"]}, "path: no such key; did you mean paths?"),
        ({"watermark": "logo.png"}, "watermark: logo.png: must be a mapping, such as {file: "),
        ({"watermark": {}}, "watermark.file: is missing"),
        ({"watermark": {"file": "/etc/logo.png"}}, "watermark.file: /etc/logo.png: must be a PNG"),
        ({"watermark": {"file": "../logo.png"}}, "watermark.file: ../logo.png: must be a PNG"),
        ({"watermark": {"file": "a/../../b.png"}}, "without '..'"),
        ({"watermark": {"file": "marks\\logo.png"}}, "must be a PNG or WebP file below the folder"),
        ({"watermark": {"file": "logo.svg"}}, "watermark.file: logo.svg: must be a PNG or WebP"),
        ({"watermark": {"file": 7}}, "watermark.file: 7: must be a PNG or WebP file"),
        (
            {"watermark": {"file": "a.png", "width": 20}},
            "watermark.width: 20: must be a percentage: write 20%",
        ),
        (
            {"watermark": {"file": "a.png", "width": "20px"}},
            "20px: must be a percentage, such as 20%",
        ),
        (
            {"watermark": {"file": "a.png", "width": "0%"}},
            "watermark.width: 0%: must be 1% to 100%",
        ),
        ({"watermark": {"file": "a.png", "width": "101%"}}, "must be 1% to 100%"),
        (
            {"watermark": {"file": "a.png", "margin": "46%"}},
            "watermark.margin: 46%: must be 0% to 45%",
        ),
        (
            {"watermark": {"file": "a.png", "width": "97%"}},
            "width 97% and margin 2% on both sides are more",
        ),
        (
            {"watermark": {"file": "a.png", "opacity": 0}},
            "watermark.opacity: 0: must be at least 0.01",
        ),
        (
            {"watermark": {"file": "a.png", "opacity": 60}},
            "watermark.opacity: 60: must be at most 1",
        ),
        (
            {"watermark": {"file": "a.png", "opacity": float("nan")}},
            "watermark.opacity: .nan: must be",
        ),
        ({"watermark": {"file": "a.png", "opacity": "60%"}}, "60%: must be a number, such as 0.6"),
        ({"watermark": {"file": "a.png", "opacity": True}}, "must be a number, such as 0.6"),
        (
            {"watermark": {"file": "a.png", "position": "attention"}},
            "watermark.position: attention: must be center",
        ),
        (
            {"watermark": {"file": "a.png", "position": "middle"}},
            "watermark.position: middle: say center",
        ),
        (
            {"watermark": {"file": "a.png", "opactiy": 1}},
            "watermark.opactiy: no such key; did you mean opacity?",
        ),
        (
            {"watermark": {"file": "a.png", "sha256": "0" * 64}},
            "watermark.sha256: no such key; there are file, ",
        ),
        (
            {"width": 7500, "height": 7500, "watermark": {"file": "a.png"}},
            "pixels take 1502 MB to make",
        ),
        ({"width": 8000, "height": 8000, "memory": 512}, "take 732 MB to make, and of 512 MB"),
    ],
)
def test_refused(options: dict[str, Any], words: str) -> None:
    assert words in refused(**options)


@pytest.mark.parametrize("option", options())
def test_an_option_is_part_of_the_recipe_exactly_if_it_decides_bytes(option: str) -> None:
    assert (option in IN_RECIPE) != (option in NOT_IN_RECIPE), (
        f"{option}: if it decides a variant's bytes or metadata, add a value to IN_RECIPE in "
        f"{__file__}, and name it in ADDED_LATER in lib/sizes/size.py. Otherwise name it in "
        "NOT_IN_RECIPE there. If it adds pixels or frames, also bound them in "
        "Size._find_conflicts and in lib/images/limits.py"
    )
    if option in IN_RECIPE:
        beside = BESIDE.get(option, {})
        with_it = a_size(**{option: IN_RECIPE[option]}, **beside)
        assert recipe_id(with_it, "1") != recipe_id(a_size(**beside), "1")


def test_an_upgrade_leaves_the_variants_of_earlier_versions_current() -> None:
    # As the version computed it that had the first ten options.
    assert recipe_id(a_size(), "4") == "b63660e8f4cb"
    assert recipe_id(a_size(placeholder=False), "4") == "b63660e8f4cb"


@pytest.mark.parametrize("option", options())
def test_an_option_is_taken_by_signed_urls_or_is_not(option: str) -> None:
    assert (option in _OF_SIZE.values()) != (option in NOT_SIGNED), (
        f"{option}: if signed URLs take it, add it to _OF_SIZE in lib/on_demand/options.py. "
        f"Otherwise add it to NOT_SIGNED in {__file__}"
    )


@pytest.mark.parametrize("option", _OF_SIZE)
def test_an_option_of_signed_urls_is_documented_and_one_of_the_command(option: str) -> None:
    rows = [row for row in ON_DEMAND.read_text().splitlines() if row.startswith("| `")]
    assert any(f"`{option}`" in row.split("|")[1] for row in rows), (
        f"{option}: add it to the table of options under 'Signed URLs' in docs/on-demand.md"
    )
    assert option in url_options(), f"{option}: add --{option} to cli/url.py"


@pytest.mark.parametrize(("option", "values"), [("fit", Fit), ("format", Format)])
def test_the_help_of_the_command_names_every_value(option: str, values: Any) -> None:
    missing = [value for value in get_args(values) if value not in url_options()[option]]
    assert missing == [], f"name these in the help of --{option} in cli/url.py: {missing}"


def url_options() -> dict[str, str]:
    """The options of `fanout url`, each with its help."""
    group: Any = typer.main.get_command(app)
    return {
        flag.removeprefix("--"): parameter.help
        for parameter in group.commands["url"].params
        for flag in parameter.opts
    }


def test_a_size_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        a_size().enlarge = True  # type: ignore[misc]

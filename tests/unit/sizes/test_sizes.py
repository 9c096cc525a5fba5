"""sizes.yml: what it takes, and what it says about what it does not take."""

import sys
from pathlib import Path

import pytest

from lib.errors import ConfigError
from lib.sizes import Size, load_sizes, pack_sizes, parse_sizes, recipe_id, unpack_sizes


def read(text: str) -> list[Size]:
    return parse_sizes(text.encode(), file="sizes.yml").sizes


def refused(text: str) -> list[str]:
    """The mistakes without the file's name, which each has."""
    with pytest.raises(ConfigError) as caught:
        read(text)
    lines = str(caught.value).splitlines()
    assert all(line.startswith("sizes.yml:") for line in lines)
    return [line.removeprefix("sizes.yml:") for line in lines]


def test_short_forms_name_the_box_and_leave_the_other_edge_open() -> None:
    both, width, height = read("sizes: [800x600, 1200x, x90]")
    assert (both.name, both.width, both.height) == ("800x600", 800, 600)
    assert (width.name, width.width, width.height) == ("1200x", 1200, None)
    assert (height.name, height.width, height.height) == ("x90", None, 90)


def test_defaults_apply_unless_an_entry_says_otherwise() -> None:
    plain, sharp = read("""
        defaults: {quality: 70, fit: inside}
        sizes: [10x10, {name: sharp, width: 20, quality: 95}]
    """)
    assert (plain.quality, plain.fit) == (70, "inside")
    assert (sharp.quality, sharp.fit) == (95, "inside")


def test_anchors_and_merge_keys_share_settings() -> None:
    one, other = read("sizes: [&one {name: one, width: 9, quality: 7}, {<<: *one, name: other}]")
    assert one.model_copy(update={"name": "other"}) == other


def test_a_file_of_windows_is_read() -> None:
    text = "\ufeffsizes:\r\n  - 800x600\r\n  - {name: é, width: 9}\r\n"
    assert refused(text) == ["3: é: name: é: must be lower-case letters, digits and '-'"]
    assert [size.name for size in read(text.replace("é", "e"))] == ["800x600", "e"]


def test_the_projects_own_sizes_are_read() -> None:
    sizes = load_sizes(Path(__file__).parents[3] / "sizes.yml")
    assert [size.name for size in sizes] == ["800x600", "400x300", "1200x", "thumbnail"]


FORMS = "write 800x600, 1200x, x600 or keys such as {name: hero, width: 1600}"


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("{name: big, width: 9000}", "big: width: 9000: must be at most 8192"),
        ("{name: flat, width: 0}", "flat: width: 0: must be at least 1"),
        (
            "{name: Big_Hero, width: 1}",
            "Big_Hero: name: Big_Hero: must be lower-case letters, digits and '-': say big-hero",
        ),
        ("{name: -a, width: 1}", "-a: name: -a: must begin and end with a letter or a digit"),
        (
            "{name: 800, width: 1}",
            "800: name: 800: must be lower-case letters, digits and '-': "
            'write it in quotes: "800"',
        ),
        ("{name: , width: 1}", "1x: name: no value: must be lower-case letters, digits and '-'"),
        (
            "{name: [a], width: 1}",
            "1x: name: a list: must be lower-case letters, digits and '-'",
        ),
        ("{name: none}", "none: needs a width, a height or both"),
        ("{}", "size 1: needs a width, a height or both"),
        ("{name: a, width: 1, fit: outside}", "a: fit: outside: must be cover, contain"),
        ("{name: a, width: 1, fit: }", "a: fit: no value: must be cover, contain"),
        ("{name: a, widht: 1, height: 1}", "a: widht: no such key; did you mean width?"),
        ("{width: 1, zoom: 2}", "1x: zoom: no such key; there are name, width, height, fit"),
        ("{width: 1, on: 2}", "1x: on: no such key; there are name, width, height, fit"),
        ("{width: 1, 7: 2}", "1x: 7: no such key; there are name, width, height, fit"),
        ("{name: a, width: yes}", "a: width: yes: must be a whole number; YAML reads yes as true"),
        ("{width: '80'}", "80x: width: 80: must be a number: write 80"),
        ("{width: 8.5}", "8.5x: width: 8.5: must be a whole number"),
        ("{width: .inf}", ".infx: width: .inf: must be a whole number"),
        (f"{{width: 1{'0' * 99}}}", f"1{'0' * 59}…x: width: 1{'0' * 59}…: must be at most 8192"),
        (
            "{name: a, width: 1, background: #fff\n}",
            'a: background: no value: must be a colour in quotes, such as "#ffffff": without '
            "quotes, # begins a comment",
        ),
        ("{name: a, width: 1, memory: 64}", "a: memory: 64: must be at least 128"),
        (f"{{name: {'a' * 41}, width: 1}}", f"{'a' * 41}: name: {'a' * 41}: must have at most 40"),
        ("800*600", f"800*600: is no size: {FORMS}"),
        ("9" * 4000 + "x", f"{'9' * 60}…: is no size: {FORMS}"),
        ("٨x٦", f"٨x٦: is no size: {FORMS}"),
        ("800", f"800: is no size: {FORMS}"),
        ("0x600", f"0x600: is no size: {FORMS}"),
        ("", f"size 1: is no size: {FORMS}"),
        ('"a\\nb\\e[1m"', f"a\\nb\\x1b[1m: is no size: {FORMS}"),
        ("[800x600]", f"size 1: is no size: {FORMS}"),
    ],
)
def test_a_wrong_entry_is_refused_with_line_entry_key_value_and_correction(
    entry: str, expected: str
) -> None:
    (line,) = refused(f"sizes:\n  - {entry}\n")
    assert line.startswith(f"2: {expected}")


def test_all_mistakes_are_told_at_once_and_in_their_order() -> None:
    assert refused("""\
sizs: 3
defaults: {qualty: 3}
sizes:
  - {name: a, width: 0}
  - no
  - name: b
    height: 0
    formats: [webp, webp]
    position: top
    lossless: true
    format: jpeg
""") == [
        "1: sizs: no such key; did you mean sizes?",
        "2: defaults: qualty: no such key; did you mean quality?",
        "4: a: width: 0: must be at least 1",
        f"5: no: is no size: {FORMS}",
        "7: b: height: 0: must be at least 1",
        "8: b: formats: webp is stored already: remove it",
    ]


def test_a_conflict_is_told_beside_a_mistake_that_has_no_part_in_it() -> None:
    lines = refused("sizes: [{width: 9, memory: 1, format: jpeg, animated: true, lossless: true}]")
    assert lines == [
        "1: 9x: memory: 1: must be at least 128",
        "1: 9x: animated: a JPEG cannot be: use format keep, webp, avif or png",
        "1: 9x: lossless: JPEG cannot be, nor AVIF exactly: use format webp or png",
    ]
    # It may be the misspelt fit that makes the position right.
    assert refused("sizes: [{width: 9, height: 9, ft: inside, position: bottom, fit: inside}]") == [
        "1: 9x9: ft: no such key; did you mean fit?"
    ]


class TestDefaults:
    def test_a_mistake_in_defaults_is_blamed_on_them_once(self) -> None:
        assert refused("""\
defaults:
  format: jpg
  fitt: cover
  name: all
sizes: [800x600, 400x300, {name: a, width: 3, format: png}]
""") == [
            "2: defaults: format: jpg: say jpeg",
            "3: defaults: fitt: no such key; did you mean fit?",
            "4: defaults: name: each size has its own: remove it here",
        ]

    def test_a_conflict_among_defaults_is_blamed_on_them_once(self) -> None:
        text = "defaults: {fit: inside, position: top}\nsizes:\n"
        assert refused(f"{text}  - 800x600\n  - 400x300\n") == [
            "1: defaults: position: top needs fit: cover or contain, with a width and a height: "
            "nothing is cropped or padded here"
        ]

    def test_a_size_may_settle_a_conflict_among_defaults(self) -> None:
        text = "defaults: {fit: inside, position: top}\nsizes:\n"
        (size,) = read(f"{text}  - {{width: 8, height: 6, fit: cover}}\n")
        assert size.position == "top"

    def test_a_conflict_of_a_size_with_defaults_is_blamed_on_the_size(self) -> None:
        lines = refused("defaults: {position: top}\nsizes:\n  - 800x600\n  - 1200x\n")
        assert [line.partition(" needs")[0] for line in lines] == ["4: 1200x: position: top"]

    @pytest.mark.parametrize(("text", "given"), [("3", "3"), ("[a]", "a list")])
    def test_they_are_keys(self, text: str, given: str) -> None:
        (line,) = refused(f"defaults: {text}\nsizes: [1x1]")
        expected = f"needs keys that sizes share, such as {{quality: 80}}, not {given}"
        assert line == f"1: defaults: {expected}"

    def test_they_may_be_empty(self) -> None:
        assert read("defaults:\nsizes: [1x1]")


class TestAKeyThatIsGivenTwice:
    def test_in_a_size(self) -> None:
        text = "sizes:\n  - name: a\n    width: 9\n    fit: cover\n    width: 9\n"
        assert refused(text) == ["5: a: width: is in line 3 already: remove one"]

    def test_in_the_file(self) -> None:
        text = "sizes: [1x1]\ndefaults: {quality: 3, quality: 4}\nsizes: [2x2]\n"
        assert refused(text) == [
            "2: defaults: quality: is in line 2 already: remove one",
            "3: sizes: is in line 1 already: remove one",
        ]

    def test_in_a_quality_and_in_other_spelling(self) -> None:
        text = "sizes: [{name: a, width: 9, quality: {jpeg: 3, 'jpeg': 4}}]"
        assert refused(text) == ["1: a: jpeg: is in line 1 already: remove one"]

    def test_a_key_that_overrides_a_merged_one_is_none(self) -> None:
        assert read("sizes: [&a {name: a, width: 9}, {<<: *a, name: b, width: 8}]")


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["10x10", "10x10"], "10x10: name: another size is called 10x10 (line 2): rename"),
        (["a-1", "a1"], "a1: name: a-1 has the same letters and digits, which name its resources"),
        (["x", "x-dlq"], "x-dlq: name: x would have a queue x-dlq too (line 2): rename or remove"),
        (["x-dlq", "x"], "x: name: x-dlq would have a queue x-dlq too (line 2): rename or"),
        (["x", "x-subscription"], "x-subscription: name: x would have a queue x-subscription-dlq"),
        (["1x", "purge"], "purge: name: purge is reserved for a queue of no size: rename this"),
        (["1x", "on-demand"], "on-demand: name: on-demand is reserved for a queue of no size"),
    ],
)
def test_names_that_cannot_be_in_one_stack_are_refused(names: list[str], expected: str) -> None:
    entries = "".join(f"  - {{name: {name}, width: 9}}\n" for name in names)
    (line,) = refused(f"sizes:\n{entries}")
    assert line.startswith(f"3: {expected}")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "1: the file is empty: it needs 'sizes:'"),
        ("# nothing\n", "1: the file is empty: it needs 'sizes:'"),
        ("- 800x600", "1: the file has no keys: it needs 'sizes:', and below it a list"),
        ("800x600", "1: the file has no keys: it needs 'sizes:'"),
        ("defaults: {}", "1: sizes: needs a list of sizes, such as '- 800x600'"),
        ("defaults: {}\nsizes: 800x600", "2: sizes: needs a list of sizes, such as '- 800x600', "),
        ("defaults: {}\nsizes: []", "2: sizes: needs a list of sizes, such as '- 800x600'"),
        ("sizes: {a: 1x1}", "1: sizes: needs a list of sizes, such as '- 800x600', not a mapping"),
        ("sizes: [1x1]\nsize: 3", "2: size: no such key; did you mean sizes?"),
        ("sizes: [1x1]\nno: 3", "2: no: no such key; there are defaults, sizes"),
    ],
)
def test_a_wrong_file_is_refused(text: str, expected: str) -> None:
    (line,) = refused(text)
    assert line.startswith(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sizes: [", "1: is not YAML: "),
        (
            "sizes:\n\t- 1x1",
            "2: is not YAML: found character '\\t' that cannot start any token: in",
        ),
        ("sizes:\n  - name: a b: 3", "2: is not YAML: mapping values are not allowed here: check"),
        ("sizes:\n  - *a", "2: is not YAML: found undefined alias 'a': its & has to stand above"),
        (
            "sizes: [1x1]\n---\nsizes: []",
            "2: is not YAML: but found another document: remove the line '---'",
        ),
        (f"sizes:\n  - {'9' * 5000}", "2: is not YAML: this is no valid number"),
        ("sizes:\n  - 2026-99-99", "2: is not YAML: this is no valid date"),
        ('sizes:\n  - "\\ud800"', "2: is not YAML: this is no valid text"),
        ('sizes:\n  - "\\UFFFFFFFF"', "2: is not YAML: this is no valid character"),
        (
            "sizes:\n  - !!python/name:os.system",
            "2: is not YAML: could not determine a constructor",
        ),
        ("sizes:\n  - {? [a] : b}", "2: is not YAML: found unhashable key"),
        ("sizes:\n  - a\0b", "2: is not YAML: the character U+0000 is not allowed"),
        (f"sizes: [{'1x1, ' * 30_000}]", " has more than 100,000 bytes: is it the right file?"),
    ],
)
def test_a_text_that_is_not_yaml_is_refused_with_the_line(text: str, expected: str) -> None:
    (line,) = refused(text)
    assert line.startswith(expected)


def test_a_text_that_is_nested_too_deeply_is_refused() -> None:
    # Hypothesis leaves another limit than Python's own.
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(1_000)
    try:
        assert refused("[" * 1_000) == [" is nested too deeply"]
    finally:
        sys.setrecursionlimit(limit)


def test_a_list_that_contains_itself_is_refused() -> None:
    assert refused("sizes: &all [*all]") == [f"1: size 1: is no size: {FORMS}"]


def test_aliases_of_aliases_take_no_time() -> None:
    lines = "".join(f"  - &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 30))
    assert len(refused(f"sizes:\n  - &a0 [x]\n{lines}")) == 30


def test_merges_of_merges_take_no_time() -> None:
    merged = "".join(
        f"  - &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 10)}], name: n{n}}}\n" for n in range(1, 30)
    )
    sizes = read(f"sizes:\n  - &a0 {{name: n0, width: 9, fit: fill}}\n{merged}")
    assert [(size.name, size.width, size.fit) for size in sizes[::29]] == [
        ("n0", 9, "fill"),
        ("n29", 9, "fill"),
    ]


class TestALargeFile:
    """A comparison of each entry with each other one would take many seconds."""

    def test_of_one_name(self) -> None:
        (line,) = refused(f"sizes: [{', '.join(['1x'] * 5_000)}]")
        assert line == "1: 1x: name: another size is called 1x (line 1): rename or remove one"

    def test_of_many_sizes(self) -> None:
        assert len(read(f"sizes: [{', '.join(f'{n}x{n}' for n in range(1, 3000))}]")) == 2999

    def test_of_many_unknown_keys(self) -> None:
        keys = ", ".join(f"{number}: 1" for number in range(3_000))
        assert len(refused(f"sizes: [{{{keys}, width: 9}}]")) == 3_000


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_a_file_in_another_encoding_is_refused(encoding: str) -> None:
    data = "# Größen\nsizes: [1x1]\n".encode(encoding)
    with pytest.raises(ConfigError, match=r"^sizes\.yml:1: is not text in UTF-8: save it as that$"):
        parse_sizes(data, file="sizes.yml")


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"sizes\.yml: cannot be read: No such file"):
        load_sizes(tmp_path / "sizes.yml")
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load_sizes(tmp_path)


def test_a_file_is_named_as_seen_from_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "config" / "sizes.yml"
    file.parent.mkdir()
    file.write_text("sizes: 3")
    monkeypatch.chdir(tmp_path)
    for path in (file, "config/sizes.yml"):
        with pytest.raises(ConfigError, match=r"^config/sizes\.yml:1: sizes: "):
            load_sizes(path)


def test_a_recipe_changes_with_what_decides_the_bytes_and_with_nothing_else() -> None:
    size = Size(name="a", width=10, height=10)
    elsewhere = {"name": "b", "memory": 512, "formats": ("webp",)}
    cached = {"cdn_seconds": 60, "browser_seconds": 0, "immutable": True}
    same = size.model_copy(update=elsewhere | cached)
    other = size.model_copy(update={"quality": 81})
    assert recipe_id(size, "1") == recipe_id(same, "1")
    assert recipe_id(size, "1") != recipe_id(other, "1")
    assert recipe_id(size, "1") != recipe_id(size, "2")


def test_packed_sizes_are_the_same_sizes_and_the_most_that_fit_a_stack_fit_the_environment() -> (
    None
):
    rich = {
        "formats": ["avif", "webp"],
        "fit": "contain",
        "background": "#f5f5f5",
        "quality": {"jpeg": 82, "webp": 79, "avif": 55},
    }
    sizes = [
        Size(name=f"gallery-{width}", width=width, height=width // 2, **rich)
        for width in range(200, 3100, 100)
    ]
    text = pack_sizes(sizes)
    assert unpack_sizes(text) == sizes
    assert len(text) < 1024


@pytest.mark.parametrize("text", ["", "nonsense", "W10="])
def test_a_text_that_holds_no_packed_sizes_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):
        unpack_sizes(text)

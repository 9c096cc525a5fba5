"""Where an AVIF keeps its AV1 data, and what a decoder makes of that.

Every coded item and track counts, whichever of them is shown: that takes no judgement of which
ones a decoder follows, and thumbnails are small. The sections are those of ISO/IEC 14496-12.
What two readers could take in two ways is refused, or a bomb would hide there.
"""

from collections.abc import Iterator
from itertools import islice, pairwise
from typing import NamedTuple

from lib.errors import PermanentError, Reason
from lib.images.formats.av1 import Budget, Frame, Stream
from lib.images.header import Codec, corrupt, truncated
from lib.images.splice import Spliced

# More than an animation may have; a still needs the first one only.
_MAX_SAMPLES = 1000
# Encoders hide few frames, and show nearly all of those later: so many for each sample, and more.
_FRAMES_PER_SAMPLE, _SPARE_FRAMES = 2, 16
# Frames that a decoder keeps to predict others from, besides the one it makes (7.20: 8 slots).
_KEPT_FRAMES = 7
_Span = tuple[int, int]


class Work(NamedTuple):
    """What a decoder makes.

    `sizes` are those of frames and grids; `pixels` those of all frames behind one picture;
    `kept` are the bytes of the frames that an animation is predicted from.
    """

    sizes: list[_Span]
    pixels: int = 0
    kept: int = 0


class File(NamedTuple):
    """The bytes, and how much of them may still be read."""

    source: bytes
    budget: Budget


class Fields:
    """Whole numbers from one place on, up to the end of their box."""

    def __init__(self, source: bytes, span: _Span) -> None:
        self._source = source
        self.at, self.end = span

    def __call__(self, size: int) -> int:
        """The next number, of so many bytes."""
        start = self.at
        self.at += size
        if self.at > self.end:
            raise corrupt(Codec.AVIF, "a box is shorter than its content")
        return int.from_bytes(self._source[start : self.at], "big")


def work(source: bytes, meta: _Span, movie: _Span | None) -> Work:
    """What decoding takes, from the bodies of the `meta` and `moov` boxes."""
    file = File(source, Budget())
    still = _items(file, (meta[0] + 4, meta[1]))
    if movie is None:
        return still
    moving = _tracks(file, movie)
    # A decoder takes the one or the other.
    pixels = max(still.pixels, moving.pixels)
    return Work([*still.sizes, *moving.sizes], pixels, moving.kept)


def children(file: File, span: _Span) -> Iterator[tuple[bytes, _Span]]:
    """Name and body of each box in another's body."""
    fields = Fields(file.source, span)
    while fields.at < fields.end:
        file.budget.spend()
        start = fields.at
        length, name = fields(4), fields(4).to_bytes(4, "big")
        length = fields(8) if length == 1 else length
        if not fields.at <= start + length <= fields.end:
            raise corrupt(Codec.AVIF, "a box does not fit into its parent")
        yield name, (fields.at, start + length)
        fields.at = start + length


def only(file: File, span: _Span, *names: bytes) -> dict[bytes, _Span]:
    """The boxes of these names: each may stand there once."""
    found: dict[bytes, _Span] = {}
    for name, body in children(file, span):
        if name in names and name in found:
            raise corrupt(Codec.AVIF, f"it has two {name.decode()} boxes in one")
        if name in names:
            found[name] = body
    return found


def _items(file: File, meta: _Span) -> Work:
    """What the items make: frames of AV1, and the canvases of grids."""
    boxes = only(file, meta, b"iinf", b"iloc", b"idat")
    if b"iinf" not in boxes or b"iloc" not in boxes:
        return Work([])
    kinds = set(kinds_of(file, boxes[b"iinf"]))
    # Each layer is given to a decoder by itself, where a unit without a size would end sooner.
    unsized = b"a1lx" not in file.source[meta[0] : meta[1]]
    frames: list[Frame] = []
    grids: list[_Span] = []
    for item, method, spans in _locations(file, boxes[b"iloc"]):
        if not kinds & {(item, b"av01"), (item, b"grid")}:
            continue
        data, length = _joined(file, _placed(spans, method, boxes.get(b"idat")))
        if (item, b"av01") in kinds:
            frames += Stream(file.budget).frames(data, length, unsized=unsized)
        if (item, b"grid") in kinds:
            data.seek(0)
            grids.append(_grid(data.read(12)))
    return Work(
        [*((frame.width, frame.height) for frame in frames), *grids],
        sum(frame.pixels for frame in frames),
    )


def kinds_of(file: File, span: _Span) -> Iterator[tuple[int, bytes]]:
    """Number and type of each item: `infe`, 8.11.6."""
    head = Fields(file.source, span)
    head(4 if head(4) >> 24 else 2)
    for name, body in children(file, (head.at, span[1])):
        if name == b"infe":
            fields = Fields(file.source, body)
            version = fields(4) >> 24
            if version in (2, 3):
                item, _protection = fields(version * 2 - 2), fields(2)
                yield item, fields(4).to_bytes(4, "big")


def _locations(file: File, span: _Span) -> Iterator[tuple[int, int, list[_Span]]]:
    """Number of each item, how its data are found, and where they lie: `iloc`, 8.11.3."""
    fields = Fields(file.source, span)
    version, sizes = fields(4) >> 24, fields(2)
    offset, length, base, index = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
    if version not in (0, 1, 2) or not {offset, length, base} <= {0, 4, 8}:
        raise corrupt(Codec.AVIF, "its iloc box is of no known version")
    index = index if version else 0
    wide = 2 if version < 2 else 4  # noqa: PLR2004
    for _ in range(fields(wide)):
        item, method = fields(wide), fields(2) & 15 if version else 0
        _reference, start, count = fields(2), fields(base), fields(2)
        file.budget.spend(1 + count)
        spans = []
        for _ in range(count):
            _index, begin = fields(index), start + fields(offset)
            spans.append((begin, begin + fields(length)))
        yield item, method, spans


def _placed(spans: list[_Span], method: int, idat: _Span | None) -> list[_Span]:
    """Spans of the file, for those of construction methods 0 (the file) and 1 (`idat`)."""
    if method == 0:
        return spans
    start, end = idat or (0, 0)
    moved = [(start + first, start + last) for first, last in spans]
    if method != 1 or any(last > end for _, last in moved):
        raise corrupt(Codec.AVIF, "an item lies where no decoder finds it")
    return moved


def _joined(file: File, spans: list[_Span]) -> tuple[Spliced, int]:
    """The data of one item or sample, as a file, and their length."""
    if any(stop > len(file.source) for _, stop in spans):
        raise truncated(Codec.AVIF)
    view = memoryview(file.source)
    parts = [view[start:stop] for start, stop in spans]
    return Spliced(*parts), sum(map(len, parts))


def _grid(data: bytes) -> _Span:
    """Width and height of a grid's canvas: ISO/IEC 23008-12, 6.6.2.3."""
    size = 4 if data[1:2] and data[1] & 1 else 2
    fields = Fields(data, (4, len(data)))
    return fields(size), fields(size)


def _tracks(file: File, movie: _Span) -> Work:
    """What the tracks make, all at a time: alpha is one of its own."""
    sizes: set[_Span] = set()
    pixels = kept = 0
    spans = [movie]
    for name in (b"trak", b"mdia", b"minf", b"stbl"):
        spans = [body for span in spans for found, body in children(file, span) if found == name]
    for span in spans:
        samples = _track(file, span)
        frames = [frame for sample in samples for frame in sample]
        _check_hidden(len(frames), len(samples))
        sizes |= {(frame.width, frame.height) for frame in frames}
        pixels += sum(frame.pixels for frame in samples[0]) if samples else 0
        if len(frames) > 1:
            kept += _KEPT_FRAMES * max(frame.pixels * frame.bytes_per_pixel for frame in frames)
    return Work(list(sizes), pixels, kept)


def _track(file: File, span: _Span) -> list[list[Frame]]:
    """The frames of each sample of one track, none if it is not coded in AV1."""
    names = (b"stsd", b"stco", b"co64", b"stsc", b"stsz")
    boxes = only(file, span, *names)
    description = boxes.get(b"stsd", (0, 0))
    kinds = {name for name, _ in children(file, (description[0] + 8, description[1]))}
    if b"av01" not in kinds:
        return []
    if (b"stco" in boxes) == (b"co64" in boxes) or not boxes.keys() >= {b"stsc", b"stsz"}:
        raise corrupt(Codec.AVIF, "a track does not tell where its samples lie")
    stream = Stream(file.budget)
    places = islice(_samples(file, boxes), _MAX_SAMPLES)
    return [stream.frames(*_joined(file, [place])) for place in places]


def _samples(file: File, boxes: dict[bytes, _Span]) -> Iterator[_Span]:
    """Where each sample lies: one behind the other in each chunk."""
    sizes = _sizes(file, boxes[b"stsz"])
    for place, count in _chunks(file, boxes):
        at = place
        for size in islice(sizes, count):
            yield at, at + size
            at += size


def _sizes(file: File, span: _Span) -> Iterator[int]:
    """Bytes of each sample, without end where all have the same: 8.7.3."""
    fields = Fields(file.source, span)
    _version, same, count = fields(4), fields(4), fields(4)
    while same:
        yield same
    for _ in range(count):
        yield fields(4)
    raise corrupt(Codec.AVIF, "a track has more samples than sizes")


def _chunks(file: File, boxes: dict[bytes, _Span]) -> Iterator[tuple[int, int]]:
    """Where each chunk begins, and how many samples are in it: 8.7.4 and 8.7.5."""
    wide = 8 if b"co64" in boxes else 4
    offsets = Fields(file.source, boxes.get(b"co64") or boxes[b"stco"])
    _version, chunks = offsets(4), offsets(4)
    fields = Fields(file.source, boxes[b"stsc"])
    _version, count = fields(4), fields(4)
    runs = [(fields(4), fields(4), fields(4)) for _ in range(min(count, _MAX_SAMPLES))]
    firsts = [first for first, _, _ in runs]
    if firsts[:1] != [1] or any(one >= other for one, other in pairwise(firsts)):
        raise corrupt(Codec.AVIF, "a track's chunks are out of order")
    for (first, samples, _), following in zip(runs, [*firsts[1:], chunks + 1], strict=True):
        if not samples:
            raise corrupt(Codec.AVIF, "a track has a chunk of no samples")
        for _ in range(first, min(following, chunks + 1)):
            yield offsets(wide), samples


def _check_hidden(frames: int, samples: int) -> None:
    most = _FRAMES_PER_SAMPLE * samples + _SPARE_FRAMES
    if frames > most:
        raise PermanentError(
            Reason.TOO_MANY_FRAMES,
            f"{frames:,} AV1 frames behind {samples:,} pictures; the limit is {most:,}: export "
            "the AVIF file anew and upload that",
        )

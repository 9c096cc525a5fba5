"""Finds the AV1 data in an AVIF, and the frames that a decoder makes of them.

All coded items and tracks count, shown or not, because decoders differ in the choice, and
thumbnails are small. Ambiguous files are rejected: a bomb could hide in one. The sections are those
of ISO/IEC 14496-12.
"""

from collections.abc import Iterator
from itertools import islice, pairwise
from typing import NamedTuple

from lib.errors import PermanentError, Reason
from lib.images.formats.av1 import Budget, Frame, Stream
from lib.images.header import Codec, corrupt, truncated
from lib.images.splice import Spliced

# More than an animation may have; a still needs only the first.
_MAX_SAMPLES = 1000
# Allowed frames for each sample, and besides: encoders write few hidden frames.
_FRAMES_PER_SAMPLE, _SPARE_FRAMES = 2, 16
# Reference frames that a decoder holds beside the one it decodes (7.20: 8 slots).
_REFERENCE_FRAMES = 7
_Span = tuple[int, int]


class Work(NamedTuple):
    """The work of a decoder.

    `sizes` are those of frames and grids, `pixels` those of all frames of one image, and
    `reference_bytes` those of an animation's reference frames.
    """

    sizes: list[_Span]
    pixels: int = 0
    reference_bytes: int = 0


class File(NamedTuple):
    """A file's bytes, and the budget of parts to read."""

    source: bytes
    budget: Budget


class Fields:
    """Reads whole numbers from an offset up to the end of their box."""

    def __init__(self, source: bytes, span: _Span) -> None:
        self._source = source
        self.at, self.end = span

    def __call__(self, size: int) -> int:
        """Reads the next number, of `size` bytes."""
        start = self.at
        self.at += size
        if self.at > self.end:
            raise corrupt(Codec.AVIF, "a box is shorter than its content")
        return int.from_bytes(self._source[start : self.at], "big")


def measure_work(source: bytes, meta: _Span, movie: _Span | None) -> Work:
    """Measures the work of decoding, from the bodies of the `meta` and `moov` boxes."""
    file = File(source, Budget())
    still = _measure_items(file, (meta[0] + 4, meta[1]))
    if movie is None:
        return still
    moving = _measure_tracks(file, movie)
    # A decoder decodes either the items or the tracks.
    pixels = max(still.pixels, moving.pixels)
    return Work([*still.sizes, *moving.sizes], pixels, moving.reference_bytes)


def children(file: File, span: _Span) -> Iterator[tuple[bytes, _Span]]:
    """Yields the name and body of each box in another's body."""
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


def find_unique(file: File, span: _Span, *names: bytes) -> dict[bytes, _Span]:
    """Returns the boxes of these names; raises PermanentError if one occurs twice."""
    boxes: dict[bytes, _Span] = {}
    for name, body in children(file, span):
        if name in names and name in boxes:
            raise corrupt(Codec.AVIF, f"it has two {name.decode()} boxes in one")
        if name in names:
            boxes[name] = body
    return boxes


def _measure_items(file: File, meta: _Span) -> Work:
    """Measures the frames of the items, and the canvases of grids."""
    boxes = find_unique(file, meta, b"iinf", b"iloc", b"idat")
    if b"iinf" not in boxes or b"iloc" not in boxes:
        return Work([])
    kinds = set(read_kinds(file, boxes[b"iinf"]))
    # A decoder gets each layer by itself, and a unit without a size would end with the layer.
    unsized = b"a1lx" not in file.source[meta[0] : meta[1]]
    frames: list[Frame] = []
    grids: list[_Span] = []
    for item, method, spans in _locations(file, boxes[b"iloc"]):
        if not kinds & {(item, b"av01"), (item, b"grid")}:
            continue
        data, length = _join(file, _resolve(spans, method, boxes.get(b"idat")))
        if (item, b"av01") in kinds:
            frames += Stream(file.budget).frames(data, length, unsized=unsized)
        if (item, b"grid") in kinds:
            data.seek(0)
            grids.append(_grid(data.read(12)))
    return Work(
        [*((frame.width, frame.height) for frame in frames), *grids],
        sum(frame.pixels for frame in frames),
    )


def read_kinds(file: File, span: _Span) -> Iterator[tuple[int, bytes]]:
    """Yields the number and type of each item: `infe`, 8.11.6."""
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
    """Yields the number, construction method and extents of each item: `iloc`, 8.11.3."""
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


def _resolve(spans: list[_Span], method: int, idat: _Span | None) -> list[_Span]:
    """Converts extents of construction method 0 (the file) or 1 (`idat`) to spans of the file."""
    if method == 0:
        return spans
    start, end = idat or (0, 0)
    moved = [(start + first, start + last) for first, last in spans]
    if method != 1 or any(last > end for _, last in moved):
        raise corrupt(Codec.AVIF, "an item lies where no decoder finds it")
    return moved


def _join(file: File, spans: list[_Span]) -> tuple[Spliced, int]:
    """Returns the data of one item or sample as a file, and their length."""
    if any(stop > len(file.source) for _, stop in spans):
        raise truncated(Codec.AVIF)
    view = memoryview(file.source)
    parts = [view[start:stop] for start, stop in spans]
    return Spliced(*parts), sum(map(len, parts))


def _grid(data: bytes) -> _Span:
    """Reads the width and height of a grid's canvas: ISO/IEC 23008-12, 6.6.2.3."""
    size = 4 if data[1:2] and data[1] & 1 else 2
    fields = Fields(data, (4, len(data)))
    return fields(size), fields(size)


def _measure_tracks(file: File, movie: _Span) -> Work:
    """Measures the frames of all tracks together, since alpha is a track of its own."""
    sizes: set[_Span] = set()
    pixels = reference_bytes = 0
    spans = [movie]
    for level in (b"trak", b"mdia", b"minf", b"stbl"):
        spans = [body for span in spans for name, body in children(file, span) if name == level]
    for span in spans:
        samples = _read_track(file, span)
        frames = [frame for sample in samples for frame in sample]
        _check_hidden(len(frames), len(samples))
        sizes |= {(frame.width, frame.height) for frame in frames}
        pixels += sum(frame.pixels for frame in samples[0]) if samples else 0
        if len(frames) > 1:
            largest = max(frame.pixels * frame.bytes_per_pixel for frame in frames)
            reference_bytes += _REFERENCE_FRAMES * largest
    return Work(list(sizes), pixels, reference_bytes)


def _read_track(file: File, span: _Span) -> list[list[Frame]]:
    """Returns the frames of each sample of a track; empty if it is not coded in AV1."""
    names = (b"stsd", b"stco", b"co64", b"stsc", b"stsz")
    boxes = find_unique(file, span, *names)
    description = boxes.get(b"stsd", (0, 0))
    kinds = {name for name, _ in children(file, (description[0] + 8, description[1]))}
    if b"av01" not in kinds:
        return []
    if (b"stco" in boxes) == (b"co64" in boxes) or not boxes.keys() >= {b"stsc", b"stsz"}:
        raise corrupt(Codec.AVIF, "a track does not tell where its samples lie")
    stream = Stream(file.budget)
    spans = islice(_samples(file, boxes), _MAX_SAMPLES)
    return [stream.frames(*_join(file, [span])) for span in spans]


def _samples(file: File, boxes: dict[bytes, _Span]) -> Iterator[_Span]:
    """Yields the span of each sample; samples are contiguous in a chunk."""
    sizes = _sizes(file, boxes[b"stsz"])
    for chunk, count in _chunks(file, boxes):
        at = chunk
        for size in islice(sizes, count):
            yield at, at + size
            at += size


def _sizes(file: File, span: _Span) -> Iterator[int]:
    """Yields the bytes of each sample, without end if all are equal: 8.7.3."""
    fields = Fields(file.source, span)
    _version, same, count = fields(4), fields(4), fields(4)
    while same:
        yield same
    for _ in range(count):
        yield fields(4)
    raise corrupt(Codec.AVIF, "a track has more samples than sizes")


def _chunks(file: File, boxes: dict[bytes, _Span]) -> Iterator[tuple[int, int]]:
    """Yields the offset and number of samples of each chunk: 8.7.4 and 8.7.5."""
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

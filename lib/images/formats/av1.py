"""Reads the sizes of the frames in AV1 data: a decoder makes these, whatever an AVIF declares.

Syntax elements and sections are those of the AV1 Bitstream & Decoding Process Specification. dav1d
checks no frame against the size that the AVIF declares, nor against `max_frame_width` of the
sequence header.
"""

from typing import NamedTuple

from lib.images.header import Codec, corrupt
from lib.images.splice import Spliced

_SEQUENCE, _FRAME_HEADERS = 1, {3, 6, 7}  # obu_type, 6.2.2: 6 has its tiles with it, 7 is a copy
# Boxes, extents of items, and OBUs. A still has 40, an animation of 1,000 frames with alpha 5,000,
# and a grid six for each tile; photos have fewer than 1,000 tiles.
_MAX_PARTS = 20_000
# Different sequence headers. Tiles and layers share theirs, except the last ones of rows and
# columns.
_MAX_SEQUENCES = 100
# Bytes read of a sequence header: more than its longest form, with 32 operating points, takes up to
# the fields needed.
_SEQUENCE_BYTES = 512
_SELECT = 2  # SELECT_SCREEN_CONTENT_TOOLS and SELECT_INTEGER_MV: each frame decides
_SWITCH_FRAME = 3
_LONG_LEVEL = 7  # above this seq_level_idx a tier follows
# Bytes of a pixel in a decoder by profile: 4:2:0 of 10 bits; profiles 1 and 2 have 4:4:4.
_BYTES_PER_PIXEL = {0: 3}
_MAX_BYTES_PER_PIXEL = 6


class Frame(NamedTuple):
    """A decoded frame: its size, and the bytes of a pixel."""

    width: int
    height: int
    bytes_per_pixel: int

    @property
    def pixels(self) -> int:
        """Pixels of the frame."""
        return self.width * self.height


class _Sequence(NamedTuple):
    """The fields of a sequence header that frame sizes depend on; absent ones have 0 bits."""

    usual: Frame
    largest: Frame
    reduced: bool
    time_bits: int
    screen_content: int
    integer_mv: int
    id_bits: int


class _Bits:
    """Reads bits as f(n) of section 4.10.2."""

    def __init__(self, data: bytes) -> None:
        self._number = int.from_bytes(data, "big")
        self._left = len(data) * 8

    def __call__(self, count: int = 1) -> int:
        self._left -= count
        if self._left < 0:
            raise corrupt(Codec.AVIF, "an AV1 header breaks off")
        return self._number >> self._left & (1 << count) - 1

    def skip_uvlc(self) -> None:
        """Skips a uvlc(), 4.10.3; rejects more than 31 zeros, which decoders read differently."""
        zeros = 0
        while not self():
            zeros += 1
        if zeros >= 32:  # noqa: PLR2004  the section's own number
            raise corrupt(Codec.AVIF, "its AV1 timing is out of range")
        self(zeros)


class Budget:
    """Bounds the parts of a file that are read, and reads each sequence header once."""

    def __init__(self) -> None:
        self._left = _MAX_PARTS
        self._sequences: dict[bytes, _Sequence] = {}

    def spend(self, parts: int = 1) -> None:
        """Counts boxes, extents or OBUs; raises PermanentError for too many."""
        self._left -= parts
        if self._left < 0:
            raise corrupt(Codec.AVIF, f"it has more than {_MAX_PARTS:,} parts")

    def sequence(self, data: bytes) -> _Sequence:
        """Returns the sequence header in these bytes."""
        if data not in self._sequences:
            if len(self._sequences) == _MAX_SEQUENCES:
                raise corrupt(Codec.AVIF, f"it has more than {_MAX_SEQUENCES} AV1 sequences")
            self._sequences[data] = _sequence(_Bits(data))
        return self._sequences[data]


class Stream:
    """The AV1 data of one item or track: a sequence header applies until the next."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._sequence: _Sequence | None = None

    def frames(self, data: Spliced, length: int, *, unsized: bool = True) -> list[Frame]:
        """Returns the frames in a sample of `length` bytes.

        `unsized` allows a last OBU without a length.
        """
        frames: list[Frame] = []
        at = 0
        while at < length:
            self._budget.spend()
            kind, start, at = _unit(data, at, length, unsized=unsized)
            data.seek(start)
            if kind == _SEQUENCE:
                self._sequence = self._budget.sequence(data.read(min(at - start, _SEQUENCE_BYTES)))
            elif kind in _FRAME_HEADERS:
                if self._sequence is None:
                    raise corrupt(Codec.AVIF, "an AV1 frame has no sequence header")
                frame = _frame(_Bits(data.read(min(at - start, 16))), self._sequence)
                frames += [frame] if frame else []
        return frames


def _unit(data: Spliced, at: int, length: int, *, unsized: bool) -> tuple[int, int, int]:
    """Returns the type, start and end of the OBU at an offset: sections 5.3.1 to 5.3.3."""
    data.seek(at)
    head = data.read(min(10, length - at))
    start = 2 if head[0] & 4 else 1
    if not head[0] & 2:
        if not unsized:
            raise corrupt(Codec.AVIF, "an AV1 unit in layers tells no size")
        return head[0] >> 3 & 15, at + start, max(length, at + start)
    size = 0
    for index, byte in enumerate(head[start : start + 8]):
        size |= (byte & 127) << 7 * index
        if not byte & 128:
            start += index + 1
            break
    else:
        raise corrupt(Codec.AVIF, "an AV1 unit tells no size")
    if at + start + size > length:
        raise corrupt(Codec.AVIF, "an AV1 unit is longer than its data")
    return head[0] >> 3 & 15, at + start, at + start + size


def _sequence(bits: _Bits) -> _Sequence:
    """Reads sequence_header_obu(), 5.5.1, up to the fields that precede a frame's size."""
    profile, _still, reduced = bits(3), bits(), bool(bits())
    time_bits = 0
    if reduced:
        bits(5)
    else:
        time_bits = _skip_operating_points(bits)
    width_bits, height_bits = bits(4) + 1, bits(4) + 1
    width, height = bits(width_bits) + 1, bits(height_bits) + 1
    pixel = _BYTES_PER_PIXEL.get(profile, _MAX_BYTES_PER_PIXEL)
    usual, largest = Frame(width, height, pixel), Frame(1 << width_bits, 1 << height_bits, pixel)
    if reduced:
        return _Sequence(usual, largest, reduced, 0, 0, 0, 0)
    id_bits = bits(4) + bits(3) + 3 if bits() else 0
    bits(7)  # use_128x128_superblock to enable_dual_filter
    if bits():  # enable_order_hint
        bits(2)
    screen_content = _SELECT if bits() else bits()
    integer_mv = _SELECT
    if screen_content and not bits():
        integer_mv = bits()
    return _Sequence(usual, largest, reduced, time_bits, screen_content, integer_mv, id_bits)


def _skip_operating_points(bits: _Bits) -> int:
    """Skips the fields before the size; returns the bits of each frame's presentation time."""
    delay_bits = time_bits = equal = 0
    if bits():  # timing_info_present_flag
        bits(64)
        equal = bits()
        if equal:
            bits.skip_uvlc()
        if bits():  # decoder_model_info_present_flag
            delay_bits = bits(5) + 1
            bits(32 + 5)
            time_bits = bits(5) + 1
    delayed = bits()  # initial_display_delay_present_flag
    for _ in range(bits(5) + 1):
        bits(12)
        if bits(5) > _LONG_LEVEL:
            bits()
        if delay_bits and bits():
            bits(2 * delay_bits + 1)
        if delayed and bits():
            bits(4)
    return 0 if equal else time_bits


def _frame(bits: _Bits, sequence: _Sequence) -> Frame | None:
    """Reads uncompressed_header(), 5.9.2, up to frame_size_override_flag; None if shown again.

    For a frame with a size of its own, the largest that its bits can hold counts: the fields before
    it depend on other frames. Encoders of stills write none.
    """
    if sequence.reduced:
        return sequence.usual
    if bits():  # show_existing_frame
        return None
    kind, shown = bits(2), bits()
    if shown:
        bits(sequence.time_bits)
    else:
        bits()  # showable_frame
    if kind != _SWITCH_FRAME and (kind or not shown):
        bits()  # error_resilient_mode
    bits()  # disable_cdf_update
    screen_content = bits() if sequence.screen_content == _SELECT else sequence.screen_content
    if screen_content and sequence.integer_mv == _SELECT:
        bits()
    bits(sequence.id_bits)
    return sequence.largest if kind == _SWITCH_FRAME or bits() else sequence.usual

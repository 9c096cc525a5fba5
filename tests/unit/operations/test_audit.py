"""The audit's arithmetic: merged listings, states, order under threads, constant memory."""

import threading
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import pytest

from cli.spool import Spool
from lib.aws.s3 import ListedObject
from lib.concurrency import map_concurrently, merge_sorted
from lib.keys import Originals
from lib.operations.audit import Auditor, Row, State, classify_by_listing
from lib.operations.backfill import Scope, find_paths
from lib.pipeline.put_options import PutOptions
from lib.sizes import Size
from tests.payloads import ORIGINALS

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
BEFORE, AFTER = NOON - timedelta(seconds=1), NOON + timedelta(seconds=1)
SIZE = Size(name="40x30", width=40, height=30)


def listed(modified: datetime, length: int = 5) -> ListedObject:
    return ListedObject("key", "etag", length, modified)


ORIGINAL, EMPTY = listed(NOON), listed(NOON, length=0)


@pytest.fixture
def untraced() -> Iterator[None]:
    """Tracing ends with the test, however that ends."""
    yield
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("original", "variants", "failure", "state"),
    [
        (ORIGINAL, [listed(AFTER)], None, "current"),
        (ORIGINAL, [listed(NOON)], None, "current"),
        (ORIGINAL, [listed(BEFORE)], None, "stale"),
        (ORIGINAL, [None], None, "missing"),
        (None, [listed(AFTER)], None, "orphaned"),
        (None, [None], listed(AFTER), None),
        (ORIGINAL, [listed(AFTER), None], None, "missing"),
        (ORIGINAL, [listed(AFTER), listed(BEFORE)], None, "stale"),
        (None, [None, listed(AFTER)], None, "orphaned"),
        (ORIGINAL, [None], listed(NOON), "failed"),
        (ORIGINAL, [None], listed(BEFORE), "missing"),
        (ORIGINAL, [listed(BEFORE)], listed(AFTER), "failed"),
        (ORIGINAL, [listed(AFTER)], listed(AFTER), "current"),
        (EMPTY, [None], None, None),
        (EMPTY, [None], listed(AFTER), "failed"),
        (EMPTY, [listed(AFTER)], None, "stale"),
    ],
)
def test_a_state_follows_from_what_the_listings_tell(
    original: ListedObject | None,
    variants: list[ListedObject | None],
    failure: ListedObject | None,
    state: State | None,
) -> None:
    assert classify_by_listing(Row("a.jpg", original, variants, failure)) == state


def test_sorted_streams_are_merged_by_name() -> None:
    rows = merge_sorted(
        [iter([("a", 1), ("c", 1)]), iter([("b", 2), ("c", 2), ("d", 2)]), iter(list[Any]())]
    )
    assert list(rows) == [
        ("a", [1, None, None]),
        ("b", [None, 2, None]),
        ("c", [1, 2, None]),
        ("d", [None, 2, None]),
    ]
    assert list(merge_sorted([iter(list[Any]())])) == []


def test_names_are_in_the_order_of_their_utf8_bytes_as_s3_lists_them() -> None:
    names = ["a b", "a%2Fb", "a/b", "a\nb", "a￿", "a😀", "aé", "z"]
    assert sorted(names) == sorted(names, key=str.encode)


def test_work_is_given_back_in_order_however_long_each_takes() -> None:
    both = threading.Barrier(2)

    def work(number: int) -> int:
        if number < 2:
            both.wait(60)  # the first waits for the second
        return number * number

    assert list(map_concurrently(range(50), work, max_workers=2)) == [n * n for n in range(50)]


def test_no_more_is_begun_than_is_soon_needed() -> None:
    begun: list[int] = []

    def numbers() -> Iterator[int]:
        for number in range(1_000_000):
            begun.append(number)
            yield number

    results = map_concurrently(numbers(), lambda number: number, max_workers=4)
    assert list(islice(results, 3)) == [0, 1, 2]
    assert len(begun) < 20


def test_an_error_of_the_work_ends_it() -> None:
    def work(number: int) -> int:
        raise ValueError(number)

    with pytest.raises(ValueError, match="0"):
        list(map_concurrently(range(1000), work, max_workers=4))


class GeneratedS3:
    """Lists `count` originals, a variant of all but each tenth, an orphan for each hundredth."""

    def __init__(self, count: int) -> None:
        self.count = count

    def get_paginator(self, _: str) -> "GeneratedS3":
        return self

    def paginate(self, **given: str) -> Iterator[dict[str, Any]]:
        numbers = self._numbers(given["Bucket"])
        while page := list(islice(numbers, 1000)):
            yield {"Contents": [self._entry(given["Prefix"], number) for number in page]}

    def _numbers(self, bucket: str) -> Iterator[int]:
        if bucket == ORIGINALS.bucket:
            return (number for number in range(self.count) if number % 100 != 99)
        if bucket == "images":
            return (number for number in range(self.count) if number % 10 != 0)
        return iter(())

    def _entry(self, prefix: str, number: int) -> dict[str, Any]:
        key = f"{prefix}2026/{number:09}.jpg"
        return {"Key": key, "ETag": f'"{number:032}"', "Size": 7, "LastModified": NOON}


@pytest.mark.usefixtures("untraced")
def test_forty_thousand_keys_take_the_memory_of_a_few_pages() -> None:
    """Traced at the beginning, where something might be collected, and at the end: tracing all
    of it would take five times as long."""
    s3: Any = GeneratedS3(40_000)
    findings = Auditor(s3, SIZE, PutOptions(""), ORIGINALS, "images", "failures").compare()
    counts = Counter[State]()
    for traced, few in ((True, 4_000), (False, 32_000), (True, None)):
        if traced:
            tracemalloc.start()
        counts.update(finding.state for finding in islice(findings, few))
        if traced:
            assert tracemalloc.get_traced_memory()[1] < 3_000_000
            tracemalloc.stop()
    assert counts == {"current": 35_600, "missing": 4_000, "orphaned": 400}


class ForeignS3(GeneratedS3):
    """A whole bucket with other things in it: of each ten keys, five can be no photo."""

    def _entry(self, prefix: str, number: int) -> dict[str, Any]:
        entry = super()._entry(prefix, number)
        odd: dict[int, dict[str, Any]] = {
            1: {"Key": f"{prefix}2026/{number:09}/", "Size": 0},
            2: {"Key": f"{prefix}2026/{number:09}/", "Size": 9},
            3: {"Key": f"{prefix}2026/{number:09}.jpg", "Size": 0},
            4: {"Key": f"{prefix}2026/{number:09}//a.jpg"},
            # As long as S3 takes: no variant can have a longer key.
            5: {"Key": f"{prefix}2026/{number:09}".ljust(1024, "x")},
            6: {"Key": f"{prefix}2026/{number:09}{'é' * 480}.jpg"},
        }
        return entry | odd.get(number % 10, {})

    def _numbers(self, bucket: str) -> Iterator[int]:
        return iter(range(self.count)) if bucket == ORIGINALS.bucket else iter(())


@pytest.mark.usefixtures("untraced")
def test_a_backfill_of_a_foreign_bucket_takes_the_memory_of_a_few_pages() -> None:
    """Of a whole bucket with folder markers, empty files and keys of a kilobyte."""
    s3: Any = ForeignS3(20_000)
    whole = Originals(ORIGINALS.bucket, "")
    auditor = Auditor(s3, SIZE, PutOptions(""), whole, "images", "failures")
    found, peaks = 0, []
    with Spool() as spool:
        paths = find_paths(auditor, Scope(), after="", limit=None)
        for traced, few in ((True, 2_000), (False, 4_000), (True, None)):
            if traced:
                tracemalloc.start()
            for path in islice(paths, few):
                spool.add(path)
                found += 1
            if traced:
                peaks.append(tracemalloc.get_traced_memory()[1])
                tracemalloc.stop()
        assert found == len(spool) == 10_000
        assert not any(path.endswith("/") or "//" in path for path in islice(spool, 1000))
    assert max(peaks) < 5_000_000


def test_a_backfill_of_a_foreign_bucket_continues_where_it_stopped() -> None:
    s3: Any = StartedS3(5_000)
    whole = Originals(ORIGINALS.bucket, "")
    auditor = Auditor(s3, SIZE, PutOptions(""), whole, "images", "failures")
    paths = list(find_paths(auditor, Scope(), after="", limit=None))
    assert len(paths) == 2_500
    for at in (0, 1234, 2498):
        rest = find_paths(auditor, Scope(), after=paths[at], limit=None)
        assert list(rest) == paths[at + 1 :]


class StartedS3(ForeignS3):
    """Begins its listings where they are to start."""

    def paginate(self, **given: str) -> Iterator[dict[str, Any]]:
        after = given.get("StartAfter", "")
        for page in super().paginate(**given):
            yield {"Contents": [each for each in page["Contents"] if each["Key"] > after]}

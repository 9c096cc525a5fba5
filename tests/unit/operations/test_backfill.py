"""The backfill's arithmetic: its pace, its estimate, its checkpoint."""

from pathlib import Path

import pytest

from cli.spool import Spool
from lib.errors import ConfigError
from lib.operations.backfill import Checkpoint, Position, Scope, throttle
from lib.operations.estimates import estimate


class Clock:
    """Time that passes only by sleeping, or by hand."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def test_a_pace_is_kept_from_ten_to_ten_and_nothing_is_waited_for_at_the_end() -> None:
    clock = Clock()
    paths = [str(number) for number in range(30)]
    assert list(throttle(paths, 5, sleep=clock.sleep, clock=lambda: clock.now)) == paths
    assert clock.slept == [0, 2, 2]


def test_what_came_slower_is_not_made_up_for() -> None:
    clock = Clock()
    times = []
    for path in throttle(map(str, range(40)), 5, sleep=clock.sleep, clock=lambda: clock.now):
        if path == "5":
            clock.now += 60
        times.append(clock.now)
    assert times[10] - times[9] == 0
    assert [times[n + 10] - times[n] for n in (10, 20)] == [2, 2]


def test_an_estimate_follows_from_the_median_the_memory_and_the_formats() -> None:
    measured = estimate(1_000_000, median_ms=500, memory=2048, formats=1)
    assert measured[:4] == (1_000_000, 0.5, True, 500_000)
    # 1,000,000 GB-seconds; 1.4 cents a thousand batches; 6.2 dollars of S3.
    assert measured.dollars == pytest.approx(13.3334 + 0.14 + 6.2, rel=1e-4)
    two = estimate(1_000_000, median_ms=500, memory=2048, formats=2)
    assert two.dollars - measured.dollars == pytest.approx(5.8)


def test_without_a_median_an_estimate_says_that_it_guesses() -> None:
    guessed = estimate(10, median_ms=None, memory=1769, formats=1)
    assert guessed[:4] == (10, 0.2, False, 2)
    assert estimate(0, median_ms=None, memory=1769, formats=1).dollars == 0


@pytest.fixture
def checkpoint(tmp_path: Path) -> Checkpoint:
    return Checkpoint(tmp_path / "new" / "backfill-dev-123456789012-eu-west-1-40x30.json")


def test_a_checkpoint_is_what_was_written_last(checkpoint: Checkpoint) -> None:
    assert checkpoint.read() is None
    assert checkpoint.resume_after(Scope()) == ""
    for after in ("a", "b\n😀.jpg"):
        checkpoint.write(Position(scope=Scope(), after=after))
    assert checkpoint.resume_after(Scope()) == "b\n😀.jpg"
    assert [file.name for file in checkpoint.file.parent.iterdir()] == [checkpoint.file.name]
    checkpoint.remove()
    checkpoint.remove()
    assert checkpoint.read() is None


@pytest.mark.parametrize("other", [Scope(prefix="2026/"), Scope(stale=True)])
def test_a_run_about_other_paths_is_not_resumed(checkpoint: Checkpoint, other: Scope) -> None:
    checkpoint.write(Position(scope=Scope(), after="z"))
    with pytest.raises(ConfigError, match="run with --prefix '' and without --stale"):
        checkpoint.resume_after(other)


def test_a_file_that_is_no_checkpoint_is_named(checkpoint: Checkpoint) -> None:
    checkpoint.file.parent.mkdir()
    checkpoint.file.write_text("{")
    with pytest.raises(
        ConfigError, match=r"backfill-dev-123456789012-eu-west-1-40x30\.json is no checkpoint"
    ):
        checkpoint.read()


def test_a_spool_gives_back_what_was_added_as_often_as_asked() -> None:
    paths = ["a b.jpg", "line\nbreak\r\n.jpg", "é 😀\u2028.jpg"]
    with Spool() as spool:
        for path in paths:
            spool.add(path)
        assert len(spool) == 3
        assert list(spool) == list(spool) == paths

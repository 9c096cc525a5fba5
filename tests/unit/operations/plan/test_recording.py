"""The simulation against a run of the local stack, which `make chaos ARGS="--record …"` wrote."""

from pathlib import Path

import pytest

from local.chaos.recording import Recording, _fit, _parse, read_recording

RUN = Path(__file__).with_name("local_load.json")


@pytest.fixture(scope="module")
def recording() -> Recording:
    return read_recording(RUN)


def test_the_simulated_run_ends_when_the_measured_one_did(recording: Recording) -> None:
    """400 photos at four sizes, with replaced and deleted ones: to a tenth."""
    assert recording.uploads >= 400
    drained = max(run.drained_at for run in recording.simulate())
    assert drained == pytest.approx(recording.seconds, rel=0.10)


def test_as_many_messages_wait_as_were_seen(recording: Recording) -> None:
    """The workers were slower while photos were uploaded on the same two cores: to a quarter."""
    waiting = sum(run.most_waiting for run in recording.simulate())
    assert waiting == pytest.approx(recording.most_waiting, rel=0.25)


def test_as_many_workers_are_busy_as_the_stage_allows(recording: Recording) -> None:
    for run in recording.simulate():
        assert run.peak_concurrency == recording.max_concurrency


def test_half_the_workers_would_have_taken_twice_as_long(recording: Recording) -> None:
    """So the agreement is not the uploads' alone."""
    halved = Recording(**{**vars(recording), "max_concurrency": 1})
    drained = max(run.drained_at for run in halved.simulate())
    assert drained > 1.5 * recording.seconds


def test_what_is_written_is_read_again(recording: Recording, tmp_path: Path) -> None:
    recording.write(tmp_path / "run.json")
    assert read_recording(tmp_path / "run.json") == recording


def line(text: str) -> dict[str, str]:
    return {"message": text, "logStreamName": "one"}


def test_an_invocation_has_the_messages_between_its_start_and_its_report() -> None:
    lines = [
        line("START RequestId: 1 Version: $LATEST"),
        line('{"message": "rendered", "path": "a.jpg"}'),
        line('{"message": "parked", "path": "b.jpg"}'),
        line('{"_aws": {}, "Duration": [3]}'),
        line("END RequestId: 1"),
        line("REPORT RequestId: 1\tDuration: 1250 ms\tBilled Duration: 1250 ms"),
        line("START RequestId: 2 Version: $LATEST"),
        line("REPORT RequestId: 2\tDuration: 7 ms\tBilled Duration: 7 ms"),
    ]
    assert list(_parse(lines)) == [(2, 1.25)]


def test_the_time_of_a_batch_is_fitted() -> None:
    time = _fit([(1, 0.6), (10, 1.5), (5, 1.0)])
    assert time.waiting == pytest.approx(0.5)
    assert time.busy == pytest.approx(0.1)
    # Larger batches that took less time: all of it is waiting.
    assert _fit([(1, 2.0), (10, 1.0)]).busy == 0
    assert _fit([(10, 1.0), (10, 2.0)]).of_batch(10) == pytest.approx(1.5)

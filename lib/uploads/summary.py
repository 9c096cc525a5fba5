"""Counts what became of the files of an upload."""

from collections import Counter
from typing import Any

from lib.uploads.results import Outcome, UploadResult

# Of files that were not uploaded: all of them were printed when they were known.
MAX_NAMED = 20


class UploadSummary:
    """Counts of an upload by outcome and reason; names the first files that were not uploaded."""

    def __init__(self) -> None:
        self.counts = Counter[Outcome]()
        self.reasons = {outcome: Counter[str]() for outcome in Outcome}
        self.bytes_sent = 0
        self.named: list[UploadResult] = []

    def add(self, result: UploadResult) -> None:
        """Counts one file."""
        self.counts[result.outcome] += 1
        if result.reason:
            self.reasons[result.outcome][result.reason] += 1
        if result.outcome is Outcome.UPLOADED:
            self.bytes_sent += result.length
        if result.error and len(self.named) < MAX_NAMED:
            self.named.append(result)

    @property
    def total(self) -> int:
        """Number of files that were counted."""
        return self.counts.total()

    @property
    def not_uploaded(self) -> int:
        """Number of files that should have been uploaded, but were not."""
        return self.counts[Outcome.REFUSED] + self.counts[Outcome.FAILED]

    def as_document(self) -> dict[str, Any]:
        """Builds the JSON document of the counts."""
        counts = {str(outcome): self.counts[outcome] for outcome in Outcome}
        reasons = {str(outcome): dict(by) for outcome, by in self.reasons.items() if by}
        return {**counts, "bytes": self.bytes_sent, "reasons": reasons}

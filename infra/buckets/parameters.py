"""Stage parameters of the storage of originals in the bucket that the stack creates."""

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from infra.stage import StageParameters

# A century: beyond it, a number of days is a typing error.
_MAX_DAYS = 36_500
_STANDARD = "STANDARD"


class StorageParameters(StageParameters):
    """Parameters that make originals cheaper to store."""

    # Storage class that originals move to; both are read at once, like STANDARD.
    originals_storage: Literal["STANDARD", "INTELLIGENT_TIERING", "GLACIER_IR"]
    # Days from an upload until its original moves there.
    originals_storage_days: int = Field(ge=0, le=_MAX_DAYS)
    # Days that overwritten and deleted originals are kept as old versions; 0 for ever.
    old_versions_days: int = Field(ge=0, le=_MAX_DAYS)

    @property
    def moves_originals(self) -> bool:
        """Whether originals move to another storage class."""
        return self.originals_storage != _STANDARD

    def find_conflicts(self) -> Iterator[str]:
        """Yields what is wrong with these parameters together."""
        yield from super().find_conflicts()
        given = {
            "originals_storage": self.moves_originals,
            "old_versions_days": self.old_versions_days,
        }
        for name, is_set in given.items():
            if is_set and self.originals_bucket:
                yield (
                    f"{name}: got {getattr(self, name)!r} with originals_bucket: "
                    f"{self.originals_bucket}, of which the stack configures nothing: set the "
                    "lifecycle of that bucket yourself, and leave this parameter out"
                )

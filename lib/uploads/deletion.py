"""Deletes originals; the pipeline then deletes their variants and CDN copies."""

from dataclasses import dataclass

from lib.aws import s3 as objects
from lib.aws.clients import S3Client
from lib.fetching.jobs import FetchJobs
from lib.keys import Originals


@dataclass(frozen=True)
class Deletion:
    """Deletes photos of one stack."""

    s3: S3Client
    originals: Originals
    failures_bucket: str

    def delete(self, path: str) -> None:
        """Deletes the original at a path, if there is one; safe to repeat.

        Cancels the path's fetch job first: it would bring the original back. Raises
        PermanentError for a path that no original can have.
        """
        self.originals.check(path)
        FetchJobs(self.s3, self.failures_bucket).cancel(path)
        objects.delete_object(self.s3, self.originals.bucket, self.originals.key(path))

"""The fan-out: turns S3 events into current variants."""

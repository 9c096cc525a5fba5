"""The fan-out: renders current variants for S3 events."""

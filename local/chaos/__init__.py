"""Tests the local stack while S3 fails and workers are killed, and under full load."""

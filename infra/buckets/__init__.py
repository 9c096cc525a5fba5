"""The stage's buckets and their policies."""

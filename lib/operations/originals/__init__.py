"""A bucket that exists, as the bucket of a stage's originals: its checks, notification and CORS."""

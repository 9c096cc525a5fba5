"""The edges to AWS: a client goes in first, botocore's errors come out as this project's."""

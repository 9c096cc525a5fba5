"""The contenders, each behind the same three lines: what it is, take a file, render a box."""

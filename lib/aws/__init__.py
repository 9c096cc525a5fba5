"""Calls of AWS: each function takes a client first and raises this project's errors."""

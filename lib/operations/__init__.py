"""Operators' commands: audit, backfill, dead letters, doctor, verify, deploy policy."""

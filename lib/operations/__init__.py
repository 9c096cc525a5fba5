"""What operators run: audit, backfill, dead letters, doctor, verify, deploy policy."""

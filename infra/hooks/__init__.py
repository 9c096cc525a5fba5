"""Hooks that `sls` runs: packaging, checks before a deploy, and notes after it."""

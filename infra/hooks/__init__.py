"""What `sls` runs on this machine: packaging, checks before a deploy, notes after it."""

"""Runs the whole stack on this machine: `sls deploy` deploys it to an emulator of AWS."""

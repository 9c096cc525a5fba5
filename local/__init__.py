"""The whole stack on this machine: an emulator of AWS, deployed to by the same `sls deploy`."""

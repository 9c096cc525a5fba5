"""The resampling kernel: its C source, and the program that builds it."""

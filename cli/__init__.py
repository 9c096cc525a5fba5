"""The operator's command line; each command calls a use case of lib and prints the result."""

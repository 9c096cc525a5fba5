"""The operator's command line: doors that print what use cases in lib find and do."""

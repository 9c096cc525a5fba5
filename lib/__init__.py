"""The logic of Image Fan-out; Lambda handlers and the command line are its entry points."""

"""Doors for Lambda: read the settings, make one call, return."""

"""Checks a deployed stage for known causes of failures."""

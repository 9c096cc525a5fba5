"""Checks a deployed stage for known causes of failures."""

from lib.operations.doctor.diagnosis import diagnose
from lib.operations.doctor.findings import Finding, Level

__all__ = ["Finding", "Level", "diagnose"]

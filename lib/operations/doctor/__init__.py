"""Checks a deployed stage for known causes of failures."""

from lib.operations.doctor.diagnosis import Clients, diagnose
from lib.operations.doctor.findings import Finding, Level

__all__ = ["Clients", "Finding", "Level", "diagnose"]

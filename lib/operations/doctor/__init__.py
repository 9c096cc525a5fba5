"""What is known to break deployments, looked for in one of them."""

from lib.operations.doctor.diagnosis import Clients, diagnose
from lib.operations.doctor.findings import Finding, Level

__all__ = ["Clients", "Finding", "Level", "diagnose"]

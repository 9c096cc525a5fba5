"""What is known to break deployments, looked for in one of them."""

from lib.doctor.examination import Clients, examine
from lib.doctor.findings import Finding, Level

__all__ = ["Clients", "Finding", "Level", "examine"]

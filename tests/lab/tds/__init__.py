"""A TDS server (MS-TDS) in front of the simulated SQL Server."""

from __future__ import annotations

from .server import Faults, TdsServer

__all__ = ["Faults", "TdsServer"]

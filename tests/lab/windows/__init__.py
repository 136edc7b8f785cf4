"""Simulated Windows hosts: what a remote shell meets on one."""

from __future__ import annotations

from lab.windows.errors import Win32Error
from lab.windows.host import Account, Event, WindowsHost
from lab.windows.program import Call, Program
from lab.windows.services import Faults, Service, StartType, State

__all__ = [
    "Account",
    "Call",
    "Event",
    "Faults",
    "Program",
    "Service",
    "StartType",
    "State",
    "Win32Error",
    "WindowsHost",
]

"""A WinRM server (WS-Management as in MS-WSMV) in front of one simulated Windows host."""

from __future__ import annotations

from lab.winrm.faults import Answer, Faults
from lab.winrm.server import WinRMServer
from lab.winrm.shells import Account, Host
from lab.winrm.soap import Fault

__all__ = ["Account", "Answer", "Fault", "Faults", "Host", "WinRMServer"]

"""The programs that every simulated host has."""

from __future__ import annotations

from lab.windows.cmd import run_cmd
from lab.windows.program import Program
from lab.windows.programs import powershell
from lab.windows.programs.curl import curl
from lab.windows.programs.findstr import findstr
from lab.windows.programs.ping import ping
from lab.windows.programs.sc import sc
from lab.windows.programs.small import chcp, hostname, where
from lab.windows.programs.tasks import taskkill, tasklist
from lab.windows.programs.whoami import whoami

SYSTEM32 = r"C:\Windows\System32"

STANDARD: dict[str, Program] = {
    powershell.PATH: powershell.powershell,
    rf"{SYSTEM32}\chcp.com": chcp,
    rf"{SYSTEM32}\cmd.exe": run_cmd,
    rf"{SYSTEM32}\curl.exe": curl,
    rf"{SYSTEM32}\findstr.exe": findstr,
    rf"{SYSTEM32}\HOSTNAME.EXE": hostname,
    rf"{SYSTEM32}\ping.exe": ping,
    rf"{SYSTEM32}\sc.exe": sc,
    rf"{SYSTEM32}\taskkill.exe": taskkill,
    rf"{SYSTEM32}\tasklist.exe": tasklist,
    rf"{SYSTEM32}\where.exe": where,
    rf"{SYSTEM32}\whoami.exe": whoami,
}
